/* ABI tests: every allocation of the calls that give parts of the machine fails once; nomem.c has the others. */
#include "user/tests/machine.h"
#include "user/tests/nomem.h"

static int ports;

/* The handle that a call has made is closed; -errno is not one. */
static long closed(long fd)
{
	if (fd >= 0)
		CHECK_EQ(close((int)fd), 0);
	return fd;
}

static long call_bootfile(void)
{
	char name[256];
	struct machine_bootfile f = {.name = (uintptr_t)name, .name_room = sizeof(name)};
	long ret;

	/* The first that has contents. */
	for (unsigned long i = 0;; i++) {
		f.memory = -1;
		ret = machine_bootfile(MACHINE_HANDLE, i, &f, 0);
		if (ret || f.memory >= 0)
			break;
	}
	if (!ret)
		(void)closed(f.memory);
	return ret;
}

static long call_ioports(void)
{
	return closed(machine_ioports(MACHINE_HANDLE, 0x80, 1, 0));
}

static void make_ports(void)
{
	if (!ports)
		ports = (int)machine_ioports(MACHINE_HANDLE, 0x80, 1, 0);
	CHECK(ports > 0);
}

static long call_enable(void)
{
	return ioports_enable(ports);
}

static long call_irq(void)
{
	return closed(machine_irq(MACHINE_HANDLE, 1, MACHINE_IRQ_ISA));
}

static long call_mmio(void)
{
	return closed(machine_mmio(MACHINE_HANDLE, 0xb8000, PAGE_SIZE, MACHINE_UNCACHED));
}

static const struct attempt calls[] = {
	{.name = "machine_bootfile", .call = call_bootfile, .least = 1},
	{.name = "machine_ioports", .call = call_ioports, .least = 1},
	{.name = "ioports_enable",
	 .prepare = make_ports,
	 .call = call_enable,
	 .least = 1,
	 .once = true},
	{.name = "machine_irq", .call = call_irq, .least = 1},
	{.name = "machine_mmio", .call = call_mmio, .least = 2},
};

TEST(machine, every_allocation_fails_once)
{
	CHECK(need_machine() >= 0);
	fail_all(calls, ARRAY_SIZE(calls));
}
