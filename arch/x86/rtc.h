/*
 * The real-time clock in CMOS (MC146818): the date, once, at boot.
 *
 * rtc_to_epoch() is pure, for host tests; rtc_read_epoch() asks the device.
 */
#ifndef ARCH_X86_RTC_H
#define ARCH_X86_RTC_H

#include "kernel/base/types.h"

/* Registers as they are in the device: BCD or binary, 12 or 24 hours, as register B says. */
struct rtc_regs {
	u8 second, minute, hour, day, month, year, century;
	u8 status_b;
};

/* Seconds since 1970 UTC, or -1 when the registers hold no date. A century of 0 means "from 1970 to
 * 2069". */
s64 rtc_to_epoch(const struct rtc_regs *r);

/* Boot CPU. `century_reg`: from the FADT, 0 when there is none. -1 when the device holds no date.
 */
s64 rtc_read_epoch(u8 century_reg);

#endif
