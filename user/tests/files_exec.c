/* ABI tests: programs and mappings whose pages come from a server. */
#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "user/tests/files.h"

#define PATH(s) ((uintptr_t)(s))
#define CWD     ((uintptr_t)AT_FDCWD)
#define BASE    0x400000ul

/*
 * A program that tells the server what it was started with: mkdir(2) of each argument, then of AT_EXECFN; it exits with
 * the number of arguments.
 */
__asm__(".pushsection .rodata\n"
	"program_begin:\n"
	"	mov (%rsp), %r12\n"
	"	lea 8(%rsp), %r13\n"
	"1:	mov (%r13), %rdi\n"
	"	add $8, %r13\n"
	"	test %rdi, %rdi\n"
	"	jz 2f\n"
	"	mov $83, %eax\n"
	"	syscall\n"
	"	jmp 1b\n"
	"2:	mov (%r13), %rdi\n"
	"	add $8, %r13\n"
	"	test %rdi, %rdi\n"
	"	jnz 2b\n"
	"3:	mov (%r13), %rax\n"
	"	mov 8(%r13), %rdi\n"
	"	add $16, %r13\n"
	"	cmp $31, %rax\n"
	"	jne 3b\n"
	"	mov $83, %eax\n"
	"	syscall\n"
	"	mov %r12, %rdi\n"
	"	mov $60, %eax\n"
	"	syscall\n"
	"program_end:\n"
	".popsection\n");

extern const char program_begin[], program_end[];

static struct script_answer *answer_file(const void *data, size_t bytes)
{
	struct script_answer *a = script_answer(0);

	CHECK(bytes <= sizeof(a->data));
	memcpy(a->data, data, bytes);
	a->data_bytes = a->word = bytes;
	a->map = true;
	return a;
}

static struct script_answer *answer_program(void)
{
	const size_t code = (size_t)(program_end - program_begin);
	const size_t headers = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr);
	const Elf64_Ehdr eh = {
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_entry = BASE + headers,
		.e_phoff = sizeof(eh),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 1,
	};
	const Elf64_Phdr ph = {
		.p_type = PT_LOAD,
		.p_flags = PF_R | PF_X,
		.p_vaddr = BASE,
		.p_filesz = headers + code,
		.p_memsz = headers + code,
	};
	char file[512];

	CHECK(headers + code <= sizeof(file));
	memcpy(file, &eh, sizeof(eh));
	memcpy(file + sizeof(eh), &ph, sizeof(ph));
	memcpy(file + headers, program_begin, code);
	return answer_file(file, headers + code);
}

static struct script_answer *answer_text(const char *text)
{
	return answer_file(text, strlen(text));
}

/* What the child that runs it exits with. */
static int run(uintptr_t dirfd, const char *path, int flags, const char *const *argv)
{
	const char *const envp[] = {"NAME=value", NULL};
	pid_t pid = fork();

	if (pid == 0)
		_exit((int)-raw_syscall6(SYS_execveat, dirfd, PATH(path), PATH(argv), PATH(envp),
					 flags, 0));
	return status_of_pid(pid) >> 8;
}

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void check_map(unsigned int back, const char *path)
{
	check_seen(script_last(back), FS_MAP, 0, path, PROT_READ | PROT_EXEC | FS_MAP_EXEC, 0, 0);
}

static void check_said(unsigned int back, const char *what)
{
	CHECK_EQ(script_last(back)->op, FS_MAKE);
	CHECK_EQ(strcmp(script_last(back)->path, what), 0);
}

TEST(files, exec_maps_the_file)
{
	pid_t pid;

	script_start();
	answer_program();
	CHECK_EQ(run(CWD, "bin/program", 0, ARGS("zero", "one", "two")), 3);
	check_map(4, "bin/program");
	check_said(3, "zero");
	check_said(2, "one");
	check_said(1, "two");
	check_said(0, "bin/program");
	/* By the older call. */
	answer_program();
	pid = fork();
	if (pid == 0) {
		(void)raw_syscall3(SYS_execve, PATH("/program"), 0, 0);
		_exit(99);
	}
	CHECK_EQ(status_of_pid(pid), EXITED(1));
	check_map(1, "program");
	check_said(0, "program");
	script_end(5 + 2);
}

TEST(files, exec_says_what_the_server_says)
{
	script_start();
	script_answer(-EACCES);
	CHECK_EQ(run(CWD, "x", 0, ARGS("x")), EACCES);
	answer_text("not a program");
	CHECK_EQ(run(CWD, "x", 0, ARGS("x")), ENOEXEC);
	/* An empty file; no object; what is no object; one that is shorter than it is said. */
	script_answer(0);
	CHECK_EQ(run(CWD, "x", 0, ARGS("x")), ENOEXEC);
	script_answer(0)->connections = 1;
	CHECK_EQ(run(CWD, "x", 0, ARGS("x")), EIO);
	answer_text("\177ELF")->word = 1l << 40;
	CHECK_EQ(run(CWD, "x", 0, ARGS("x")), ENOEXEC);
	CHECK_EQ(run(CWD, "", 0, ARGS("x")), ENOENT);
	CHECK_EQ(run(CWD, "x", 1, ARGS("x")), EINVAL);
	script_end(5);
}

