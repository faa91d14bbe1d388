/* SPDX-License-Identifier: MIT */
/*
 * Every allocation of a system call fails in turn: the n-th, for n = 1, 2, ... until the
 * call needs no more (/proc/thread-self/fail-nth, kernels with fault injection; copies from
 * and to user space count, too). Once in a program, after harness.h; the fixture has a
 * member "int nth" for wt_fault_open().
 */
#ifndef WN_SELFTESTS_FAULTY_H
#define WN_SELFTESTS_FAULTY_H

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define WT_FAULT_NTH	"/proc/thread-self/fail-nth"
#define WT_FAULT_DEBUGFS "/sys/kernel/debug"
#define WT_FAULT_MOST	20000	/* more failures than a call can have */

/* Fail what may sleep, of any size, too. */
static bool wt_fault_prepare(void)
{
	return !wt_write_file(WT_FAULT_DEBUGFS "/failslab/ignore-gfp-wait", "N") &&
	       !wt_write_file(WT_FAULT_DEBUGFS "/fail_page_alloc/ignore-gfp-wait", "N") &&
	       !wt_write_file(WT_FAULT_DEBUGFS "/fail_page_alloc/ignore-gfp-highmem", "N") &&
	       !wt_write_file(WT_FAULT_DEBUGFS "/fail_page_alloc/min-order", "0");
}

static int wt_fault_open(void)
{
	return wt_open(WT_FAULT_NTH, O_RDWR);
}

static void wt_fault(int fd, int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", n);

	/* The copying of this word can be what fails; then it is not asked for any more. */
	if (pwrite(fd, text, len, 0) != len && pwrite(fd, text, len, 0) != len)
		abort();
}

/* Whether the failure that was asked for came; none is asked for any more. */
static bool wt_fault_came(int fd)
{
	char text[16] = "";
	bool came;

	/* If the copying of this answer failed, the call before it did not. */
	came = pread(fd, text, sizeof(text) - 1, 0) > 0 && atoi(text) == 0;
	wt_fault(fd, 0);
	return came;
}

/*
 * Run call with its n-th allocation failing, for every n; check what holds after a failure,
 * undo after a success. Says how many there were. The last time nothing fails, so it was
 * seen to work after all of them.
 */
#define WT_EACH_FAULT(call, check, undo)					\
do {										\
	int nth, failures = 0;							\
	for (nth = 1; nth < WT_FAULT_MOST; nth++) {				\
		bool came;							\
		long err;							\
		wt_fault(self->nth, nth);					\
		err = (call);							\
		came = wt_fault_came(self->nth);				\
		ASSERT_TRUE(err >= 0 || (came && (err == -ENOMEM || err == -EFAULT))) \
			TH_LOG("%s: allocation %d: %ld", #call, nth, err);	\
		if (err < 0) {							\
			failures++;						\
			check;							\
		} else {							\
			undo;							\
		}								\
		if (!came)							\
			break;							\
	}									\
	TH_LOG("%s: %d allocations, %d failures", #call, nth - 1, failures);	\
	EXPECT_GT(failures, 0);							\
	EXPECT_LT(nth, WT_FAULT_MOST);						\
} while (0)

#define WT_FAULT_MAIN								\
int main(int argc, char **argv)							\
{										\
	wt_need_module();							\
	if (access(WT_FAULT_NTH, W_OK))						\
		wt_skip_all("this kernel has no fault injection");		\
	if (!wt_fault_prepare())						\
		wt_skip_all("fault injection cannot be set up in " WT_FAULT_DEBUGFS); \
	return test_harness_run(argc, argv);					\
}

#endif
