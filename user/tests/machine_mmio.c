/*
 * ABI tests: memory of devices. Two of them: the text screen, which keeps what is written to it as memory does, and the
 * registers of the HPET, which do not.
 */
#include "user/tests/machine.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#define SCREEN       0xb8000ul
#define SCREEN_BYTES 0x8000ul
#define HPET         0xfed00000ul
#define LOCAL_APIC   0xfee00000ul
#define IO_APIC      0xfec00000ul
#define RW           (PROT_READ | PROT_WRITE)

static int open_screen(void)
{
	int fd = machine_mmio(need_machine(), SCREEN, SCREEN_BYTES, MACHINE_WRITE_COMBINING);

	CHECK(fd > MACHINE_HANDLE);
	return fd;
}

static volatile uint16_t *map_screen(int fd)
{
	void *cells = mmap(NULL, SCREEN_BYTES, RW, MAP_SHARED, fd, 0);

	CHECK(cells != MAP_FAILED);
	return cells;
}

TEST(machine, a_screen_is_written_to)
{
	int fd = open_screen();
	volatile uint16_t *cells = map_screen(fd), *again, before;

	before = cells[100];
	for (int i = 0; i < 80; i++)
		cells[100 + i] = 0x0700 | (uint16_t)('a' + i % 26);
	CHECK_EQ(munmap((void *)cells, SCREEN_BYTES), 0);
	/* It is the device that has it, whoever maps it. */
	again = map_screen(fd);
	for (int i = 0; i < 80; i++)
		CHECK_EQ(again[100 + i], 0x0700 | ('a' + i % 26));
	again[100] = before;
}

