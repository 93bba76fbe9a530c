/* The way `files`: the files' server has half of the memory when a program asks for more than there is. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "user/oom/oom.h"

/* A file as long as there is room for. Its pages. */
static unsigned long fill_file(int fd)
{
	static unsigned long page[PAGE_SIZE / sizeof(unsigned long)];
	unsigned long n = 0;

	for (;; page[0] = ++n) {
		ssize_t done = write(fd, page, sizeof(page));

		if (done != (ssize_t)sizeof(page)) {
			REQUIRE(done < 0 && errno == ENOSPC);
			return n;
		}
	}
}

/* The files' server has more than who then asks for too much, and is needed more. */
int oom_files(void)
{
	int fd = open("/tmp/full", O_RDWR | O_CREAT | O_TRUNC, 0600);
	unsigned long n, value;

	(void)free_pages();
	REQUIRE(fd >= 0);
	n = fill_file(fd);
	REQUIRE(n > total_pages / 4);
	REQUIRE(killed(end_of(start(take_private))));
	for (unsigned long i = 0; i < n; i++)
		REQUIRE(pread(fd, &value, sizeof(value), (off_t)(i * PAGE_SIZE)) == sizeof(value) &&
			value == i);
	REQUIRE(unlink("/tmp/full") == 0 && close(fd) == 0);
	say("OOM: PASS");
	return 0;
}