TEST(files, a_script_names_its_interpreter)
{
	script_start();
	answer_text("#! /bin/outer  an argument \necho");
	answer_text("#!inner\n");
	answer_program();
	CHECK_EQ(run(CWD, "script", 0, ARGS("zero", "one")), 5);
	check_map(8, "script");
	check_map(7, "bin/outer");
	check_map(6, "inner");
	check_said(5, "inner");
	check_said(4, "bin/outer");
	check_said(3, "an argument");
	check_said(2, "script");
	check_said(1, "one");
	check_said(0, "script");
	answer_text("#!\n");
	CHECK_EQ(run(CWD, "x", 0, ARGS("x")), ENOEXEC);
	answer_text("#!/bin/sh\n");
	script_answer(-ENOENT);
	CHECK_EQ(run(CWD, "x", 0, ARGS("x")), ENOENT);
	script_end(9 + 3);
}

TEST(files, interpreters_of_interpreters_come_to_an_end)
{
	script_start();
	for (unsigned int i = 0; i < 5; i++)
		answer_text("#!x");
	answer_program();
	CHECK_EQ(run(CWD, "x", 0, ARGS("x")), 6);
	for (unsigned int i = 0; i < 6; i++)
		answer_text("#!x");
	answer_program();
	CHECK_EQ(run(CWD, "x", 0, ARGS("x")), ELOOP);
	script_end(6 + 7 + 7);
}

/* Names as Linux makes them up. */
TEST(files, exec_from_a_descriptor)
{
	char name[32];
	int fd;

	script_start();
	script_answer(0)->connections = 1;
	fd = open("dir", O_RDONLY);
	CHECK(fd > 2);
	answer_program();
	CHECK_EQ(run((uintptr_t)fd, "", AT_EMPTY_PATH, ARGS("x")), 1);
	check_map(2, NULL);
	CHECK_EQ(script_last(2)->cookie, 1);
	snprintf(name, sizeof(name), "dev/fd/%d", fd);
	check_said(0, name);
	answer_program();
	CHECK_EQ(run((uintptr_t)fd, "in/it", AT_SYMLINK_NOFOLLOW, ARGS("x")), 1);
	check_seen(script_last(2), FS_MAP, FS_NOFOLLOW, "in/it",
		   PROT_READ | PROT_EXEC | FS_MAP_EXEC, 0, 0);
	CHECK_EQ(script_last(2)->cookie, 1);
	snprintf(name, sizeof(name), "dev/fd/%d/in/it", fd);
	check_said(0, name);
	CHECK_EQ(run(99, "x", 0, ARGS("x")), EBADF);
	CHECK_EQ(close(fd), 0);
	script_end(1 + 3 + 3);
}

/* --- mmap --- */

static char *map(int prot, int flags, uint64_t offset)
{
	return (char *)raw_syscall6(SYS_mmap, 0, 2 * PAGE_SIZE, prot, flags, script->connection,
				    offset);
}

TEST(files, mmap_shows_the_object)
{
	char *p;

	script_start();
	answer_text("contents");
	p = map(PROT_READ | PROT_WRITE, MAP_PRIVATE, 0);
	check_seen(script_last(0), FS_MAP, 0, NULL, PROT_READ | PROT_WRITE, 0, 0);
	CHECK_EQ(strcmp(p, "contents"), 0);
	p[0] = 'C';
	CHECK_EQ(strcmp(p, "Contents"), 0);
	/* The object has one page. */
	CHECK_EQ(status_of_read(p + PAGE_SIZE), KILLED(SIGBUS));
	CHECK_EQ(munmap(p, 2 * PAGE_SIZE), 0);
	answer_text("contents");
	p = map(PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	check_seen(script_last(0), FS_MAP, 0, NULL, PROT_READ | PROT_WRITE | FS_MAP_SHARED, 0, 0);
	CHECK_EQ(status_of_write(p), 0);
	CHECK_EQ(p[0], 99);
	script_answer(-EACCES);
	CHECK_EQ((long)map(PROT_READ, MAP_PRIVATE, 0), -EACCES);
	script_answer(0);
	CHECK_EQ((long)map(PROT_READ, MAP_PRIVATE, 0), -EIO);
	script_answer(0)->connections = 1;
	CHECK_EQ((long)map(PROT_READ, MAP_PRIVATE, 0), -EIO);
	CHECK_EQ((long)map(PROT_READ, MAP_PRIVATE, 1), -EINVAL);
	CHECK_EQ(raw_syscall6(SYS_mmap, 0, PAGE_SIZE, PROT_READ, MAP_PRIVATE, 1, 0), -ENODEV);
	script_end(5);
}

/* Who could not write to the file cannot make its pages writable either. */
TEST(files, a_shared_mapping_has_the_rights_of_its_descriptor)
{
	char *p;

	script_start();
	script_answer(O_RDONLY);
	answer_text("contents");
	p = map(PROT_READ, MAP_SHARED, 0);
	check_seen(script_last(1), FS_GETFL, 0, NULL, 0, 0, 0);
	CHECK_EQ(p[0], 'c');
	CHECK_EQ(raw_syscall3(SYS_mprotect, PATH(p), PAGE_SIZE, PROT_READ | PROT_WRITE), -EACCES);
	script_answer(O_RDWR);
	answer_text("contents");
	p = map(PROT_READ, MAP_SHARED, 0);
	CHECK_EQ(raw_syscall3(SYS_mprotect, PATH(p), PAGE_SIZE, PROT_READ | PROT_WRITE), 0);
	p[0] = 'C';
	script_end(4);
}
