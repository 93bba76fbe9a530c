/*
 * The explorer's own test: litmus tests of the x86 memory model whose answers are known (Sewell et
 * al., "x86-TSO", CACM 2010; Intel SDM vol. 3A, 9.2.3). BAD means that the outcome can be seen.
 */
#include "tools/pgmodel/litmus.h"

static u64 x, y, r[4];

#define SEEN(cond) MODEL_REQUIRE(!(cond), "the outcome is seen: " #cond)

static void store_x(void)
{
	WRITE_ONCE(x, 1);
}

static void store_y(void)
{
	WRITE_ONCE(y, 1);
}

/* --- SB: each CPU's load passes its own store --- */

static void sb_x(void)
{
	WRITE_ONCE(x, 1);
	r[0] = READ_ONCE(y);
}

static void sb_y(void)
{
	WRITE_ONCE(y, 1);
	r[1] = READ_ONCE(x);
}

static void sb_mb_x(void)
{
	WRITE_ONCE(x, 1);
	smp_mb();
	r[0] = READ_ONCE(y);
}

static void sb_mb_y(void)
{
	WRITE_ONCE(y, 1);
	smp_mb();
	r[1] = READ_ONCE(x);
}

static void sb_wmb_x(void)
{
	WRITE_ONCE(x, 1);
	smp_wmb();
	smp_rmb();
	r[0] = READ_ONCE(y);
}

static void sb_xchg_x(void)
{
	__atomic_store_n(&x, 1, __ATOMIC_SEQ_CST);
	r[0] = READ_ONCE(y);
}

static void sb_seen(void)
{
	SEEN(r[0] == 0 && r[1] == 0);
}

static const struct program sb = PROGRAM2("x", sb_x, "y", sb_y, sb_seen, "no fence");
static const struct program sb_wmb = PROGRAM2("x", sb_wmb_x, "y", sb_mb_y, sb_seen, "wmb, rmb; mb");
static const struct program sb_mb = PROGRAM2("x", sb_mb_x, "y", sb_mb_y, sb_seen, "mb; mb");
static const struct program sb_xchg = PROGRAM2("x", sb_xchg_x, "y", sb_mb_y, sb_seen, "xchg; mb");

/* --- MP: stores keep their order, and so do loads --- */

static void mp_write(void)
{
	WRITE_ONCE(x, 1);
	WRITE_ONCE(y, 1);
}

static void mp_read(void)
{
	r[0] = READ_ONCE(y);
	r[1] = READ_ONCE(x);
}

static void mp_seen(void)
{
	SEEN(r[0] == 1 && r[1] == 0);
}

static const struct program mp = PROGRAM2("write", mp_write, "read", mp_read, mp_seen, "no fence");

/* --- LB: a load is not passed by a later store --- */

static void lb_x(void)
{
	r[0] = READ_ONCE(x);
	WRITE_ONCE(y, 1);
}

static void lb_y(void)
{
	r[1] = READ_ONCE(y);
	WRITE_ONCE(x, 1);
}

static void lb_seen(void)
{
	SEEN(r[0] == 1 && r[1] == 1);
}

static const struct program lb = PROGRAM2("x", lb_x, "y", lb_y, lb_seen, "no fence");

/* --- 2+2W: all agree on the order of the stores --- */

static void ww_xy(void)
{
	WRITE_ONCE(x, 1);
	WRITE_ONCE(y, 2);
}

static void ww_yx(void)
{
	WRITE_ONCE(y, 1);
	WRITE_ONCE(x, 2);
}

static void ww_seen(void)
{
	SEEN(x == 1 && y == 1);
}

static const struct program ww = PROGRAM2("xy", ww_xy, "yx", ww_yx, ww_seen, "no fence");

/* --- IRIW: two readers agree on the order of two writers --- */

static void iriw_xy(void)
{
	r[0] = READ_ONCE(x);
	r[1] = READ_ONCE(y);
}

