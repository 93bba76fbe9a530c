/*
 * Guards of what the processor needs itself: everything that a trap touches before it can take a
 * page fault lies in slots from birth (I30), kernel stacks too, whatever root is borrowed (I33); the
 * fault handler asks for a missing slot only where there can be one (I31); and a CPU joins on the
 * reference root (I38).
 */
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/smp.h"
#include "arch/uaccess.h"
#include "arch/x86/cpu_regs.h"
#include "arch/x86/desc.h"
#include "arch/x86/smp.h"
#include "kernel/base/atomic.h"
#include "kernel/base/ktest.h"
#include "kernel/kstack.h"
#include "kernel/racepoint.h"
#include "kernel/task.h"
#include "kernel/workers.h"
#include "mm/pgsync/tests/support.h"

size_t raw_copy(void *dst, const void *src, size_t n);

static bool from_birth(u64 va)
{
	unsigned int slot = root_slot(va);

	return slot >= ROOT_KERNEL && kroot_from_birth(slot);
}

/* --- I30, I33 --- */

struct table_register {
	u16 limit;
	u64 base;
} __packed;

/* SDM vol. 3A, figure 6-8. */
struct gate {
	u16 offset_low, selector, ist_and_type, offset_mid;
	u32 offset_high, reserved;
};

static u32 strangers; /* A: places that some root may lack */

static void expect_from_birth(u64 va)
{
	if (!from_birth(va))
		atomic_inc(&strangers);
}

/* By the processor's own registers, and not by what the kernel believes of them. */
static void look_at_registers(void *unused)
{
	const struct tss *tss = this_cpu_ptr(&cpu_tss);
	struct table_register gdt, idt;

	(void)unused;
	__asm__ volatile("sgdt %0" : "=m"(gdt));
	__asm__ volatile("sidt %0" : "=m"(idt));
	expect_from_birth(gdt.base);
	expect_from_birth(gdt.base + gdt.limit);
	expect_from_birth(idt.base);
	expect_from_birth(idt.base + idt.limit);
	for (const struct gate *g = (void *)idt.base; (u64)g < idt.base + idt.limit; g++)
		expect_from_birth(g->offset_low | (u64)g->offset_mid << 16 |
				  (u64)g->offset_high << 32);
	expect_from_birth(rdmsr(MSR_LSTAR));
	expect_from_birth((u64)tss);
	for (unsigned int i = 0; i < IST_STACKS; i++) {
		expect_from_birth(tss->ist[i] - 1);
		expect_from_birth(tss->ist[i] - IST_STACK_SIZE / 2);
	}
	expect_from_birth(tss->rsp[0] - 1);
}

KTEST(guard, i30_what_a_trap_needs_is_in_slots_from_birth)
{
	WRITE_ONCE(strangers, 0);
	run_on_each_cpu(look_at_registers, NULL);
	KTEST_EXPECT_EQ(strangers, 0);
}

KTEST(guard, i30_no_stack_is_placed_where_slots_grow)
{
	KTEST_EXPECT(kstack_place_ok(KSTACK_START));
	KTEST_EXPECT(never_grows() || !kroot_from_birth(TEST_SLOT));
	for (unsigned int slot = TEST_SLOT; slot < TEST_SLOT + TEST_SLOTS; slot++)
		KTEST_EXPECT_EQ(kstack_place_ok(root_slot_va(slot)), kroot_from_birth(slot));
}

/* A slot that every root has by now is still one that the next kernel's roots would lack. */
KTEST(guard, i33_a_slot_that_has_grown_is_no_place_for_stacks)
{
	KTEST_EXPECT_EQ(grow_slot(TEST_SLOT), 0);
	KTEST_EXPECT(kroot_ready(TEST_SLOT));
	KTEST_EXPECT_EQ(kstack_place_ok(root_slot_va(TEST_SLOT)), never_grows());
	test_slots_reset();
}

static void count_hit(void *hits)
{
	atomic_inc((u32 *)hits);
}

