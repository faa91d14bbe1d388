/* SPDX-License-Identifier: MIT */
/* Commands that go on until they are told to stop: ^C, SIGTERM; and by a deadline. */
#ifndef WN_STOP_H
#define WN_STOP_H

#include <stdbool.h>
#include <linux/types.h>

/* From now on the signals only set a flag, and interrupt waits. */
void wn_stop_begin(void);
bool wn_stopped(void);
void wn_stop_end(void);

/* Sleep so many ns, or until told to stop. */
void wn_stop_sleep(__u64 ns);

#endif
