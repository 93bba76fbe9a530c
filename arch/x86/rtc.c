/* Reads the real-time clock: see rtc.h. Registers: MC146818A data sheet. */
#include "arch/x86/rtc.h"

#include "arch/cpu.h"
#include "arch/x86/io.h"
#include "kernel/base/string.h"

#define CMOS_INDEX 0x70
#define CMOS_DATA  0x71

#define RTC_SECOND   0x00
#define RTC_MINUTE   0x02
#define RTC_HOUR     0x04
#define RTC_DAY      0x07
#define RTC_MONTH    0x08
#define RTC_YEAR     0x09
#define RTC_STATUS_A 0x0a
#define RTC_STATUS_B 0x0b

#define A_UPDATING 0x80

/* An update takes 2 ms; a port access is hardly less than 0.1 us. */
#define UPDATE_POLLS 100000
#define READ_TRIES   10

static u8 cmos_read(u8 reg)
{
	outb(CMOS_INDEX, reg);
	return inb(CMOS_DATA);
}

static struct rtc_regs read_once(u8 century_reg)
{
	for (int i = 0; i < UPDATE_POLLS && (cmos_read(RTC_STATUS_A) & A_UPDATING); i++)
		cpu_relax();
	return (struct rtc_regs){
		.second = cmos_read(RTC_SECOND),
		.minute = cmos_read(RTC_MINUTE),
		.hour = cmos_read(RTC_HOUR),
		.day = cmos_read(RTC_DAY),
		.month = cmos_read(RTC_MONTH),
		.year = cmos_read(RTC_YEAR),
		.century = century_reg ? cmos_read(century_reg) : 0,
		.status_b = cmos_read(RTC_STATUS_B),
	};
}

s64 rtc_read_epoch(u8 century_reg)
{
	struct rtc_regs a = read_once(century_reg), b;

	/* An update in the midst of the reads shows as two that differ. */
	for (int i = 0; i < READ_TRIES; i++) {
		b = read_once(century_reg);
		if (memcmp(&a, &b, sizeof(a)) == 0)
			return rtc_to_epoch(&a);
		a = b;
	}
	return -1;
}
