/*
 * A QEMU plugin that counts, inside windows that the guest marks (kernel/abi/marker.h): instructions,
 * locked operations, and the cache lines that each CPU reads and writes.
 *
 *	qemu-system-x86_64 -plugin build/count.so,out=FILE ...
 *
 * It knows nothing of the kernel: lines are told by address, and tools/pgsync_counts.py names them.
 * Numbers in FILE, one record a line, totals over all passes of a window:
 *
 *	window W cpu C passes N instructions N locked N fences N
 *	line W paddr P vaddr V pc P cpu C touched N written N locked N under P inside N
 *	lock W paddr P vaddr V cpu C taken N held N
 *
 * touched, written: passes in which CPU C did so at least once (a line is 64 bytes of physical
 * address; vaddr and pc are the first that wrote there). inside: touched passes in which it held a
 * lock at the first touch; under: the address of that lock, the last time.
 *
 * locked: instructions with the LOCK prefix, or XCHG with memory, which locks without one (SDM vol.
 * 3A, 9.1.2.1); one that is tried again counts again. fences: those of them that are a full barrier
 * and nothing else (the compiler's `lock or $0,(%rsp)`), and MFENCE; not in `locked`. held:
 * instructions between a `lock cmpxchg` and the next plain store to the same address: a spin lock;
 * the locks of one line are added up.
 *
 * Under `-icount` all vCPUs run on one host thread, so nothing here is shared between threads.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/abi/marker.h"
#include "tools/count/qemu_plugin_api.h"

#define MAX_CPUS    8
#define MAX_WINDOWS 4
#define LINE_SHIFT  6
#define TABLE_SIZE  (1 << 18) /* lines; a power of two */
#define MAX_HELD    8

PLUGIN_EXPORT int qemu_plugin_version = PLUGIN_API_VERSION;
PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc,
				      char **argv);

struct instruction {
	uint64_t pc;
	unsigned int marker; /* 0: none */
	bool locked, fence, cmpxchg;
};

struct lock_count {
	uint64_t taken, held;
};

struct line_cpu {
	uint64_t touched_pass, written_pass; /* the last one that counted */
	uint64_t touched, written, locked;
	uint64_t inside, under;
	struct lock_count lock;
};

struct line {
	unsigned int window; /* 0: this place of the table is free */
	uint64_t number;     /* physical address >> LINE_SHIFT */
	uint64_t vaddr, pc;
	struct line_cpu cpu[MAX_CPUS];
};

struct held_lock {
	uint64_t paddr, since;
};

static struct {
	unsigned int window; /* 0: outside */
	uint64_t passes[MAX_WINDOWS], instructions[MAX_WINDOWS];
	uint64_t locked[MAX_WINDOWS], fences[MAX_WINDOWS];
	struct held_lock held[MAX_HELD];
} cpus[MAX_CPUS];

static struct line *table;
static size_t lines_used;
static FILE *out;

static void die(const char *what)
{
	fprintf(stderr, "count: %s\n", what);
	exit(1);
}

static struct line *find_line(unsigned int window, uint64_t number)
{
	size_t at = (number * 0x9e3779b97f4a7c15 >> 40) + window;

	for (;; at++) {
		struct line *line = &table[at % TABLE_SIZE];

		if (line->window == window && line->number == number)
			return line;
		if (line->window)
			continue;
		if (++lines_used > TABLE_SIZE / 2)
			die("too many cache lines");
		line->window = window;
		line->number = number;
		return line;
	}
}

static void mark(unsigned int cpu, unsigned int marker)
{
	unsigned int window = marker & ~MARKER_END;

	if (cpu >= MAX_CPUS || window >= MAX_WINDOWS)
		die("a window or CPU number is too large");
	if (marker & MARKER_END) {
		if (cpus[cpu].window != window)
			die("the end of a window that was not begun");
		cpus[cpu].window = 0;
		return;
	}
	if (cpus[cpu].window)
		die("a window begins inside a window");
	cpus[cpu].window = window;
	cpus[cpu].passes[window]++;
	memset(cpus[cpu].held, 0, sizeof(cpus[cpu].held));
}

