/*
 * The protocol's shapes in miniature: one slot, one root, at most one grower. `ref` is the
 * reference slot, `vis` says that the root can be found (task list, tsk->mm), `dst` is the root's
 * slot. The letters of the rows are those of the README and of the comments in mm/pgsync.
 */
#include "tools/pgmodel/litmus.h"

#include "kernel/base/atomic.h"

static u64 ref, vis, dst, table;
static u64 gen, root_gen, loaded, ready, ipi, ack;
static u32 lock, task_lock;

static void lock_it(u32 *word)
{
	model_lock(word, model_cpu() + 1);
}

/* One load; nothing is stored for none. */
static void copy(void)
{
	u64 entry = READ_ONCE(ref);

	if (entry)
		WRITE_ONCE(dst, entry);
}

static void copy_cmpxchg(void)
{
	u64 entry = READ_ONCE(ref);

	if (entry)
		(void)atomic_cmpxchg(&dst, 0, entry);
}

/* Growth finds the root, or not. */
static void walk(u64 entry)
{
	if (READ_ONCE(vis))
		WRITE_ONCE(dst, entry);
}

static void hole(void)
{
	MODEL_REQUIRE(dst == ref, "the root can be found, and its slot is %llu for ever, not %llu",
		      (unsigned long long)dst, (unsigned long long)ref);
}

/* --- F: fork publishes, then copies; growth stores, then walks --- */

static void fork_wmb(void)
{
	WRITE_ONCE(vis, 1);
	smp_wmb();
	copy();
}

static void fork_mb(void)
{
	WRITE_ONCE(vis, 1);
	smp_mb();
	copy();
}

static void grow_nothing(void)
{
	WRITE_ONCE(ref, 1);
	walk(1);
}

static void grow_wmb(void)
{
	WRITE_ONCE(ref, 1);
	smp_wmb();
	walk(1);
}

static void grow_mb(void)
{
	WRITE_ONCE(ref, 1);
	smp_mb();
	walk(1);
}

static void grow_lock(void)
{
	WRITE_ONCE(ref, 1);
	lock_it(&lock);
	walk(1);
	model_unlock(&lock);
}

static void grow_in_lock(void)
{
	lock_it(&lock);
	WRITE_ONCE(ref, 1);
	walk(1);
	model_unlock(&lock);
}

static void grow_in_lock_mb(void)
{
	lock_it(&lock);
	WRITE_ONCE(ref, 1);
	smp_mb();
	walk(1);
	model_unlock(&lock);
}

static void fork_copy_first(void)
{
	copy();
	smp_mb();
	WRITE_ONCE(vis, 1);
	smp_mb();
}

static void fork_memcpy(void)
{
	WRITE_ONCE(vis, 1);
	smp_mb();
	WRITE_ONCE(dst, READ_ONCE(ref));
}

static void fork_memset_late(void)
{
	WRITE_ONCE(vis, 1);
	smp_mb();
	WRITE_ONCE(dst, 0);
	copy();
}

#define FORK(f, g, text) PROGRAM2("fork", f, "grow", g, hole, text)
static const struct program f1 =
	FORK(fork_wmb, grow_lock, "fork wmb; growth locks before walk (v2)");
static const struct program f2 = FORK(fork_mb, grow_nothing, "fork mb; growth has no barrier");
static const struct program f3 = FORK(fork_mb, grow_wmb, "fork mb; growth wmb");
static const struct program f4 = FORK(fork_mb, grow_lock, "fork mb; growth locks before walk (v3)");
static const struct program f5 = FORK(fork_mb, grow_in_lock, "fork mb; growth locks before store");
static const struct program f6 = FORK(fork_mb, grow_in_lock_mb, "as F5, mb between store and walk");
static const struct program f7 = FORK(fork_copy_first, grow_mb, "copy, then publish; all barriers");
static const struct program f8 = FORK(fork_memcpy, grow_mb, "publish, mb, copy of none as well");
static const struct program f9 = FORK(fork_memset_late, grow_mb, "publish, mb, memset, copy");

/* --- E: exec publishes in the lock that the walk takes --- */

static void exec_in_lock(void)
{
	lock_it(&task_lock);
	WRITE_ONCE(vis, 1);
	smp_wmb();
	copy();
	model_unlock(&task_lock);
}

static void exec_after_lock_wmb(void)
{
	lock_it(&task_lock);
	WRITE_ONCE(vis, 1);
	model_unlock(&task_lock);
	smp_wmb();
	copy();
}

static void exec_after_lock_mb(void)
{
	lock_it(&task_lock);
	WRITE_ONCE(vis, 1);
	model_unlock(&task_lock);
	smp_mb();
	copy();
}

static void grow_task_lock(void)
{
	WRITE_ONCE(ref, 1);
	lock_it(&task_lock);
	walk(1);
	model_unlock(&task_lock);
}

