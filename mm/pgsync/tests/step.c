/* Between two reads, on the host: see step.h. */
#define _GNU_SOURCE
#include "mm/pgsync/tests/step.h"

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#define PAGE_BYTES 4096UL

#ifdef __x86_64__

#define TRAP_FLAG 0x100 /* SDM vol. 3A, 2.3: a debug exception after one instruction */

static struct {
	struct mm_root *root; /* NULL: nobody waits */
	unsigned int slot, left;
	bool at_slot; /* the access that is stepped over is one of those that count */
	void (*fn)(struct mm_root *root);
} step;

static void protect(const struct mm_root *root, int right)
{
	if (mprotect(root->pgd, PAGE_BYTES, right))
		abort();
}

static void on_access(int signal, siginfo_t *info, void *context)
{
	ucontext_t *u = context;
	uintptr_t offset = (uintptr_t)info->si_addr - (step.root ? (uintptr_t)step.root->pgd : 0);

	(void)signal;
	if (!step.root || offset >= PAGE_BYTES)
		abort();
	step.at_slot = offset / sizeof(pte_t) == step.slot;
	protect(step.root, PROT_READ | PROT_WRITE);
	u->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
}

static void on_step(int signal, siginfo_t *info, void *context)
{
	ucontext_t *u = context;
	struct mm_root *root = step.root;

	(void)signal;
	(void)info;
	u->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
	if (!step.at_slot || --step.left) {
		protect(root, PROT_NONE);
		return;
	}
	step.root = NULL;
	step.fn(root);
}

bool steps_supported(void)
{
	return true;
}

void after_access(struct mm_root *root, unsigned int slot, unsigned int nth,
		  void (*fn)(struct mm_root *root))
{
	/* Nested: fn() uses pages of roots that are in use, and may wait for the next one. */
	struct sigaction access = {.sa_sigaction = on_access, .sa_flags = SA_SIGINFO | SA_NODEFER},
			 trap = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO | SA_NODEFER};

	if (step.root || sigaction(SIGSEGV, &access, NULL) || sigaction(SIGTRAP, &trap, NULL))
		abort();
	step.slot = slot;
	step.left = nth;
	step.fn = fn;
	step.root = root;
	protect(root, PROT_NONE);
}

bool after_access_cancel(void)
{
	bool waited = step.root;

	if (waited)
		protect(step.root, PROT_READ | PROT_WRITE);
	step.root = NULL;
	return waited;
}

#else

bool steps_supported(void)
{
	return false;
}

void after_access(struct mm_root *root, unsigned int slot, unsigned int nth,
		  void (*fn)(struct mm_root *root))
{
	abort();
}

bool after_access_cancel(void)
{
	abort();
}

#endif
