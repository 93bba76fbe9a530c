/* Start-up of the machine: see arch/init.h. */
#include "arch/init.h"

#include "arch/console.h"
#include "arch/cpu.h"
#include "arch/smp.h"
#include "arch/syscall.h"
#include "arch/x86/acpi.h"
#include "arch/x86/apic.h"
#include "arch/x86/cpufeature.h"
#include "arch/x86/desc.h"
#include "arch/x86/paging.h"
#include "arch/x86/percpu.h"
#include "arch/x86/thread.h"
#include "arch/x86/tsc.h"
#include "mm/mm.h"
#include "mm/pagezero.h"

void arch_init_boot(void)
{
	percpu_init_boot();
	early_console_init();
	idt_init();
	desc_init_cpu(0);
	cpu_features_init();
	pagezero_init();
	thread_init_boot();
}

void arch_init_memory(void)
{
	paging_init();
	acpi_init();
	smp_prepare();
}

void arch_init_this_cpu(void)
{
	syscall_init_cpu();
	this_cpu_write(cpu_loaded_mm, &init_mm);
	load_root(&swapper_root);
	desc_check_slots(cpu_id());
}

void arch_init_cpus(void)
{
	cpu_features_print();
	arch_init_this_cpu();
	apic_init_boot();
	smp_start_aps();
	tsc_init();
}
