// SPDX-License-Identifier: MIT
/*
 * A fault, or an mmap, that is under way while its client is revoked: does
 * the page it brings survive the revocation? The module can hold both at the
 * bad moment; a second part lets them race by themselves.
 */
#define _GNU_SOURCE
#include "tests.h"

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "tap.h"

#define OLD	42
#define NEW	4711
#define ROUNDS	2000	/* or */
#define SECONDS	20

/* Maps and touches, which stalls; later tells what it sees then. */
static int victim(struct client *v, int go)
{
	volatile uint64_t *p = client_map(v, 0, 1, PROT_READ);
	char byte;

	if ((void *)p == MAP_FAILED)
		return 2;
	(void)*p;
	must(read(go, &byte, 1) == 1);
	return *p == NEW;
}

/* True if the victim sees what was written after its revocation. */
static bool survives(unsigned int insert, unsigned int point)
{
	struct client m = client_maker(BY_INODE, PROBE_PAGES, 1, PROBE_INSERT, 0);
	struct client v = client_joiner(BY_INODE, &m, insert, 0);
	int go[2], status, i;
	pid_t pid, revoker;

	client_poke(&m, 0, OLD);
	must(!pipe(go));
	must(!ioctl(v.fd, PROBE_IOC_STALL, &(__u32){ point }));
	pid = fork();
	if (!pid)
		_exit(victim(&v, go[0]));
	must(!ioctl(v.fd, PROBE_IOC_STALLED));
	revoker = fork();
	if (!revoker) {
		client_revoke(&v, 0, 1);
		_exit(0);
	}
	/* It either gets through at once, or waits for the fault to end. */
	for (i = 0; i < 30 && !waitpid(revoker, &status, WNOHANG); i++)
		usleep(10000);
	must(!ioctl(v.fd, PROBE_IOC_RESUME));
	if (i == 30)
		must(waitpid(revoker, &status, 0) == revoker);
	client_poke(&m, 0, NEW);
	must(write(go[1], "", 1) == 1);
	must(waitpid(pid, &status, 0) == pid);
	must(WIFEXITED(status) && WEXITSTATUS(status) < 2);
	close(go[0]);
	close(go[1]);
	client_close(&v);
	client_close(&m);
	return WEXITSTATUS(status) == 1;
}

enum { RUN, STOP, STOPPED, QUIT };

struct shared {
	_Atomic int phase;
	_Atomic uint64_t seen;
};

static void fault_all_day(struct client *v, struct shared *s)
{
	volatile uint64_t *p = client_map(v, 0, 1, PROT_READ);

	must((void *)p != MAP_FAILED);
	while (s->phase != QUIT) {
		if (s->phase == STOP) {
			s->seen = *p;
			s->phase = STOPPED;
		}
		if (s->phase == RUN) {
			madvise((void *)p, PAGE, MADV_DONTNEED);
			(void)*p;
		}
	}
	_exit(0);
}

static void by_itself(unsigned int insert)
{
	struct client m = client_maker(BY_INODE, PROBE_PAGES, 1, PROBE_INSERT, 0);
	struct client v = client_joiner(BY_INODE, &m, insert, 0);
	struct shared *s = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
				-1, 0);
	uint64_t end = now_ns() + SECONDS * 1000000000ULL;
	int i, stale = 0, status;
	pid_t pid;

	must(s != MAP_FAILED);
	s->phase = RUN;
	pid = fork();
	if (!pid)
		fault_all_day(&v, s);
	for (i = 0; i < ROUNDS && now_ns() < end; i++) {
		client_revoke(&v, 0, 0);	/* gives all back */
		s->phase = RUN;
		usleep(i % 97);
		client_revoke(&v, 0, 1);
		client_poke(&m, 0, 1000 + i);
		s->phase = STOP;
		while (s->phase != STOPPED)
			sched_yield();
		stale += s->seen == (uint64_t)(1000 + i);
	}
	s->phase = QUIT;
	must(waitpid(pid, &status, 0) == pid);
	fact("race by itself, %s: %d of %d revocations left the page mapped", insert_name[insert],
	     stale, i);
	if (insert != PROBE_RETURN)
		tap_ok(!stale && i >= 50, "race: %s leaves nothing mapped", insert_name[insert]);
	munmap(s, PAGE);
	client_close(&v);
	client_close(&m);
}

void test_race(void)
{
	static const struct {
		unsigned int insert, point;
		bool survives;
	} cases[] = {
		{ PROBE_RETURN, PROBE_STALL_FAULT, true },
		{ PROBE_LOCKED, PROBE_STALL_FAULT, false },
		{ PROBE_INSERT, PROBE_STALL_FAULT, false },
		{ PROBE_AROUND, PROBE_STALL_FAULT, false },
		{ PROBE_PFN, PROBE_STALL_FAULT, false },
		{ PROBE_PFN_AROUND, PROBE_STALL_FAULT, false },
		{ PROBE_MMAP, PROBE_STALL_MMAP, true },
	};
	unsigned int i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool s = survives(cases[i].insert, cases[i].point);

		tap_ok(s == cases[i].survives, "race: a page on its way by %s %s the revocation",
		       insert_name[cases[i].insert], cases[i].survives ? "survives" : "does not survive");
	}
	by_itself(PROBE_RETURN);
	by_itself(PROBE_INSERT);
	by_itself(PROBE_PFN);
}
