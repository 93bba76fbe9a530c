/*
 * vsnprintf() for the kernel: see kernel/base/printk.h for what it understands.
 *
 * The result is as in C99: what the whole text would take, the terminator left out. Differences:
 * there are no floating-point conversions and no %n, %p is always 0x and 16 digits, a NULL string
 * prints "(null)", and an unknown conversion is printed as it stands, so that the mistake shows.
 */
#include "kernel/base/printk.h"
#include "kernel/base/string.h"

/* Digits of the largest value in octal, the shortest base. */
#define MAX_DIGITS 22

struct out {
	char *buf;
	size_t size; /* room for characters, the terminator left out */
	size_t len;  /* characters produced, whether or not they fitted */
};

enum length { LEN_CHAR, LEN_SHORT, LEN_INT, LEN_LONG };

struct spec {
	bool left;
	bool zero;
	bool plus;
	bool space;
	bool alternate;
	bool upper;
	int width;
	int precision; /* -1: none given */
	enum length length;
};

static void put(struct out *o, char c)
{
	if (o->len < o->size)
		o->buf[o->len] = c;
	o->len++;
}

static void put_run(struct out *o, const char *s, size_t n)
{
	while (n--)
		put(o, *s++);
}

static void pad(struct out *o, char c, int n)
{
	while (n-- > 0)
		put(o, c);
}

/* Writes the digits of v so that they end before `end`; returns the first. 0 has no digits. */
static char *digits(char *end, u64 v, unsigned int base, bool upper)
{
	const char *set = upper ? "0123456789ABCDEF" : "0123456789abcdef";

	for (; v; v /= base)
		*--end = set[v % base];
	return end;
}

/* prefix: a sign or "0x", at most two characters. */
static void put_number(struct out *o, const struct spec *s, u64 v, unsigned int base,
		       const char *prefix)
{
	char buf[MAX_DIGITS];
	char *end = buf + sizeof(buf);
	char *p = digits(end, v, base, s->upper);
	int n = (int)(end - p);
	int prefix_len = (int)strlen(prefix);
	int zeros = MAX(s->precision < 0 ? 1 : s->precision, 0) - n;
	int blanks;

	zeros = MAX(zeros, 0);
	if (s->zero && !s->left && s->precision < 0)
		zeros = MAX(zeros, s->width - prefix_len - n);
	blanks = s->width - prefix_len - zeros - n;

	if (!s->left)
		pad(o, ' ', blanks);
	put_run(o, prefix, (size_t)prefix_len);
	pad(o, '0', zeros);
	put_run(o, p, (size_t)n);
	if (s->left)
		pad(o, ' ', blanks);
}

static void put_string(struct out *o, const struct spec *s, const char *str)
{
	size_t n;

	if (!str)
		str = "(null)";
	n = strnlen(str, s->precision < 0 ? SIZE_MAX : (size_t)s->precision);
	if (!s->left)
		pad(o, ' ', s->width - (int)n);
	put_run(o, str, n);
	if (s->left)
		pad(o, ' ', s->width - (int)n);
}

static u64 unsigned_arg(const struct spec *s, va_list *ap)
{
	switch (s->length) {
	case LEN_CHAR:
		return (u8)va_arg(*ap, unsigned int);
	case LEN_SHORT:
		return (u16)va_arg(*ap, unsigned int);
	case LEN_INT:
		return va_arg(*ap, unsigned int);
	default:
		return va_arg(*ap, unsigned long);
	}
}

static s64 signed_arg(const struct spec *s, va_list *ap)
{
	switch (s->length) {
	case LEN_CHAR:
		return (s8)va_arg(*ap, int);
	case LEN_SHORT:
		return (s16)va_arg(*ap, int);
	case LEN_INT:
		return va_arg(*ap, int);
	default:
		return va_arg(*ap, long);
	}
}

static void put_signed(struct out *o, const struct spec *s, s64 v)
{
	const char *sign = v < 0 ? "-" : s->plus ? "+" : s->space ? " " : "";

	put_number(o, s, v < 0 ? -(u64)v : (u64)v, 10, sign);
}

