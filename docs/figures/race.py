"""The protocol of `walk` in two columns, and the outcome that the two barriers forbid."""
from drawing import Drawing

d = Drawing(700, 400)
columns = (
    (20, "fork, exec: a new root", ["publish the root", "smp_mb()", "copy present slots", "READY: may be loaded"],
     ["task_table_insert(), or tsk->mm = mm", "walk_init_late()", "copy_kernel_half()", "arch_pgd_init_late()"]),
    (380, "growth, under pgd_lock", ["store the reference slot", "smp_mb()", "walk: store into each root", "ready: may be used"],
     ["publish_slot_locked()", "the same", "sync_global_pgds()", "kroot_ready() says yes"]),
)
for x, title, steps, names in columns:
    d.text(x + 150, 20, title, bold=True, size=15)
    for number, (step, name) in enumerate(zip(steps, names)):
        y = 40 + number * 58
        barrier = step == "smp_mb()"
        d.box(x, y, 300, 40, colour="good" if barrier else "ink", fill="mark" if barrier else "code")
        d.text(x + 150, y + 17, f"{number + 1}. {step}", "good" if barrier else "ink", bold=True)
        d.text(x + 150, y + 33, name, "dim", size=11, mono=True)
        if number < 3:
            d.arrow(x + 150, y + 40, x + 150, y + 57, "dim")
# What each side reads is what the other side wrote before its barrier.
d.arrow(320, 60, 380, 170, "link")
d.arrow(380, 60, 320, 170, "link")
d.text(350, 86, "seen?", "link", size=12)
d.box(20, 290, 660, 92, colour="bad", dashed=True)
d.text(350, 314, "forbidden: the copy reads “none”  and  the walk does not find the root", "bad", bold=True, size=14)
d.text(350, 338, "the walk missed it: it became visible after the walk looked, so the slot was there before the copy looked", size=12)
d.text(350, 356, "the copy read none: the slot came after it looked, so the root was there before the walk looked", size=12)
d.text(350, 374, "without either smp_mb() both may be true: a store still waits in its CPU's store buffer", "dim", size=12)
d.show()