static void on_instruction(unsigned int cpu, void *arg)
{
	const struct instruction *insn = arg;
	unsigned int window;

	if (insn->marker) {
		mark(cpu, insn->marker);
		return;
	}
	window = cpu < MAX_CPUS ? cpus[cpu].window : 0;
	if (!window)
		return;
	cpus[cpu].instructions[window]++;
	cpus[cpu].locked[window] += insn->locked;
	cpus[cpu].fences[window] += insn->fence;
}

/* The lock that the CPU took last and still holds, 0 for none. */
static uint64_t innermost_lock(unsigned int cpu)
{
	const struct held_lock *last = NULL;

	for (unsigned int i = 0; i < MAX_HELD; i++) {
		const struct held_lock *held = &cpus[cpu].held[i];

		if (held->paddr && (!last || held->since >= last->since))
			last = held;
	}
	return last ? last->paddr : 0;
}

/* A store to `paddr`: takes a lock, gives one back, or neither. */
static void note_lock(unsigned int cpu, const struct instruction *insn, struct line *line,
		      uint64_t paddr)
{
	uint64_t now = cpus[cpu].instructions[line->window];
	struct held_lock *free_place = NULL;

	for (unsigned int i = 0; i < MAX_HELD; i++) {
		struct held_lock *held = &cpus[cpu].held[i];

		if (held->paddr == paddr) {
			if (insn->locked)
				return;
			line->cpu[cpu].lock.taken++;
			line->cpu[cpu].lock.held += now - held->since;
			held->paddr = 0;
			return;
		}
		if (!held->paddr)
			free_place = held;
	}
	if (insn->cmpxchg && free_place)
		*free_place = (struct held_lock){paddr, now};
}

static void on_memory(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *arg)
{
	const struct instruction *insn = arg;
	unsigned int window = cpu < MAX_CPUS ? cpus[cpu].window : 0;
	struct qemu_plugin_hwaddr *address;
	struct line_cpu *count;
	struct line *line;
	uint64_t paddr, pass;

	if (!window)
		return;
	address = qemu_plugin_get_hwaddr(info, vaddr);
	if (!address || qemu_plugin_hwaddr_is_io(address))
		return;
	paddr = qemu_plugin_hwaddr_phys_addr(address);
	line = find_line(window, paddr >> LINE_SHIFT);
	count = &line->cpu[cpu];
	pass = cpus[cpu].passes[window];
	if (count->touched_pass != pass) {
		uint64_t lock = innermost_lock(cpu);

		count->touched_pass = pass;
		count->touched++;
		count->inside += lock != 0;
		count->under = lock ? lock : count->under;
	}
	if (!qemu_plugin_mem_is_store(info))
		return;
	if (!line->vaddr) {
		line->vaddr = vaddr;
		line->pc = insn->pc;
	}
	if (count->written_pass != pass) {
		count->written_pass = pass;
		count->written++;
	}
	count->locked += insn->locked;
	note_lock(cpu, insn, line, paddr);
}

/* --- translation --- */

static bool is_prefix(uint8_t byte)
{
	return byte == 0x66 || byte == 0x67 || byte == 0xf2 || byte == 0xf3 || byte == 0x2e ||
	       byte == 0x36 || byte == 0x3e || byte == 0x26 || byte == 0x64 || byte == 0x65 ||
	       byte == 0xf0 || (byte & 0xf0) == 0x40;
}

