/* Turns the real-time clock's registers into seconds: see rtc.h. Pure. */
#include "arch/x86/rtc.h"

#define B_24H    0x02
#define B_BINARY 0x04
#define HOUR_PM  0x80

/* -1 when a digit is none. */
static int field(u8 v, const struct rtc_regs *r)
{
	if (r->status_b & B_BINARY)
		return v;
	return (v & 0xf) > 9 || v >> 4 > 9 ? -1 : (v >> 4) * 10 + (v & 0xf);
}

static int hour_of(const struct rtc_regs *r)
{
	int h;

	if (r->status_b & B_24H)
		return field(r->hour, r);
	h = field(r->hour & ~HOUR_PM, r);
	if (h < 1 || h > 12)
		return -1;
	return h % 12 + (r->hour & HOUR_PM ? 12 : 0);
}

static int year_of(const struct rtc_regs *r)
{
	int year = field(r->year, r), century = field(r->century, r);

	if (year < 0 || year > 99)
		return -1;
	if (r->century && century >= 19 && century <= 29)
		return century * 100 + year;
	return year + (year < 70 ? 2000 : 1900);
}

static bool leap(int y)
{
	return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

static int month_days(int year, int month)
{
	static const u8 days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && leap(year));
}

s64 rtc_to_epoch(const struct rtc_regs *r)
{
	int sec = field(r->second, r), min = field(r->minute, r), hour = hour_of(r);
	int day = field(r->day, r), month = field(r->month, r), year = year_of(r);
	s64 days = 0;

	if (sec < 0 || sec > 59 || min < 0 || min > 59 || hour < 0 || hour > 23 || year < 1970)
		return -1;
	if (month < 1 || month > 12 || day < 1 || day > month_days(year, month))
		return -1;
	for (int y = 1970; y < year; y++)
		days += leap(y) ? 366 : 365;
	for (int m = 1; m < month; m++)
		days += month_days(year, m);
	days += day - 1;
	return ((days * 24 + hour) * 60 + min) * 60 + sec;
}
