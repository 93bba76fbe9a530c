/*
 * The server of /proc: processes, the machine, the kernel half of the root tables, as texts in Linux's formats.
 *
 *	proc port=FD processes=FD
 *
 * port: receives here; the connection with cookie 0 is mounted at /proc. processes: the process-information right.
 *
 * Nothing outlives it but its port: descriptors of a predecessor are -EIO.
 */
#include <string.h>

#include "user/lib/freewalk.h"
#include "user/proc/gather.h"
#include "user/proc/serve.h"

int main(int argc, char **argv)
{
	static const char *const keys[] = {"port", "processes", NULL};
	static struct fs_server server;
	unsigned long none = ~0ul, port = arg_number(argc, argv, "port", none);
	unsigned long processes = arg_number(argc, argv, "processes", none);
	long ret;

	if (port == none || processes == none || arg_unknown(argc, argv, keys)) {
		say("proc: usage: proc port=FD processes=FD");
		return 2;
	}
	server.port = (int)port;
	gather_init((int)processes);
	ret = serve_init(&server);
	if (ret) {
		say("proc: no timer: %s", strerror((int)-ret));
		return 1;
	}
	say("proc: the port is gone: %s", strerror((int)-fs_serve(&server)));
	return 1;
}
