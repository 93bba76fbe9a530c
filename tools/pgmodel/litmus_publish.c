/*
 * The protocol's shapes in miniature, first half: who publishes and copies, who stores and walks.
 * One slot, one root, one grower: `ref` is the reference slot, `vis` says that the root can be found
 * (task list, tsk->mm), `dst` is the root's slot. The letters of the rows are those that comments in
 * mm/pgsync name.
 */
#include "tools/pgmodel/litmus.h"

#include "kernel/base/atomic.h"

static u64 ref, vis, dst;
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

const struct row publish_rows[] = {
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
	{"litmus", "V1", &v1, BAD, BAD},
	{"litmus", "V2", &v2, GOOD, GOOD},
	{"litmus", "R2", &r2, BAD, BAD},
	{0},
};
