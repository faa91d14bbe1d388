/* SPDX-License-Identifier: MIT */
/* One question of the decision each. */
#ifndef WN_PROBE_TESTS_H
#define WN_PROBE_TESTS_H

void test_futex(void);
void test_cgroup(void);
void test_revoke(void);
void test_race(void);
void test_huge(void);
void test_pins(void);
void test_flags(void);

#endif
