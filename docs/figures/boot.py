"""From the loader to the first program: the boot CPU, the other CPUs, process 1."""
from drawing import Lanes

PROCESS, BOOT, OTHERS = range(3)

d = Lanes(["process 1", "boot CPU", "the other CPUs, all at once"], 21, lane=260)
boot = [
    (0, 2, ["boot/entry.asm: 4 or 5 levels,", "boot page tables, long mode"]),
    (2, 1, "boot_main(): struct boot_info"),
    (3, 2, ["kmain(): traps, ACPI tables,", "boot memory, swapper_pg_dir"]),
    (5, 2, ["buddy, slabs, pgsync_init():", "slots present now are from birth"]),
    (7, 1, "tasks, ports, handles, scheduler"),
    (8, 1, "arch_init_cpus(): INIT, SIPI"),
    (9, 2, ["clocks are calibrated", "while the others come up"]),
    (11, 1, "start_init()"),
    (12, 1, "sched_idle()"),
]
for row, rows, lines in boot:
    d.step(BOOT, row, lines, rows=rows)
d.message(8, BOOT, OTHERS, edge=122)
stages = ["1 real mode, in the trampoline", "2 protected mode", "3 long mode, on boot_root", "4 ap_entry: CR3 = reference root",
          "5 GDT, TSS, IDT", "6 features", "7 root recorded", "8 local APIC", "9 online: pgsync_cpu_join()"]
for number, stage in enumerate(stages):
    d.step(OTHERS, 8 + number, stage, "good" if number in (3, 8) else "ink")
d.text(d.middle(OTHERS), d.y(7) + 14, "stage byte of each CPU:", "dim", size=12)
d.step(OTHERS, 17, "drop all translations, idle")
d.message(11, BOOT, PROCESS, edge=122)
d.step(PROCESS, 11, "init_thread(), a kernel thread")
d.step(PROCESS, 12, ["smp_wait_online(): all stages,", "or a panic that names the dead"], rows=4)
d.message(16, OTHERS, PROCESS, edge=122)
d.step(PROCESS, 17, "the boot archive")
d.step(PROCESS, 18, "kernel_execve(): exec_mmap()")
d.step(PROCESS, 19, "user_enter()")
d.step(PROCESS, 20, "/bin/init, in user mode", "link")
d.show()
