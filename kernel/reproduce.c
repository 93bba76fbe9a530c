/* The line that reproduces a failure: see reproduce.h. */
#include "kernel/reproduce.h"

#include "arch/memhp.h"
#include "arch/page.h"
#include "arch/smp.h"
#include "boot/bootinfo.h"
#include "kernel/base/debug.h"
#include "kernel/base/ktest.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/base/san.h"
#include "kernel/base/string.h"
#include "kernel/checkers.h"

/* Of page tables, where make and qemu.py are not told. */
#define DEFAULT_LEVELS 4

/* The last option wins, so it also replaces what is there: a line has room for all. */
static char line[BOOT_CMDLINE_MAX + 256];
static size_t used;

static void add(const char *fmt, ...) __printf(1, 2);
static void add(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line + used, sizeof(line) - used, fmt, ap);
	va_end(ap);
	used = MIN(used + (size_t)n, sizeof(line) - 1);
}

/* The make variables that stand for options, and the options that make or qemu.py gives anyway. */
static const struct {
	const char *option, *variable; /* NULL: left out */
} ktest_options[] = {
	{"seed=", "SEED="},     {"sched=", "SCHED="},   {"pgsync=", "PGSYNC="},
	{"mutant=", "MUTANT="}, {"icount=", "ICOUNT="}, {"debugexit=", NULL},
	{"ktest=", NULL},       {"pgctl=", NULL},       {"filter=", NULL},
	{"skip=", NULL},
};

/* The name of the make variable for the option `word`, "" for none, NULL to leave the word out. */
static const char *variable_of(const char *word, size_t *skip)
{
	/* make gives it with ICOUNT. Twice would be another command line, which takes longer to read. */
	if (!strncmp(word, "idle=poll", 9) && boot_option_u64("icount", 0))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(ktest_options); i++) {
		*skip = strlen(ktest_options[i].option);
		if (!strncmp(word, ktest_options[i].option, *skip))
			return ktest_options[i].variable;
	}
	*skip = 0;
	return "";
}

/* Adds the words of the command line that are (or are not) make variables of `make ktest`. */
static void add_words(bool variables)
{
	const char *end, *p;

	for (p = boot_info.cmdline; *p; p = end + (*end != '\0')) {
		const char *name;
		size_t skip;

		for (end = p; *end && *end != ' '; end++)
			;
		name = variable_of(p, &skip);
		if (end == p || !name || (*name != '\0') != variables)
			continue;
		add("%s%s%.*s", variables || line[used - 1] != '\'' ? " " : "", name,
		    (int)((size_t)(end - p) - skip), p + skip);
	}
}

static void describe_ktest(const struct ktest *t)
{
	size_t empty;

	add("make ktest%s NCPU=%u",
	    SAN_OPTION[0]  ? SAN_OPTION
	    : DEBUG_KERNEL ? " DEBUG=1"
			   : "",
	    nr_cpus);
	if (PT_ROOT_LEVEL != DEFAULT_LEVELS)
		add(" LEVELS=%u", PT_ROOT_LEVEL);
	/* Otherwise it has one. */
	if (!memhp_slots())
		add(" DIMM=none");
	add_words(true);
	add(" FILTER=%s.%s APPEND='", t->suite, t->name);
	empty = used;
	add_words(false);
	if (used == empty) {
		used -= strlen(" APPEND='");
		line[used] = '\0';
	} else {
		add("'");
	}
}

/* The whole command line, as it is; qemu.py adds some of it again, which changes nothing. */
static void describe_boot(void)
{
	char mutant[64], icount[16];

	add("tools/qemu.py --kernel build/");
	if (boot_option("mutant", mutant, sizeof(mutant)))
		add("mutants/%s/", mutant);
	else if (SAN_ADDRESS || SAN_UNDEFINED)
		add(SAN_ADDRESS ? "asan/" : "ubsan/");
	else if (DEBUG_KERNEL)
		add("debug/");
	add("freewalk.elf --smp %u", nr_cpus);
	if (PT_ROOT_LEVEL != DEFAULT_LEVELS)
		add(" --levels %u", PT_ROOT_LEVEL);
	if (boot_option("icount", icount, sizeof(icount)))
		add(" --icount %s", icount);
	add(" --append '%s'", boot_info.cmdline);
}

void reproduce_print(void)
{
	const struct ktest *t = ktest_running();

	used = 0;
	if (t)
		describe_ktest(t);
	else
		describe_boot();
	printk("# reproduce: %s\n", line);
}

void reproduce_init(void)
{
	panic_set_report(checkers_panic, reproduce_print);
}
