/* Cases that go wrong, each in its way: for the tests of the frame and of tools/conformance.py. */
#include <signal.h>

#include "user/conformance/conform.h"

CASE(frame, says_and_exits)
{
	show("one");
	show_ret("two", -EAGAIN);
	_exit(7);
}

CASE(frame, crashes)
{
	show("before");
	__asm__ volatile("movl $1, 8" ::: "memory");
	show("after");
}

CASE(frame, hangs)
{
	show("before");
	for (;;)
		nap_ns(1000000000);
}

CASE(frame, says_nothing)
{
}

HELPER(frame_says)
{
	show("after exec: %d arguments, the first is %s, environment %s", argc, argv[0],
	     envp[0] ? "not empty" : "empty");
	return 5;
}

CASE(frame, becomes_a_helper)
{
	show_ret("execve", exec_helper("frame_says", "a", "b", NULL));
}
