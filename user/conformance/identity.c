/* Who a process is, and where: users, groups, capabilities, personality; names and state of the system. */
#include <string.h>
#include <sys/personality.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>

#include "user/conformance/conform.h"

#define NOBODY 0xffffffffu /* no number of a user: "leave it" in setreuid() and its kin */

CASE(identity, who_root_is)
{
	unsigned int id[3] = {9, 9, 9};

	show_ret("user", CALL(SYS_getuid));
	show_ret("effective user", CALL(SYS_geteuid));
	show_ret("group", CALL(SYS_getgid));
	show_ret("effective group", CALL(SYS_getegid));
	show_ret("users", CALL(SYS_getresuid, &id[0], &id[1], &id[2]));
	show("%u %u %u", id[0], id[1], id[2]);
	show_ret("groups", CALL(SYS_getresgid, &id[0], &id[1], &id[2]));
	show("%u %u %u", id[0], id[1], id[2]);
}

CASE(identity, root_becomes_root)
{
	show_ret("setuid", CALL(SYS_setuid, 0));
	show_ret("setgid", CALL(SYS_setgid, 0));
	show_ret("setreuid", CALL(SYS_setreuid, 0, 0));
	show_ret("setreuid, all as it was", CALL(SYS_setreuid, NOBODY, NOBODY));
	show_ret("setregid", CALL(SYS_setregid, NOBODY, 0));
	show_ret("setresuid", CALL(SYS_setresuid, 0, NOBODY, 0));
	show_ret("setresgid", CALL(SYS_setresgid, NOBODY, NOBODY, NOBODY));
	show_ret("setfsuid", CALL(SYS_setfsuid, 0));
	show_ret("setfsgid", CALL(SYS_setfsgid, 0));
	show_ret("it is", CALL(SYS_geteuid));
}

CASE(identity, errnos)
{
	unsigned int id;

	show_ret("setuid to nobody", CALL(SYS_setuid, NOBODY));
	show_ret("setgid to nobody", CALL(SYS_setgid, NOBODY));
	show_ret("setfsuid to nobody", CALL(SYS_setfsuid, NOBODY));
	show_ret("setfsgid to nobody", CALL(SYS_setfsgid, NOBODY));
	show_ret("real user to a bad address", CALL(SYS_getresuid, 1, &id, &id));
	show_ret("saved user to a bad address", CALL(SYS_getresuid, &id, &id, 1));
	show_ret("effective group to a bad address", CALL(SYS_getresgid, &id, 1, &id));
	show_ret("upper half of a number", CALL(SYS_setuid, 1ul << 32));
}

/* On Linux root may become anybody. */
CASE(identity, another_user)
{
	show_ret("setuid", CALL(SYS_setuid, 1000));
	show_ret("it is", CALL(SYS_getuid));
}

CASE(identity, other_groups)
{
	unsigned int list[4] = {0, 0, 7, 7};

	show_ret("none", CALL(SYS_setgroups, 0, 0));
	show_ret("how many", CALL(SYS_getgroups, 0, 0));
	show_ret("two", CALL(SYS_setgroups, 2, list));
	show_ret("how many", CALL(SYS_getgroups, 0, 0));
	show_ret("into one place", CALL(SYS_getgroups, 1, list));
	show_ret("into four places", CALL(SYS_getgroups, 4, list + 1));
	show("%u %u %u", list[1], list[2], list[3]);
	show_ret("to a bad address", CALL(SYS_getgroups, 4, 1));
	show_ret("fewer than none", CALL(SYS_getgroups, -1, list));
	show_ret("from a bad address", CALL(SYS_setgroups, 1, 1));
	show_ret("too many", CALL(SYS_setgroups, 65537, list));
	show_ret("less than none", CALL(SYS_setgroups, -1, list));
	list[1] = NOBODY;
	show_ret("one that is none", CALL(SYS_setgroups, 2, list));
	show_ret("still", CALL(SYS_getgroups, 0, 0));
}

HELPER(count_groups)
{
	(void)argc;
	(void)argv;
	(void)envp;
	show_ret("after exec", CALL(SYS_getgroups, 0, 0));
	return 0;
}