static void decode(struct instruction *insn, const uint8_t *code, size_t size)
{
	static const uint8_t lock_or[] = {0xf0, 0x48, 0x83, 0x0c, 0x24, 0x00};
	static const uint8_t mfence[] = {0x0f, 0xae, 0xf0};
	uint32_t displacement;
	size_t i = 0;

	if (size == 7 && code[0] == 0x0f && code[1] == 0x1f && code[2] == 0x80) {
		memcpy(&displacement, code + 3, sizeof(displacement));
		if ((displacement & 0xffff0000) == MARKER_MAGIC)
			insn->marker = displacement & 0xffff;
		return;
	}
	insn->fence = (size == sizeof(lock_or) && !memcmp(code, lock_or, size)) ||
		      (size == sizeof(mfence) && !memcmp(code, mfence, size));
	if (insn->fence)
		return;
	for (; i < size && is_prefix(code[i]); i++)
		insn->locked |= code[i] == 0xf0;
	if (i + 1 >= size)
		return;
	/* XCHG with memory: its operand byte does not name two registers. */
	if ((code[i] & 0xfe) == 0x86 && code[i + 1] >> 6 != 3)
		insn->locked = true;
	insn->cmpxchg = insn->locked && code[i] == 0x0f && (code[i + 1] & 0xfe) == 0xb0;
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	(void)id;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct qemu_plugin_insn *from = qemu_plugin_tb_get_insn(tb, i);
		/* Lives as long as the translation, which nobody tells us the end of. */
		struct instruction *insn = calloc(1, sizeof(*insn));

		if (!insn)
			die("no memory");
		insn->pc = qemu_plugin_insn_vaddr(from);
		decode(insn, qemu_plugin_insn_data(from), qemu_plugin_insn_size(from));
		qemu_plugin_register_vcpu_insn_exec_cb(from, on_instruction, QEMU_PLUGIN_CB_NO_REGS,
						       insn);
		qemu_plugin_register_vcpu_mem_cb(from, on_memory, QEMU_PLUGIN_CB_NO_REGS,
						 QEMU_PLUGIN_MEM_RW, insn);
	}
}

/* --- the report --- */

static void print_line(const struct line *line, unsigned int cpu)
{
	const struct line_cpu *count = &line->cpu[cpu];
	uint64_t paddr = line->number << LINE_SHIFT;

	if (!count->touched)
		return;
	fprintf(out,
		"line %u paddr %#" PRIx64 " vaddr %#" PRIx64 " pc %#" PRIx64
		" cpu %u touched %" PRIu64 " written %" PRIu64 " locked %" PRIu64 " under %#" PRIx64
		" inside %" PRIu64 "\n",
		line->window, paddr, line->vaddr, line->pc, cpu, count->touched, count->written,
		count->locked, count->under, count->inside);
	if (count->lock.taken)
		fprintf(out,
			"lock %u paddr %#" PRIx64 " vaddr %#" PRIx64 " cpu %u taken %" PRIu64
			" held %" PRIu64 "\n",
			line->window, paddr, line->vaddr, cpu, count->lock.taken, count->lock.held);
}

static void report(qemu_plugin_id_t id, void *arg)
{
	(void)id, (void)arg;
	for (unsigned int w = 1; w < MAX_WINDOWS; w++)
		for (unsigned int cpu = 0; cpu < MAX_CPUS; cpu++)
			if (cpus[cpu].passes[w])
				fprintf(out,
					"window %u cpu %u passes %" PRIu64 " instructions %" PRIu64
					" locked %" PRIu64 " fences %" PRIu64 "\n",
					w, cpu, cpus[cpu].passes[w], cpus[cpu].instructions[w],
					cpus[cpu].locked[w], cpus[cpu].fences[w]);
	for (size_t i = 0; i < TABLE_SIZE; i++)
		for (unsigned int cpu = 0; table[i].window && cpu < MAX_CPUS; cpu++)
			print_line(&table[i], cpu);
	fclose(out);
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
	(void)info;
	if (argc != 1 || strncmp(argv[0], "out=", 4) != 0)
		return -1;
	out = fopen(argv[0] + 4, "w");
	table = calloc(TABLE_SIZE, sizeof(*table));
	if (!out || !table)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	qemu_plugin_register_atexit_cb(id, report, NULL);
	return 0;
}
