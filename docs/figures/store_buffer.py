"""The lost slot of the posted patches, step by step: a store that waits in its CPU's store buffer while a later load is done."""
from drawing import Lanes

d = Lanes(["CPU 0: fork", "CPU 0's store buffer", "memory", "CPU 1: growth"], 13, lane=190)
d.step(0, 0, "task table: the child")
d.message(0, 0, 1, edge=86)
d.step(1, 1, "child in the table", "bad", rows=9, fill="mark")
d.step(0, 1, "smp_wmb()")
d.step(0, 2, ["copy: slot 403", "reads none"], "bad", rows=2)
d.step(3, 3, "reference[403] = table")
d.message(3, 3, 2, edge=86)
d.step(2, 4, "reference[403] = table")
d.step(3, 5, "full barrier", "good")
d.step(3, 6, ["walk: the table of tasks", "has no child yet"], "bad", rows=2)
d.step(3, 8, "slot 403 is ready")
d.step(2, 10, "child in the table")
d.message(9, 1, 2, "drained", "bad", down=1, edge=86)
d.step(0, 11, ["the child runs:", "slot 403 is missing"], "bad", rows=2)
d.show()
