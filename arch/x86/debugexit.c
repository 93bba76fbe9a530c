/* The machine's end: see arch/machine.h. */
#include "arch/cpu.h"
#include "arch/machine.h"
#include "arch/timer.h"
#include "arch/x86/acpi.h"
#include "arch/x86/acpi_event.h"
#include "arch/x86/io.h"
#include "boot/bootinfo.h"
#include "kernel/base/printk.h"

/* QEMU's isa-debug-exit at its default port. */
#define DEBUG_EXIT_PORT 0xf4

/* PM1 control (ACPI 6.5, 4.8.3.2.1). */
#define PM1_SLP_TYP_SHIFT 10
#define PM1_SLP_TYP_MASK  0x1c00
#define PM1_SLP_EN        0x2000

static bool debug_exit_present(void)
{
	char value[4];

	return boot_option("debugexit", value, sizeof(value)) && value[0] == '1';
}

void machine_halt(void)
{
	for (;;) {
		irq_disable();
		__asm__ volatile("hlt" ::: "memory");
	}
}

void machine_exit(enum machine_exit_code code)
{
	irq_disable();
	if (debug_exit_present())
		outb(DEBUG_EXIT_PORT, code);
	if (code == EXIT_PANIC_CODE)
		machine_halt();
	machine_poweroff();
}

static void pm1_sleep(u32 port, u8 typ)
{
	u16 v;

	if (!port)
		return;
	v = inw((u16)port) & ~(PM1_SLP_TYP_MASK | PM1_SLP_EN);
	outw((u16)port, (u16)(v | (u16)(typ << PM1_SLP_TYP_SHIFT) | PM1_SLP_EN));
}

void machine_poweroff(void)
{
	irq_disable();
	if (acpi.fadt.pm1a_cnt && acpi.s5.found) {
		/* Sleep states exist in ACPI mode only. */
		acpi_mode_enable();
		pm1_sleep(acpi.fadt.pm1a_cnt, acpi.s5.typ_a);
		pm1_sleep(acpi.fadt.pm1b_cnt, acpi.s5.typ_b);
		/* It takes effect when the chipset gets to it. */
		delay_us(100000);
	}
	printk("the machine does not power off by itself: switch it off\n");
	machine_halt();
}
