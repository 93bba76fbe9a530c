"""A call and its reply between a client and a server on one CPU, by direct switches."""
from drawing import Lanes

d = Lanes(["client", "kernel, same CPU", "server"], 14, lane=240)
d.step(2, 0, "ipc_receive(port): RECEIVE")
d.step(0, 1, "ipc_call(connection, words)")
d.message(1, 0, 1, edge=112)
d.step(1, 2, ["send_directly(): a receiver waits", "here, nobody is before us"], rows=2)
d.step(1, 4, ["client: REPLY; words stay in registers", "sched_handoff(): no run queue"], rows=2)
d.step(1, 6, "load_root(): the server's")
d.message(6, 1, 2, edge=112)
d.step(2, 7, "token, cookie, words")
d.step(2, 8, "works on the client's slice")
d.step(2, 9, "ipc_reply_receive(status)")
d.message(9, 2, 1, edge=112)
d.step(1, 10, ["reply_directly(): server: RECEIVE", "sched_handoff() back"], rows=2)
d.step(1, 12, "load_root(): the client's")
d.message(12, 1, 0, edge=112)
d.step(0, 13, "status, words")
for lane, first, last in ((0, 2, 12), (2, 1, 6)):
    d.text(d.middle(lane), d.y((first + last) / 2), "asleep", "dim", size=12)
d.show()
