// SPDX-License-Identifier: MIT
/*
 * enter DOMAIN: what one op costs, inline, nobody awake, beside the smallest
 * system call. Under an instruction-counted guest a nanosecond is an instruction
 * and the figures repeat exactly; elsewhere they are times, with their spread.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <wn.h>

#define RUNS	11

static struct wn wn;
static unsigned int batch;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void die(const char *what, int err)
{
	fprintf(stderr, "enter: %s: %s\n", what, wn_strerror(err));
	exit(1);
}

static void getppid_once(void)
{
	syscall(SYS_getppid);
}

/* What an ioctl costs that the module refuses before it looks at anything. */
static void ioctl_refused_once(void)
{
	if (ioctl(wn.fd, _IO(WN_IOC_MAGIC, 255), 0) != -1)
		die("ioctl", -EPROTO);
}

/* Enter, with nothing to do. */
static void enter_nothing_once(void)
{
	struct wn_enter e = { .size = sizeof(e) };

	if (ioctl(wn.fd, WN_IOC_ENTER, &e))
		die("enter", -errno);
}

/* Submit so many ops, enter once, read the completions. */
static void ops_once(void)
{
	unsigned int i;
	int ret;

	for (i = 0; i < batch; i++)
		wn_prep_nop(wn_get_sqe(&wn), i);
	ret = wn_submit(&wn);
	if (ret != (int)batch)
		die("submit", ret < 0 ? ret : -EPROTO);
	for (i = 0; i < batch; i++) {
		const struct wn_cqe *cqe = wn_peek_cqe(&wn);

		if (!cqe || cqe->user_data != i || cqe->res)
			die("completion", -EPROTO);
		wn_cqe_seen(&wn);
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Median, least and most of the time one call takes, a unit of work at a time. */
static double measure(const char *name, void (*once)(void), unsigned int calls, unsigned int units)
{
	double ns[RUNS];
	unsigned int run, i;

	for (i = 0; i < calls / 10 + 1; i++)
		once();
	for (run = 0; run < RUNS; run++) {
		double start = now();

		for (i = 0; i < calls; i++)
			once();
		ns[run] = (now() - start) / calls / units;
	}
	qsort(ns, RUNS, sizeof(ns[0]), compare);
	printf("%-24s median %8.1f  min %8.1f  max %8.1f\n", name, ns[RUNS / 2], ns[0],
	       ns[RUNS - 1]);
	return ns[RUNS / 2];
}

int main(int argc, char **argv)
{
	double floor, one;
	int err;

	if (argc != 2) {
		fprintf(stderr, "usage: enter DOMAIN\n");
		return 2;
	}
	err = wn_open(&wn, argv[1], NULL);
	if (err)
		die(argv[1], err);
	printf("per op, ns (instructions in an instruction-counted guest); %d runs\n", RUNS);
	floor = measure("getppid", getppid_once, 2000, 1);
	measure("ioctl, refused", ioctl_refused_once, 2000, 1);
	measure("enter, nothing to do", enter_nothing_once, 2000, 1);
	batch = 1;
	one = measure("nop, batch 1", ops_once, 2000, 1);
	batch = 16;
	measure("nop, batch 16", ops_once, 500, 16);
	batch = 64;
	measure("nop, batch 64", ops_once, 200, 64);
	printf("batch 1 above getppid: %.1f\n", one - floor);
	wn_close(&wn);
	return 0;
}