CASE(identity, groups_are_inherited)
{
	static const unsigned int list[3];
	pid_t pid;

	NEED(CALL(SYS_setgroups, 3, list) == 0);
	pid = fork();
	if (pid == 0) {
		show_ret("in the child", CALL(SYS_getgroups, 0, 0));
		CALL(SYS_setgroups, 1, list);
		exec_helper("count_groups", NULL, NULL, NULL);
		_exit(1);
	}
	show_status("child", status_of(pid));
	show_ret("in the parent", CALL(SYS_getgroups, 0, 0));
}

#define CAP_VERSION_1 0x19980330
#define CAP_VERSION_2 0x20071026
#define CAP_VERSION_3 0x20080522

static void try_capget(const char *what, unsigned int version, int pid, bool data)
{
	struct {
		unsigned int version;
		int pid;
	} header = {version, pid};
	struct {
		unsigned int effective, permitted, inheritable;
	} cap[2];

	memset(cap, 0x5a, sizeof(cap));
	show_ret(what, CALL(SYS_capget, &header, data ? cap : NULL));
	show("  version %#x; %x %x %x; %x %x %x", header.version, cap[0].effective,
	     cap[0].permitted, cap[0].inheritable, cap[1].effective, cap[1].permitted,
	     cap[1].inheritable);
}

CASE(identity, capabilities)
{
	try_capget("one word", CAP_VERSION_1, 0, true);
	try_capget("two words", CAP_VERSION_2, 0, true);
	try_capget("two words, newer", CAP_VERSION_3, getpid(), true);
	try_capget("unknown version", 7, 0, true);
	try_capget("what version", 0, 0, false);
	try_capget("to nowhere", CAP_VERSION_3, 0, false);
	try_capget("of nobody", CAP_VERSION_3, 4194305, true);
	try_capget("of no number", CAP_VERSION_3, -1, true);
	show_ret("bad address", CALL(SYS_capget, 1, 0));
}

CASE(identity, personality)
{
	show_ret("ask", CALL(SYS_personality, 0xffffffff));
	show_ret("Linux", CALL(SYS_personality, PER_LINUX));
	show_ret("ask", CALL(SYS_personality, 0xffffffff));
}

static void show_names(void)
{
	struct utsname names;

	NEED(uname(&names) == 0);
	show("host \"%s\", domain \"%s\"", names.nodename, names.domainname);
}

CASE(system, names_that_are_set)
{
	static const char bytes[65] =
		"0123456789012345678901234567890123456789012345678901234567890123";

	show_ret("host", CALL(SYS_sethostname, "one.example", 11));
	show_ret("domain", CALL(SYS_setdomainname, "two", 3));
	show_names();
	show_ret("shorter", CALL(SYS_sethostname, "three.example", 5));
	show_names();
	show_ret("64 bytes", CALL(SYS_sethostname, bytes, 64));
	show_ret("none", CALL(SYS_setdomainname, bytes, 0));
	show_names();
	show_ret("65 bytes", CALL(SYS_sethostname, bytes, 65));
	show_ret("less than none", CALL(SYS_setdomainname, bytes, -1));
	show_ret("bad address", CALL(SYS_sethostname, 1, 4));
	show_ret("bad address, no bytes", CALL(SYS_sethostname, 1, 0));
	show_names();
	CALL(SYS_sethostname, "(none)", 6);
	CALL(SYS_setdomainname, "(none)", 6);
}

CASE(system, sysinfo)
{
	struct sysinfo s;

	memset(&s, 0x5a, sizeof(s));
	show_ret("sysinfo", CALL(SYS_sysinfo, &s));
	show("up: %d", s.uptime > 0 && s.uptime < 1000);
	show("memory: %d", s.totalram > 16ul << 20 && s.freeram > 0 && s.freeram < s.totalram);
	show("swap %lu %lu, high %lu %lu, unit %u", s.totalswap, s.freeswap, s.totalhigh,
	     s.freehigh, s.mem_unit);
	show("processes: %d", s.procs > 1);
	show_ret("bad address", CALL(SYS_sysinfo, 1));
}

CASE(time, seconds)
{
	time_t now = 0;
	long got = CALL(SYS_time, &now);

	show("the same: %d, after the year 2020: %d", got == now, now > 1577836800);
	show_fine("to nowhere", CALL(SYS_time, 0));
	show_ret("bad address", CALL(SYS_time, 1));
}
