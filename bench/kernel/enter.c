// SPDX-License-Identifier: MIT
/*
 * enter DOMAIN [CALLS]: what the enter ioctl costs, inline, nobody awake, beside the smallest
 * system call: with nothing to do, and with ops. Under an instruction-counted guest a
 * nanosecond is an instruction and the figures repeat exactly; elsewhere they are times.
 * JSON on stdout: medians.
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

/* The median of what one call takes, a unit of work at a time. */
static double measure(void (*once)(void), unsigned int calls, unsigned int units)
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
	return ns[RUNS / 2];
}

int main(int argc, char **argv)
{
	static const unsigned int batches[] = { 1, 16, 64 };
	const unsigned int calls = argc > 2 ? (unsigned int)atoi(argv[2]) : 2000;
	unsigned int i;
	int err;

	if (argc < 2 || argc > 3 || !calls) {
		fprintf(stderr, "usage: enter DOMAIN [CALLS]\n");
		return 2;
	}
	err = wn_open(&wn, argv[1], NULL);
	if (err)
		die(argv[1], err);
	printf("{ \"getppid\": %.1f,", measure(getppid_once, calls, 1));
	printf(" \"refused\": %.1f,", measure(ioctl_refused_once, calls, 1));
	printf(" \"enter\": %.1f, \"nop\": [", measure(enter_nothing_once, calls, 1));
	for (i = 0; i < sizeof(batches) / sizeof(batches[0]); i++) {
		batch = batches[i];
		printf("%s[%u, %.1f]", i ? ", " : "", batch,
		       measure(ops_once, calls / batch + 1, batch));
	}
	printf("]\n}\n");
	wn_close(&wn);
	return 0;
}
