/* Lines without stdio: see bench.h. A line is cut at the buffer's end. */
#include "user/bench/bench.h"
#include "user/lib/rawsys.h"

static char line[200];
static size_t used;

static void put_char(char c)
{
	if (used < sizeof(line) - 1)
		line[used++] = c;
}

void put(const char *text)
{
	while (*text)
		put_char(*text++);
}

void put_number(uint64_t n)
{
	char digits[20];
	int count = 0;

	do {
		digits[count++] = '0' + n % 10;
		n /= 10;
	} while (n);
	while (count)
		put_char(digits[--count]);
}

void put_ratio(uint64_t n, uint64_t scale)
{
	uint64_t rest = n % scale;

	put_number(n / scale);
	put_char('.');
	for (int i = 0; i < 4; i++) {
		rest *= 10;
		put_char('0' + rest / scale);
		rest %= scale;
	}
}

void put_line(void)
{
	line[used++] = '\n';
	raw_syscall3(SYS_write, 1, (uintptr_t)line, used);
	used = 0;
}

bool text_equal(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

const char *text_after(const char *arg, const char *key)
{
	while (*key && *arg == *key) {
		arg++;
		key++;
	}
	return *key ? NULL : arg;
}

uint64_t text_number(const char *text)
{
	uint64_t n = 0;

	while (*text >= '0' && *text <= '9')
		n = n * 10 + (*text++ - '0');
	return n;
}