#define EXEC(f, text) PROGRAM2("exec", f, "grow", grow_task_lock, hole, text)
static const struct program e1 = EXEC(exec_in_lock, "publish and copy inside task_lock");
static const struct program e2 = EXEC(exec_after_lock_wmb, "copy after task_unlock, wmb");
static const struct program e3 = EXEC(exec_after_lock_mb, "copy after task_unlock, mb");

/* --- R, V: a slot is taken out, a slot changes --- */

static void slot_is_1(void)
{
	ref = 1;
}

static void remove_slot(void)
{
	WRITE_ONCE(ref, 0);
	smp_mb();
	walk(0);
}

static void change_slot(void)
{
	WRITE_ONCE(ref, 2);
	smp_mb();
	walk(2);
}

static void fork_cmpxchg(void)
{
	WRITE_ONCE(vis, 1);
	smp_mb();
	copy_cmpxchg();
}

#define REWRITE(f, g, text)                                                                        \
	{                                                                                          \
		.about = text, .actors = {{"fork", f}, {"rewrite", g}}, .setup = slot_is_1,        \
		.finish = hole                                                                     \
	}
static const struct program r1 = REWRITE(fork_mb, remove_slot, "slot removed, all barriers");
static const struct program r2 =
	REWRITE(fork_cmpxchg, remove_slot, "slot removed, copy by cmpxchg");
static const struct program v1 = REWRITE(fork_mb, change_slot, "slot changes, all barriers");
static const struct program v2 =
	REWRITE(fork_cmpxchg, change_slot, "slot changes, copy by cmpxchg");

/* --- P: a second mapper finds the slot there already --- */

static void touch(void)
{
	MODEL_REQUIRE(READ_ONCE(dst), "a touch of the new range faults: the slot is none in the "
				      "root that this CPU runs on");
}

static void grow_visible(void)
{
	WRITE_ONCE(ref, 1);
	smp_mb();
	WRITE_ONCE(dst, 1);
	smp_store_release(&ready, 1);
}

static void map_tests_ref(void)
{
	if (READ_ONCE(ref))
		touch();
}

static void grow_all_locked(void)
{
	lock_it(&lock);
	WRITE_ONCE(ref, 1);
	WRITE_ONCE(dst, 1);
	model_unlock(&lock);
}

static void map_locked(void)
{
	bool there;

	lock_it(&lock);
	there = READ_ONCE(ref);
	model_unlock(&lock);
	if (there)
		touch();
}

static void map_tests_ready(void)
{
	if (smp_load_acquire(&ready))
		touch();
}

#define MAP(g, f, text) PROGRAM2("grow", g, "map", f, NULL, text)
static const struct program p1 = MAP(grow_visible, map_tests_ref, "tests the reference slot");
static const struct program p2 = MAP(grow_all_locked, map_locked, "grows and tests under one lock");
static const struct program p3 =
	MAP(grow_visible, map_tests_ready, "tests READY, set after the walk");

/* --- G: generations --- */

static void grow_gen(void)
{
	WRITE_ONCE(ref, 1);
	WRITE_ONCE(gen, 1);
	smp_store_release(&ready, 1);
}

static void load_gen(void)
{
	u64 seen = READ_ONCE(gen);

	if (READ_ONCE(root_gen) != seen) {
		copy();
		WRITE_ONCE(root_gen, seen);
	}
}

static void load_gen_late(void)
{
	copy();
	WRITE_ONCE(root_gen, READ_ONCE(gen));
}

static void gen_lies(void)
{
	MODEL_REQUIRE(root_gen != gen || dst == ref,
		      "the root claims the newest generation, and lacks the slot");
}

static const struct program g1 = PROGRAM2("grow", grow_gen, "run", map_tests_ready, NULL,
					  "generation at load; loaded already");
static const struct program g2 = PROGRAM2("grow", grow_gen, "load", load_gen_late, gen_lies,
					  "copy, then read the generation");
static const struct program g3 =
	PROGRAM2("grow", grow_gen, "load", load_gen, gen_lies, "read the generation, then copy");

static void ipi_handler(void)
{
	if (!READ_ONCE(ipi) || READ_ONCE(ack))
		return;
	if (READ_ONCE(loaded))
		copy();
	WRITE_ONCE(ack, 1);
}

/* Interrupts may come between any two steps of the load. */
static void load_with_ipi(void)
{
	ipi_handler();
	WRITE_ONCE(loaded, 1);
	ipi_handler();
	load_gen();
	smp_mb(); /* the write of CR3 */
	map_tests_ready();
	model_await(&ipi, 1);
	ipi_handler();
	map_tests_ready();
}

static void grow_send_ipi(void)
{
	WRITE_ONCE(ref, 1);
	WRITE_ONCE(gen, 1);
	smp_mb();
	WRITE_ONCE(ipi, 1);
}

