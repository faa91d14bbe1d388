/* SPDX-License-Identifier: GPL-2.0-only */
/* Load-time self test of the core, in debug builds (WN_DEBUG=1). */
#ifndef WN_SELFTEST_H
#define WN_SELFTEST_H

#ifdef WN_SELFTEST
int wn_selftest(void);
#else
static inline int wn_selftest(void)
{
	return 0;
}
#endif

#endif