TEST(machine, registers_are_read)
{
	int fd = machine_mmio(need_machine(), HPET, PAGE_SIZE, MACHINE_UNCACHED);
	volatile uint32_t *registers;
	void *end;

	CHECK(fd > MACHINE_HANDLE);
	registers = mmap(NULL, PAGE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(registers != MAP_FAILED);
	/* Capabilities: a vendor, and the period of a tick, at most 100 ns. */
	CHECK((registers[0] >> 16) != 0 && (registers[0] >> 16) != 0xffff);
	CHECK(registers[1] > 0 && registers[1] <= 100000000);
	CHECK_EQ(NO_CORE(status_of_write(registers)), KILLED(SIGSEGV));
	/* Behind its end there is nothing. */
	end = mmap(NULL, 2 * PAGE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(end != MAP_FAILED);
	CHECK_EQ(NO_CORE(status_of_read((char *)end + PAGE_SIZE)), KILLED(SIGBUS));
}

static volatile uint16_t *inherited;

static void write_inherited(void)
{
	CHECK_EQ(inherited[5], 0x1234);
	inherited[5] = 0x4321;
	inherited[6] = 0x5678;
}

/* Nothing is copied by fork, nothing freed by the child's end. */
TEST(machine, a_screen_is_shared_by_fork)
{
	inherited = map_screen(open_screen());
	inherited[5] = 0x1234;
	for (int i = 0; i < 3; i++) {
		inherited[5] = 0x1234;
		CHECK_EQ(status_of(write_inherited), EXITED(0));
		CHECK_EQ(inherited[5], 0x4321);
		CHECK_EQ(inherited[6], 0x5678);
	}
}

TEST(machine, a_mapped_screen_is_moved_protected_and_locked)
{
	volatile uint16_t *cells = map_screen(open_screen());
	unsigned char in[SCREEN_BYTES / PAGE_SIZE];
	void *moved;

	cells[1] = 0x1111;
	CHECK_EQ(mprotect((void *)cells, PAGE_SIZE, PROT_NONE), 0);
	CHECK_EQ(NO_CORE(status_of_read(cells)), KILLED(SIGSEGV));
	CHECK_EQ(mprotect((void *)cells, PAGE_SIZE, PROT_READ), 0);
	CHECK_EQ(cells[1], 0x1111);
	CHECK_EQ(NO_CORE(status_of_write(cells)), KILLED(SIGSEGV));
	CHECK_EQ(mprotect((void *)cells, PAGE_SIZE, RW), 0);
	cells[1] = 0x2222;
	CHECK_EQ(mlock((void *)cells, SCREEN_BYTES), 0);
	CHECK_EQ(mincore((void *)cells, SCREEN_BYTES, in), 0);
	for (unsigned int i = 0; i < sizeof(in); i++)
		CHECK_EQ(in[i], 1);
	CHECK_EQ(munlock((void *)cells, SCREEN_BYTES), 0);
	CHECK_EQ(madvise((void *)cells, SCREEN_BYTES, MADV_DONTNEED), 0);
	CHECK_EQ(cells[1], 0x2222);
	moved = mremap((void *)cells, SCREEN_BYTES, SCREEN_BYTES, MREMAP_MAYMOVE | MREMAP_FIXED,
		       (void *)0x200000000ul);
	CHECK_EQ((long)moved, 0x200000000l);
	cells = moved;
	CHECK_EQ(cells[1], 0x2222);
	CHECK_EQ(cells[SCREEN_BYTES / 2 - 1], cells[SCREEN_BYTES / 2 - 1]);
}

TEST(machine, memory_that_is_no_devices)
{
	int machine = need_machine();

	CHECK_EQ(machine_mmio(machine, 0, PAGE_SIZE, 0), -EPERM);
	CHECK_EQ(machine_mmio(machine, 0x100000, PAGE_SIZE, MACHINE_WRITE_BACK), -EPERM);
	/* A range that only begins or ends in it. */
	CHECK_EQ(machine_mmio(machine, 0xf0000, 0x20000, 0), -EPERM);
	CHECK_EQ(machine_mmio(machine, LOCAL_APIC, PAGE_SIZE, 0), -EPERM);
	CHECK_EQ(machine_mmio(machine, LOCAL_APIC - PAGE_SIZE, 2 * PAGE_SIZE, 0), -EPERM);
	CHECK_EQ(machine_mmio(machine, IO_APIC, 1, 0), -EPERM);
	CHECK_EQ(machine_mmio(machine, SCREEN + 1, PAGE_SIZE, 0), -EINVAL);
	CHECK_EQ(machine_mmio(machine, SCREEN, 0, 0), -EINVAL);
	CHECK_EQ(machine_mmio(machine, SCREEN, -1ul, 0), -EINVAL);
	CHECK_EQ(machine_mmio(machine, -PAGE_SIZE, 2 * PAGE_SIZE, 0), -EINVAL);
	CHECK_EQ(machine_mmio(machine, 1ul << 51, PAGE_SIZE, 0), -EINVAL);
	CHECK_EQ(machine_mmio(machine, 1ul << 60, PAGE_SIZE, 0), -EINVAL);
	CHECK_EQ(machine_mmio(machine, SCREEN, PAGE_SIZE, 3), -EINVAL);
	CHECK_EQ(machine_mmio(machine, SCREEN, PAGE_SIZE, 4), -EINVAL);
	CHECK_EQ(machine_mmio(0, SCREEN, PAGE_SIZE, 0), -EBADF);
	CHECK(mmap(NULL, PAGE_SIZE, RW, MAP_PRIVATE, open_screen(), 0) == MAP_FAILED);
	CHECK_EQ(errno, EINVAL);
}

/* One memory in two kinds at once is not had: by handles or by mappings that outlive them. */
TEST(machine, memory_has_one_kind_at_a_time)
{
	int machine = need_machine(), fd = open_screen(), same = open_screen();
	volatile uint16_t *cells = map_screen(fd);

	CHECK(same > fd);
	CHECK_EQ(machine_mmio(machine, SCREEN, PAGE_SIZE, MACHINE_UNCACHED), -EBUSY);
	CHECK_EQ(machine_mmio(machine, SCREEN - PAGE_SIZE, 2 * PAGE_SIZE, MACHINE_WRITE_BACK),
		 -EBUSY);
	CHECK_EQ(machine_mmio(machine, SCREEN + SCREEN_BYTES - PAGE_SIZE, PAGE_SIZE, 0), -EBUSY);
	CHECK(machine_mmio(machine, SCREEN - PAGE_SIZE, PAGE_SIZE, 0) > 0);
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(close(same), 0);
	CHECK_EQ(machine_mmio(machine, SCREEN, PAGE_SIZE, MACHINE_UNCACHED), -EBUSY);
	CHECK_EQ(munmap((void *)cells, SCREEN_BYTES), 0);
	fd = machine_mmio(machine, SCREEN, PAGE_SIZE, MACHINE_UNCACHED);
	CHECK(fd > 0);
}

/* A server that is handed the address of a device's memory in a message. */
static int reading_server(int port)
{
	struct ipc_message m;
	uint64_t words[2] = {0};
	long token = ipc_receive(port, &m, NULL), ret;

	while (m.words[0] != SERVE_END) {
		ret = m.words[1] ? ipc_write(port, token, 0, words, sizeof(words))
				 : ipc_read(port, token, 0, words, sizeof(words));
		token = ipc_reply_receive(port, token, ret, &m, NULL);
	}
	ipc_reply(port, token, 0, 0, 0, NULL);
	return 0;
}

static long send_memory(int connection, void *memory, bool to_it)
{
	struct ipc_segment s = {.addr = (uintptr_t)memory, .bytes = 16};
	struct ipc_msg m = {
		.words = {0x100, to_it},
		.out = (uintptr_t)&s,
		.in = (uintptr_t)&s,
		.nr_out = 1,
		.nr_in = 1,
	};

	return ipc_send(connection, &m);
}

TEST(machine, a_server_does_not_reach_a_clients_device)
{
	volatile uint16_t *cells = map_screen(open_screen());
	struct server s = start_server_with(reading_server);
	uint64_t memory[2] = {1, 2};

	cells[0] = 0x0741;
	CHECK_EQ(send_memory(s.connection, (void *)cells, false), -EFAULT);
	CHECK_EQ(send_memory(s.connection, (void *)cells, true), -EFAULT);
	CHECK_EQ(cells[0], 0x0741);
	CHECK_EQ(send_memory(s.connection, memory, false), 16);
	end_server(&s);
}