static void iriw_yx(void)
{
	r[2] = READ_ONCE(y);
	r[3] = READ_ONCE(x);
}

static void iriw_seen(void)
{
	SEEN(r[0] == 1 && r[1] == 0 && r[2] == 1 && r[3] == 0);
}

static const struct program iriw = {
	.about = "no fence",
	.actors = {{"x", store_x}, {"y", store_y}, {"xy", iriw_xy}, {"yx", iriw_yx}},
	.finish = iriw_seen,
};

/* --- n6: a CPU sees its own store before the others do --- */

static void n6_x(void)
{
	WRITE_ONCE(x, 1);
	r[0] = READ_ONCE(x);
	r[1] = READ_ONCE(y);
}

static void n6_y(void)
{
	WRITE_ONCE(y, 2);
	WRITE_ONCE(x, 2);
}

static void n6_seen(void)
{
	SEEN(r[0] == 1 && r[1] == 0 && x == 1);
}

static const struct program n6 = PROGRAM2("x", n6_x, "yx", n6_y, n6_seen, "store forwarding");

/* --- atomic additions lose nothing, plain ones do --- */

static void add_locked(void)
{
	(void)__atomic_add_fetch(&x, 1, __ATOMIC_RELAXED);
}

static void add_plain(void)
{
	x++;
}

static void add_seen(void)
{
	SEEN(x != 2);
}

static const struct program add = PROGRAM2("1", add_plain, "2", add_plain, add_seen, "x++");
static const struct program locked =
	PROGRAM2("1", add_locked, "2", add_locked, add_seen, "lock add");

/* --- locks: exclusion, deadlock --- */

static u32 lock_a, lock_b;

static void add_under_lock(void)
{
	model_lock(&lock_a, model_cpu() + 1);
	x++;
	model_unlock(&lock_a);
}

static void take_ab(void)
{
	model_lock(&lock_a, model_cpu() + 1);
	model_lock(&lock_b, model_cpu() + 1);
	model_unlock(&lock_b);
	model_unlock(&lock_a);
}

static void take_ba(void)
{
	model_lock(&lock_b, model_cpu() + 1);
	model_lock(&lock_a, model_cpu() + 1);
	model_unlock(&lock_a);
	model_unlock(&lock_b);
}

static const struct program lock = PROGRAM2("1", add_under_lock, "2", add_under_lock, add_seen, "");
static const struct program abba = PROGRAM2("ab", take_ab, "ba", take_ba, NULL, "deadlock");

/* --- freed memory --- */

static u64 *object;

static void object_setup(void)
{
	object = model_alloc(8, "object");
}

static void object_use(void)
{
	WRITE_ONCE(*object, 1);
}

static void object_free(void)
{
	model_free(object);
}

static const struct program use_free = {
	.about = "use after free",
	.actors = {{"use", object_use}, {"free", object_free}},
	.setup = object_setup,
};

const struct row engine_rows[] = {
	{"engine", "SB", &sb, GOOD, BAD},
	{"engine", "SB+wmb+mb", &sb_wmb, GOOD, BAD},
	{"engine", "SB+mb+mb", &sb_mb, GOOD, GOOD},
	{"engine", "SB+xchg+mb", &sb_xchg, GOOD, GOOD},
	{"engine", "MP", &mp, GOOD, GOOD},
	{"engine", "LB", &lb, GOOD, GOOD},
	{"engine", "2+2W", &ww, GOOD, GOOD},
	{"engine", "IRIW", &iriw, GOOD, GOOD},
	{"engine", "n6", &n6, GOOD, BAD},
	{"engine", "add", &add, BAD, BAD},
	{"engine", "add+lock-prefix", &locked, GOOD, GOOD},
	{"engine", "add+lock", &lock, GOOD, GOOD},
	{"engine", "ABBA", &abba, BAD, BAD},
	{"engine", "use-after-free", &use_free, BAD, BAD},
	{0},
};
