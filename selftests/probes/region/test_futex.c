// SPDX-License-Identifier: MIT
/* Which futexes work on a word of a region. */
#define _GNU_SOURCE
#include "tests.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "tap.h"

static int futex(uint32_t *word, int op, uint32_t val)
{
	struct timespec ten = { .tv_sec = 10 };
	long r = syscall(SYS_futex, word, op, val, (op & FUTEX_CMD_MASK) == FUTEX_WAIT ? &ten : NULL,
			 NULL, 0);

	return r < 0 ? -errno : (int)r;
}

/* Waiting for a value that is not there: EAGAIN if the key could be made. */
static int usable(uint32_t *word, int flag)
{
	return futex(word, FUTEX_WAIT | flag, *word + 1);
}

/* A wait in one process, a wake in another; each with a client of its own. */
static bool wakes_across(unsigned int backing)
{
	struct client a = client_maker(BY_INODE, backing, 1, PROBE_INSERT, 0);
	uint32_t *word = client_map(&a, 0, 1, PROT_READ | PROT_WRITE);
	int i, woken = 0, status;
	pid_t pid;

	must(word != MAP_FAILED);
	pid = fork();
	if (!pid) {
		struct client b = client_joiner(BY_INODE, &a, PROBE_INSERT, 0);
		uint32_t *w = client_map(&b, 0, 1, PROT_READ);

		_exit(futex(w, FUTEX_WAIT, 0) ? 1 : 0);
	}
	for (i = 0; i < 100 && woken != 1; i++) {
		usleep(20000);
		woken = futex(word, FUTEX_WAKE, 1);
		if (woken < 0)
			break;
	}
	if (woken != 1)
		kill(pid, SIGKILL);
	must(waitpid(pid, &status, 0) == pid);
	munmap(word, PAGE);
	client_close(&a);
	return woken == 1 && WIFEXITED(status) && !WEXITSTATUS(status);
}

void test_futex(void)
{
	static const unsigned int inserts[] = { PROBE_INSERT, PROBE_PFN };
	unsigned int b, i;

	for (b = PROBE_PAGES; b <= PROBE_SHMEM; b++) {
		for (i = 0; i < 2; i++) {
			struct client c = client_maker(BY_INODE, b, 1, inserts[i], 0);
			uint32_t *word = client_map(&c, 0, 1, PROT_READ | PROT_WRITE);
			bool by_key = b == PROBE_SHMEM && inserts[i] == PROBE_INSERT;
			int shared, private;

			must(word != MAP_FAILED);
			shared = usable(word, 0);
			private = usable(word, FUTEX_PRIVATE_FLAG);
			fact("futex %s/%s: shared %s, private %s", backing_name[b],
			     insert_name[inserts[i]], err_name(shared), err_name(private));
			tap_ok(shared == (by_key ? -EAGAIN : -EFAULT),
			       "futex: shared on %s/%s is %s", backing_name[b],
			       insert_name[inserts[i]], by_key ? "usable" : "refused");
			tap_ok(private == -EAGAIN, "futex: private on %s/%s is usable",
			       backing_name[b], insert_name[inserts[i]]);
			munmap(word, PAGE);
			client_close(&c);
		}
	}
	tap_ok(wakes_across(PROBE_SHMEM), "futex: a wake crosses processes on shmem");
}
