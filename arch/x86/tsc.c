/*
 * Time-stamp counter: see tsc.h and arch/timer.h.
 *
 * The reference is read between two reads of the TSC, several times, and the tightest reading
 * counts: when the host takes the processor away in the midst of one, that one is wide and loses.
 */
#include "arch/x86/tsc.h"

#include "arch/timer.h"
#include "arch/x86/acpi.h"
#include "arch/x86/apic.h"
#include "arch/x86/io.h"
#include "arch/x86/rtc.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"

#define NSEC_PER_SEC 1000000000UL

#define WINDOW_US       10000
#define SHORT_WINDOW_US 1000 /* enough when both rates are the emulator's round ones */
#define SNAP_HZ         1000000000UL
#define SNAP_PER_MILLE  1

#define PM_TIMER_HZ 3579545
#define PIT_HZ      1193182

#define PIT_CHANNEL2 0x42
#define PIT_COMMAND  0x43
#define PIT_GATE     0x61

#define SAMPLE_TRIES 5
#define IDLE_LOOPS   2048

u64 tsc_mult;
u64 tsc_khz;
u64 wall_time_ns_at_boot;

/* A counter of known rate that counts up and wraps at `mask`. */
struct ref_clock {
	const char *name;
	u32 (*read)(void);
	u32 mask;
	u32 hz;
};

struct sample {
	u64 tsc;
	u32 ref, apic;
};

static u32 pm_timer_read(void)
{
	return inl(acpi.fadt.pm_timer_port);
}

/* Channel 2 counts down from all ones, without its gate's speaker. */
static void pit_start(void)
{
	outb(PIT_GATE, (inb(PIT_GATE) & ~2) | 1);
	outb(PIT_COMMAND, 0xb0); /* channel 2, low byte then high, mode 0 */
	outb(PIT_CHANNEL2, 0xff);
	outb(PIT_CHANNEL2, 0xff);
}

static u32 pit_read(void)
{
	u32 count;

	outb(PIT_COMMAND, 0x80); /* latch channel 2 */
	count = inb(PIT_CHANNEL2);
	count |= (u32)inb(PIT_CHANNEL2) << 8;
	return 0xffff - count;
}

static const struct ref_clock pm_timer = {"ACPI timer", pm_timer_read, 0xffffff, PM_TIMER_HZ};
static const struct ref_clock pit = {"PIT", pit_read, 0xffff, PIT_HZ};

static bool ref_runs(const struct ref_clock *ref)
{
	u32 first = ref->read();

	for (int i = 0; i < 10000; i++) {
		if (ref->read() != first)
			return true;
		cpu_relax();
	}
	return false;
}

static const struct ref_clock *ref_choose(void)
{
	static const struct ref_clock *chosen;

	if (chosen)
		return chosen;
	if (acpi.fadt.pm_timer_port && ref_runs(&pm_timer))
		return chosen = &pm_timer;
	pit_start();
	if (ref_runs(&pit))
		return chosen = &pit;
	panic("no clock to measure the TSC against: ACPI timer port %#x and the PIT stand still",
	      acpi.fadt.pm_timer_port);
}

/* Some time without touching a device: port accesses stop an emulator's instruction counting. */
static void idle_a_little(void)
{
	for (int i = 0; i < IDLE_LOOPS; i++)
		barrier();
	cpu_relax();
}

/* Before calibration the reference itself is watched; its wrap is far longer than any step. */
static void delay_by_ref(unsigned int us)
{
	const struct ref_clock *ref = ref_choose();
	u64 wanted = (u64)us * ref->hz / 1000000 + 1, passed = 0;
	u32 last, now;

	if (ref == &pit)
		pit_start();
	last = ref->read();
	while (passed < wanted) {
		idle_a_little();
		now = ref->read();
		passed += (now - last) & ref->mask;
		last = now;
	}
}

void delay_us(unsigned int us)
{
	u64 end;

	if (!tsc_mult) {
		delay_by_ref(us);
		return;
	}
	end = time_ns() + (u64)us * 1000;
	while (time_ns() < end)
		cpu_relax();
}

static struct sample take_sample(const struct ref_clock *ref)
{
	struct sample best = {0};
	u64 best_width = ~0UL;

	for (int i = 0; i < SAMPLE_TRIES; i++) {
		struct sample s;
		u64 before = cpu_cycles();

		s.ref = ref->read();
		s.apic = apic_read(APIC_TIMER_CURRENT);
		s.tsc = cpu_cycles();
		if (s.tsc - before < best_width) {
			best_width = s.tsc - before;
			best = s;
		}
	}
	return best;
}

/* The exact rate of an emulator that counts nanoseconds, when the measured one is as near as we can
 * tell. */
static u64 snap(u64 hz, u64 exact)
{
	u64 off = hz > exact ? hz - exact : exact - hz;

	return off <= exact / 1000 * SNAP_PER_MILLE ? exact : hz;
}

struct rates {
	u64 tsc_hz, apic_hz, window_us;
};

static struct rates rates_between(const struct ref_clock *ref, const struct sample *a,
				  const struct sample *b)
{
	u64 ticks = (b->ref - a->ref) & ref->mask;

	if (!ticks)
		return (struct rates){0};
	return (struct rates){
		.tsc_hz = snap((b->tsc - a->tsc) * ref->hz / ticks, SNAP_HZ),
		.apic_hz = snap((u64)(a->apic - b->apic) * ref->hz / ticks,
				SNAP_HZ / APIC_TIMER_DIVISOR),
		.window_us = ticks * 1000000 / ref->hz,
	};
}

static struct rates measure(const struct ref_clock *ref)
{
	struct sample start, now;
	struct rates r;

	if (ref == &pit)
		pit_start();
	apic_timer_free_run();
	start = take_sample(ref);
	do {
		idle_a_little();
		now = take_sample(ref);
		r = rates_between(ref, &start, &now);
		if (r.window_us >= SHORT_WINDOW_US && r.tsc_hz == SNAP_HZ &&
		    r.apic_hz == SNAP_HZ / APIC_TIMER_DIVISOR)
			break;
	} while (r.window_us < WINDOW_US);
	return r;
}

static void wall_clock_init(void)
{
	s64 epoch = rtc_read_epoch(acpi.fadt.century_reg);
	u64 up = time_ns();

	if (epoch < 0) {
		printk("rtc: no valid date, the wall clock starts at 1970\n");
		return;
	}
	wall_time_ns_at_boot = (u64)epoch * NSEC_PER_SEC - up;
}

void tsc_init(void)
{
	const struct ref_clock *ref = ref_choose();
	struct rates r = measure(ref);

	if (r.tsc_hz < 1000000 || r.apic_hz < 1000)
		panic("TSC at %llu Hz, APIC timer at %llu Hz by the %s: implausible",
		      (unsigned long long)r.tsc_hz, (unsigned long long)r.apic_hz, ref->name);
	apic_timer_set_rate(r.apic_hz);
	tsc_khz = r.tsc_hz / 1000;
	WRITE_ONCE(tsc_mult, (NSEC_PER_SEC << 32) / r.tsc_hz);
	wall_clock_init();
	printk("tsc: %llu kHz, apic timer %llu kHz, by the %s in %llu us\n",
	       (unsigned long long)tsc_khz,
	       (unsigned long long)(r.apic_hz * APIC_TIMER_DIVISOR / 1000), ref->name,
	       (unsigned long long)r.window_us);
}
