/*
 * The protocol's shapes in miniature, second half: who maps, and who loads a root. `ref` is the
 * reference slot, `dst` the slot of the root that the other CPU runs on or loads.
 */
#include "tools/pgmodel/litmus.h"

static u64 ref, dst, table;
static u64 gen, root_gen, loaded, ready, ipi, ack;
static u32 lock;

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

const struct row load_rows[] = {
	{"litmus", "P1", &p1, BAD, BAD},
	{"litmus", "P2", &p2, GOOD, GOOD},
	{"litmus", "P3", &p3, GOOD, GOOD},
	{"litmus", "G1", &g1, BAD, BAD},
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