static void put_hex(struct out *o, const struct spec *s, u64 v)
{
	const char *prefix = s->upper ? "0X" : "0x";

	put_number(o, s, v, 16, s->alternate && v ? prefix : "");
}

static void put_pointer(struct out *o, struct spec *s, const void *p)
{
	s->precision = 16;
	put_number(o, s, (uintptr_t)p, 16, "0x");
}

static const char *parse_flags(const char *f, struct spec *s)
{
	for (;; f++) {
		switch (*f) {
		case '-':
			s->left = true;
			break;
		case '0':
			s->zero = true;
			break;
		case '+':
			s->plus = true;
			break;
		case ' ':
			s->space = true;
			break;
		case '#':
			s->alternate = true;
			break;
		default:
			return f;
		}
	}
}

/* A number or `*`. A number that is out of all proportion is cut, not wrapped. */
static const char *parse_int(const char *f, int *value, va_list *ap)
{
	int v = 0;

	if (*f == '*') {
		*value = va_arg(*ap, int);
		return f + 1;
	}
	for (; *f >= '0' && *f <= '9'; f++)
		v = MIN(v * 10 + (*f - '0'), 1 << 20);
	*value = v;
	return f;
}

static const char *parse_length(const char *f, struct spec *s)
{
	switch (*f) {
	case 'h':
		s->length = f[1] == 'h' ? LEN_CHAR : LEN_SHORT;
		return f[1] == 'h' ? f + 2 : f + 1;
	case 'l':
		s->length = LEN_LONG;
		return f[1] == 'l' ? f + 2 : f + 1;
	case 'z':
	case 't':
	case 'j':
		s->length = LEN_LONG;
		return f + 1;
	default:
		return f;
	}
}

/* `f` is past the percent sign; returns the conversion character's place. */
static const char *parse_spec(const char *f, struct spec *s, va_list *ap)
{
	*s = (struct spec){.precision = -1, .length = LEN_INT};
	f = parse_flags(f, s);
	f = parse_int(f, &s->width, ap);
	if (s->width < 0) {
		s->left = true;
		s->width = s->width == INT_MIN ? INT_MAX : -s->width;
	}
	if (*f == '.')
		f = parse_int(f + 1, &s->precision, ap);
	return parse_length(f, s);
}

/* False: no such conversion, nothing consumed. */
static bool convert(struct out *o, struct spec *s, char conversion, va_list *ap)
{
	char c;

	switch (conversion) {
	case 'd':
	case 'i':
		put_signed(o, s, signed_arg(s, ap));
		return true;
	case 'u':
		put_number(o, s, unsigned_arg(s, ap), 10, "");
		return true;
	case 'X':
		s->upper = true;
		put_hex(o, s, unsigned_arg(s, ap));
		return true;
	case 'x':
		put_hex(o, s, unsigned_arg(s, ap));
		return true;
	case 'o':
		put_number(o, s, unsigned_arg(s, ap), 8, "");
		return true;
	case 'p':
		put_pointer(o, s, va_arg(*ap, void *));
		return true;
	case 's':
		put_string(o, s, va_arg(*ap, const char *));
		return true;
	case 'c':
		c = (char)va_arg(*ap, int);
		if (!s->left)
			pad(o, ' ', s->width - 1);
		put(o, c);
		if (s->left)
			pad(o, ' ', s->width - 1);
		return true;
	case '%':
		put(o, '%');
		return true;
	default:
		return false;
	}
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct out o = {.buf = buf, .size = size ? size - 1 : 0};
	struct spec s;
	const char *f;
	va_list args;

	va_copy(args, ap);
	while (*fmt) {
		if (*fmt != '%') {
			put(&o, *fmt++);
			continue;
		}
		f = parse_spec(fmt + 1, &s, &args);
		if (*f && convert(&o, &s, *f, &args))
			fmt = f + 1;
		else
			put(&o, *fmt++);
	}
	va_end(args);
	if (size)
		buf[MIN(o.len, size - 1)] = '\0';
	return (int)o.len;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}