static void grow_ipi(void)
{
	grow_send_ipi();
	model_await(&ack, 1);
	WRITE_ONCE(ready, 1);
}

static void grow_ipi_early(void)
{
	grow_send_ipi();
	WRITE_ONCE(ready, 1);
	model_await(&ack, 1);
}

static const struct program g4 =
	PROGRAM2("grow", grow_ipi, "load", load_with_ipi, NULL, "IPI; published after all acks");
static const struct program g5 = PROGRAM2("grow", grow_ipi_early, "load", load_with_ipi, NULL,
					  "IPI; published before the acks");

/* --- N: the next-level table --- */

static void publish_early(void)
{
	WRITE_ONCE(ref, 1);
	WRITE_ONCE(table, 1);
}

static void publish_late(void)
{
	WRITE_ONCE(table, 1);
	WRITE_ONCE(ref, 1);
}

static void page_walk(void)
{
	if (READ_ONCE(ref))
		MODEL_REQUIRE(READ_ONCE(table), "the page walk reads a table that is not "
						"initialised");
}

static const struct program n1 = PROGRAM2("grow", publish_early, "walk", page_walk, NULL,
					  "slot before its table's contents");
static const struct program n2 =
	PROGRAM2("grow", publish_late, "walk", page_walk, NULL, "table's contents before the slot");

/* --- H: the walk over what CPUs have loaded --- */

static void load_mb(void)
{
	WRITE_ONCE(loaded, 1);
	smp_mb();
	load_gen();
	smp_mb(); /* the write of CR3 */
	map_tests_ready();
}

static void load_nothing(void)
{
	WRITE_ONCE(loaded, 1);
	load_gen();
	smp_mb(); /* the write of CR3 */
	map_tests_ready();
}

static void fill_loaded(void)
{
	if (READ_ONCE(loaded))
		WRITE_ONCE(dst, 1);
}

static void grow_loaded(void)
{
	WRITE_ONCE(ref, 1);
	WRITE_ONCE(gen, 1);
	smp_mb();
	fill_loaded();
	smp_store_release(&ready, 1);
}

static void grow_loaded_nothing(void)
{
	WRITE_ONCE(ref, 1);
	WRITE_ONCE(gen, 1);
	fill_loaded();
	smp_store_release(&ready, 1);
}

static void grow_loaded_early(void)
{
	WRITE_ONCE(ref, 1);
	WRITE_ONCE(gen, 1);
	smp_mb();
	smp_store_release(&ready, 1);
	fill_loaded();
}

#define LOAD(g, l, text) PROGRAM2("grow", g, "load", l, NULL, text)
static const struct program h1 = LOAD(grow_loaded, load_mb, "both full barriers, READY last");
static const struct program h2 = LOAD(grow_loaded, load_nothing, "no barrier after LOADED");
static const struct program h3 = LOAD(grow_loaded_nothing, load_mb, "no barrier after GEN");
static const struct program h4 = LOAD(grow_loaded_early, load_mb, "READY before the walk");

const struct row litmus_rows[] = {
	{"litmus", "F1", &f1, GOOD, BAD},
	{"litmus", "F2", &f2, GOOD, BAD},
	{"litmus", "F3", &f3, GOOD, BAD},
	{"litmus", "F4", &f4, GOOD, GOOD},
	{"litmus", "F5", &f5, GOOD, BAD},
	{"litmus", "F6", &f6, GOOD, GOOD},
	{"litmus", "F7", &f7, BAD, BAD},
	{"litmus", "F8", &f8, BAD, BAD},
	{"litmus", "F9", &f9, GOOD, BAD},
	{"litmus", "E1", &e1, GOOD, GOOD},
	{"litmus", "E2", &e2, GOOD, GOOD},
	{"litmus", "E3", &e3, GOOD, GOOD},
	{"litmus", "R1", &r1, BAD, BAD},
	{"litmus", "P1", &p1, BAD, BAD},
	{"litmus", "P2", &p2, GOOD, GOOD},
	{"litmus", "P3", &p3, GOOD, GOOD},
	{"litmus", "G1", &g1, BAD, BAD},
	{"litmus", "V1", &v1, BAD, BAD},
	{"litmus", "V2", &v2, GOOD, GOOD},
	{"litmus", "R2", &r2, BAD, BAD},
	{"litmus", "G2", &g2, BAD, BAD},
	{"litmus", "G3", &g3, GOOD, GOOD},
	{"litmus", "G4", &g4, GOOD, GOOD},
	{"litmus", "G5", &g5, BAD, BAD},
	{"litmus", "N1", &n1, BAD, BAD},
	{"litmus", "N2", &n2, GOOD, GOOD},
	{"litmus", "H1", &h1, GOOD, GOOD},
	{"litmus", "H2", &h2, GOOD, BAD},
	{"litmus", "H3", &h3, GOOD, BAD},
	{"litmus", "H4", &h4, BAD, BAD},
	{0},
};