/*
 * A kernel thread is switched to on whatever root the CPU has: here on one that grew behind its
 * back, where a stack in a grown slot would be a double fault.
 */
KTEST(guard, i33_every_stack_is_in_every_root)
{
	struct mm_struct *mm = mm_pinned();
	struct actor owner, borrower;
	struct task_struct *p, *t;
	unsigned int b, cpu, n = 0;
	u32 hits = 0;

	rcu_read_lock();
	for_each_process (b, p) {
		list_for_each_entry_rcu (t, &p->group->threads, thread_node) {
			KTEST_EXPECT(from_birth(t->thread.stack_top - KSTACK_SIZE));
			n++;
		}
	}
	rcu_read_unlock();
	KTEST_EXPECT(n > cpus_online());
	for (cpu = 1; cpu < nr_cpus; cpu++)
		KTEST_EXPECT(!cpu_online(cpu) || from_birth(ap_stack_top(cpu) - KSTACK_SIZE));

	for (unsigned int i = 0; i < TEST_SLOTS; i++)
		KTEST_EXPECT_EQ(grow_slot(TEST_SLOT + i), 0);
	actor_start(&owner, (int)last_cpu());
	actor_run(&owner, adopt_mm, mm);
	actor_start(&borrower, (int)last_cpu());
	actor_run(&borrower, count_hit, &hits);
	KTEST_EXPECT_EQ(cpu_with_root(mm->root), last_cpu());
	KTEST_EXPECT_EQ(hits, 1);
	actor_stop(&borrower);
	actor_stop(&owner);
	test_slots_reset();
}

/* --- I31 --- */

static u64 asked(void)
{
	return race_passed("fault_asked", RACE_ANY_CPU);
}

/*
 * The strategy is asked where the kernel's half has nothing, and neither for user addresses nor for
 * what is there but may not be done. One that answered "it is there now" would be asked for ever.
 */
KTEST(guard, i31_only_a_missing_kernel_entry_is_asked_for)
{
	static const u64 word = 1;
	u64 value, before;

	before = asked();
	KTEST_EXPECT_EQ(probe_kernel_read(&value, (void *)0x1000), -EFAULT);
	KTEST_EXPECT_EQ(probe_kernel_read(&value, (void *)(USER_END - 8)), -EFAULT);
	/* Writes to code and to constants. */
	KTEST_EXPECT_EQ(raw_copy((void *)(unsigned long)asked, &word, 1), 1);
	KTEST_EXPECT_EQ(raw_copy((void *)(unsigned long)&word, &word, 1), 1);
	KTEST_EXPECT_EQ(asked(), before);
	/* A hole in a slot from birth, and an absent slot. */
	KTEST_EXPECT_EQ(probe_kernel_read(&value, (void *)KSTACK_START), -EFAULT);
	KTEST_EXPECT_EQ(asked(), before + 1);
	KTEST_EXPECT_EQ(probe_kernel_read(&value, (void *)root_slot_va(TEST_SLOT)), -EFAULT);
	KTEST_EXPECT_EQ(asked(), before + 2);
}

/* --- I38 --- */

static void compare_root(void *wrong)
{
	const struct mm_root *root = loaded_root(cpu_id());

	if ((read_cr3() & PTE_PHYS_MASK) != virt_to_phys(root->pgd))
		atomic_inc((u32 *)wrong);
}

/*
 * Growth looks at what online CPUs have recorded as loaded. So a CPU is on the reference when it
 * joins, and afterwards what it has recorded is what CR3 names.
 */
KTEST(guard, i38_a_cpu_joins_on_the_reference_root)
{
	unsigned int cpu;
	u32 wrong = 0;

	for (cpu = 1; cpu < nr_cpus; cpu++)
		if (cpu_online(cpu))
			KTEST_EXPECT_EQ(ap_joined_root(cpu), virt_to_phys(swapper_root.pgd));
	run_on_each_cpu(compare_root, &wrong);
	KTEST_EXPECT_EQ(wrong, 0);
}
