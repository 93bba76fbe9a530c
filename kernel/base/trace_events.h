/*
 * Every event that can be traced: TRACE_EVENT(name, class, meaning of a, meaning of b). trace.h includes this list
 * several times; tools/trace reads it too, as text, so each event is one line.
 *
 * Classes are what `trace=` on the kernel command line chooses: pgsync (how roots and slots come to be), rcu, sched
 * (who runs), syscall, mark, race (waits of a forced schedule, debug builds only).
 *
 * A root is named by the address of its table. In `copy_word` the low bits of that address are the number of the word
 * of pgd_present that was read; b is what was in it.
 */

/* A root's life. */
TRACE_EVENT(root_new, pgsync, root, life)
TRACE_EVENT(fork_published, pgsync, root, child)
TRACE_EVENT(exec_begun, pgsync, root, next)
TRACE_EVENT(exec_published, pgsync, root, old)
TRACE_EVENT(late_begin, pgsync, root, life)
TRACE_EVENT(late_fence, pgsync, root, full)
TRACE_EVENT(copy_begin, pgsync, root, gen)
TRACE_EVENT(copy_word, pgsync, root, present)
TRACE_EVENT(copy_done, pgsync, root, stored)
TRACE_EVENT(late_end, pgsync, root, gen)
TRACE_EVENT(load_begun, pgsync, root, gen)
TRACE_EVENT(root_loaded, pgsync, root, gen)
TRACE_EVENT(exit_begun, pgsync, root, kept)
TRACE_EVENT(exit_unpublished, pgsync, root, kept)
TRACE_EVENT(root_dead, pgsync, root, life)
TRACE_EVENT(root_free, pgsync, root, life)

/* Growth. */
TRACE_EVENT(grow_waits, pgsync, slot, gen)
TRACE_EVENT(grow_checked, pgsync, slot, gen)
TRACE_EVENT(grow_slot, pgsync, slot, entry)
TRACE_EVENT(grow_gen, pgsync, slot, gen)
TRACE_EVENT(grow_stored, pgsync, slot, gen)
TRACE_EVENT(walk_found, pgsync, root, slot)
TRACE_EVENT(walk_done, pgsync, slot, gen)
TRACE_EVENT(loaded_found, pgsync, root, slot)
TRACE_EVENT(grow_synced, pgsync, slot, gen)
TRACE_EVENT(grow_ready, pgsync, slot, gen)

/* Repairs, and what nobody repairs. */
TRACE_EVENT(load_behind, pgsync, root, gen)
TRACE_EVENT(fault_filled, pgsync, root, slot)
TRACE_EVENT(fault_missing, pgsync, root, slot)
TRACE_EVENT(audit_missing, pgsync, root, slot)
TRACE_EVENT(slots_reset, pgsync, slot, n)

TRACE_EVENT(rcu_begin, rcu, seq, none)
TRACE_EVENT(rcu_end, rcu, seq, none)

TRACE_EVENT(switched, sched, from, root)
TRACE_EVENT(task_name, sched, name, more)

TRACE_EVENT(sys_enter, syscall, nr, arg)
TRACE_EVENT(sys_exit, syscall, nr, result)

/* TRACE(mark, x, y) is for whoever looks for something: put it where you like. */
TRACE_EVENT(mark, mark, a, b)

/* `point`: the address of its name. */
TRACE_EVENT(race_wait, race, point, rule)
TRACE_EVENT(race_go, race, point, rule)
