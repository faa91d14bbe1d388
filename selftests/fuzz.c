// SPDX-License-Identifier: MIT
/*
 * Random calls on control and domain files, from several processes at once.
 * Nothing is expected of them but that the kernel stays well and that all is
 * given back. WN_SEED and WN_ROUNDS repeat or lengthen a run.
 */
#include "common.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <wn.h>

#include "harness.h"

#define FDS	8
#define MAPS	16

struct map {
	char *at;
	size_t bytes;
};

static struct {
	const struct wt_mount *m;
	unsigned int seed;
	int fd[FDS];
	struct wn_setup s[FDS];		/* the last one that fd had */
	struct wn_user_ring *user[FDS];	/* mapped, of the client that fd was once */
	struct map map[MAPS];
	struct wn_region lane[FDS][2];	/* windows of the last end that fd got */
	uint32_t seat, life;		/* of who joined a fan last */
	int grant;			/* a capability as a file */
} z;

/* What came about, of all processes: a run that reaches nothing is no test. */
enum {
	CREATED, OPENED, SET_UP, ENABLED, ENTERED, MAPPED, STORED, REMOVED, BOUND, CONNECTED,
	ACCEPTED, FANNED, JOINED, EVICTED, SLEPT, WOKEN, LISTED, CLOSED, LANE_MAPPED, EXPORTED,
	REDEEMED, POLLED, STOPPED, TOLD, WAITED, CLASSED, JOURNALED, KINDS
};

static const char * const kinds[] = {
	"created", "opened", "set up", "enabled", "entered", "mapped", "stored", "removed", "bound",
	"connected", "accepted", "fanned", "joined", "evicted", "slept", "woken", "listed", "closed",
	"lane mapped", "exported", "redeemed", "polled", "stopped", "told", "waited", "classed",
	"journaled",
};

static uint32_t *tally;

static void count(int kind, bool came)
{
	if (came)
		__atomic_add_fetch(&tally[kind], 1, __ATOMIC_RELAXED);
}

static sigjmp_buf trap;

static uint32_t any(uint32_t below)
{
	return rand_r(&z.seed) % below;
}

static uint64_t word(void)
{
	static const uint64_t edges[] = {
		0, 1, 2, 7, 8, 16, 64, 256, 4095, 4096, 0x7fffffff, 0x80000000, 0xffffffff,
		1ULL << 36, 1ULL << 43, 1ULL << 63, UINT64_MAX,
	};

	return any(4) ? edges[any(ARRAY_SIZE(edges))] :
	       (uint64_t)rand_r(&z.seed) << 32 ^ rand_r(&z.seed) << 8 ^ rand_r(&z.seed);
}

static const char *name(void)
{
	static const char * const names[] = {
		"a", "b", "c", "control", "features", "features/nop", "", ".", "..", "nope",
	};

	return names[any(4) ? any(3) : any(ARRAY_SIZE(names))];
}

/* ------------------------------------------------------------- the calls */

static void do_open(void)
{
	static const int modes[] = { O_RDWR, O_RDWR, O_RDONLY, O_WRONLY, O_PATH };
	static const int extra[] = { 0, 0, 0, O_TRUNC, O_APPEND, O_NONBLOCK, O_DIRECT, O_CREAT };
	int *fd = &z.fd[any(FDS)];

	if (*fd >= 0)
		close(*fd);
	*fd = wt_open(wt_path(z.m, name()), modes[any(5)] | extra[any(ARRAY_SIZE(extra))]);
	count(OPENED, *fd >= 0);
}

static void client_at(uint32_t i, const char *of, bool enable)
{
	struct wn_enable e = { .size = sizeof(e) };
	struct wn_setup *s = &z.s[i];

	if (z.user[i])
		munmap(z.user[i], 4096);
	close(z.fd[i]);
	z.fd[i] = wt_open(wt_path(z.m, of), O_RDWR);
	*s = (struct wn_setup){ .size = sizeof(*s), .sq_entries = any(2) * 8 };
	count(SET_UP, !wt_ioctl(z.fd[i], WN_IOC_SETUP, s));
	if (enable)
		count(ENABLED, !wt_ioctl(z.fd[i], WN_IOC_ENABLE, &e));
	z.user[i] = wt_mmap(z.fd[i], 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED);
	if (wt_err(z.user[i]))
		z.user[i] = NULL;
}

/* As it is meant to be used, so that the others have something to spoil. */
static void do_client(void)
{
	client_at(any(FDS), name(), any(4));
}

static void do_submit(void)
{
	struct wn_enter e = {
		.size = sizeof(e), .to_submit = any(16), .min_complete = any(4), .deadline = 1,
	};
	uint32_t i = any(FDS);

	if (!z.user[i])
		return;
	z.user[i]->sq_tail += any(16);
	count(ENTERED, wt_ioctl(z.fd[i], WN_IOC_ENTER, &e) > 0);
	z.user[i]->cq_head += e.completed;
}

static void do_create(void)
{
	struct wn_domain_create c = wt_create_args(z.m->control, name());
	uint32_t *b = (uint32_t *)&c.bounds;

	c.bounds = wt_small;
	if (!any(4))
		b[any(sizeof(c.bounds) / 4)] = word();
	c.mode = any(8) ? 0666 : word();
	c.journal_kb = any(3) ? 0 : 64;
	count(CREATED, !wt_ioctl(any(8) ? z.m->control : z.fd[any(FDS)], WN_IOC_CREATE, &c));
}

/* ------------------------------------------- what it takes two clients for */

/* Read the events of the root: who does may have lanes made to it. */
static void bind_root(uint32_t i)
{
	const struct wn_region *r = wt_region(&z.s[i], WN_REGION_SQES);
	struct wn_enter e = { .size = sizeof(e), .to_submit = 1 };
	struct wn_sqe *sqes;
	uint32_t n;

	if (!z.user[i] || !r || !r->bytes)
		return;
	sqes = wt_mmap(z.fd[i], r->offset, r->bytes, PROT_READ | PROT_WRITE, MAP_SHARED);
	if (wt_err(sqes))
		return;
	/* In each slot: whichever is the next, it is this. */
	for (n = 0; n < r->bytes / sizeof(*sqes) && n < 8; n++) {
		sqes[n] = (struct wn_sqe){};
		wn_prep_bind(&sqes[n], 0, WN_POLICY_FAIL, 0);
	}
	z.user[i]->sq_tail++;
	count(BOUND, wt_ioctl(z.fd[i], WN_IOC_ENTER, &e) == 1);
	munmap(sqes, r->bytes);
}

static void keep(uint32_t i, const struct wn_region regions[2])
{
	memcpy(z.lane[i], regions, sizeof(z.lane[i]));
}

/* Its end's number, by the windows; or one that it has not. */
static uint32_t lane_of(uint32_t i)
{
	uint64_t type = z.lane[i][0].type;

	return any(8) && type >= WN_REGION_LANES ? (uint32_t)(type - WN_REGION_LANES) / 2 : any(12);
}

static void lane_call(uint32_t which, uint32_t i)
{
	const uint32_t bytes = 4096U << any(3);
	struct wn_lane_connect c = { .size = sizeof(c), .bytes = bytes };
	struct wn_fan_make m = {
		.size = sizeof(m), .bytes = bytes, .seats = 1 + any(4), .flags = any(2),
	};
	struct wn_fan_join j = { .size = sizeof(j), .lane = WN_LANE_ANY, .flags = any(2) };
	struct wn_lane_wait w = { .size = sizeof(w), .lane = WN_LANE_ANY, .deadline = 1 };
	struct wn_fan_evict e = { .size = sizeof(e), .lane = lane_of(i) };
	struct wn_lane_list l = { .size = sizeof(l) };
	struct wn_lane_accept a = { .size = sizeof(a) };
	const int fd = z.fd[i];
	bool came;

	e.seat = any(4) ? z.seat : any(4);
	e.life = any(4) ? z.life : any(6);
	switch (which) {
	case 0:
		bind_root(i);
		break;
	case 1:
		came = !wt_ioctl(fd, WN_IOC_LANE_CONNECT, &c);
		count(CONNECTED, came);
		if (came)
			keep(i, c.regions);
		break;
	case 2: case 3:
		came = !wt_ioctl(fd, WN_IOC_LANE_ACCEPT, &a);
		count(ACCEPTED, came);
		if (came)
			keep(i, a.regions);
		break;
	case 4:
		came = !wt_ioctl(fd, WN_IOC_FAN_MAKE, &m);
		count(FANNED, came);
		if (came)
			keep(i, m.regions);
		break;
	case 5:
		came = !wt_ioctl(fd, WN_IOC_FAN_JOIN, &j);
		count(JOINED, came);
		if (!came)
			break;
		keep(i, j.regions);
		z.seat = j.seat;
		z.life = j.life;
		break;
	case 6:
		count(EVICTED, !wt_ioctl(fd, WN_IOC_FAN_EVICT, &e));
		break;
	case 7:
		count(LISTED, !wt_ioctl(fd, WN_IOC_LANE_LIST, &l));
		w.lane = any(2) ? WN_LANE_ANY : lane_of(i);
		count(SLEPT, !wt_ioctl(fd, WN_IOC_LANE_WAIT, &w));
		break;
	case 8:
		count(WOKEN, !wt_ioctl(fd, WN_IOC_LANE_WAKE, (void *)(uintptr_t)lane_of(i)));
		break;
	default:
		count(CLOSED, !wt_ioctl(fd, WN_IOC_LANE_CLOSE, (void *)(uintptr_t)lane_of(i)));
	}
}

static void do_lane(void)
{
	lane_call(any(10), any(FDS));
}

static void export_from(uint32_t i)
{
	struct wn_cap_export e = {
		.size = sizeof(e), .uses = 1 + any(3), .grant = { .rights = 1 + any(WN_RIGHT_ALL) },
	};

	if (wt_ioctl(z.fd[i], WN_IOC_CAP_EXPORT, &e))
		return;
	count(EXPORTED, true);
	close(z.grant);
	z.grant = e.fd;
}

static void redeem_into(uint32_t i)
{
	struct wn_cap_redeem r = { .size = sizeof(r), .fd = z.grant };

	count(REDEEMED, !wt_ioctl(z.fd[i], WN_IOC_CAP_REDEEM, &r));
}

static void do_grant(void)
{
	any(2) ? export_from(any(FDS)) : redeem_into(any(FDS));
}

/* Two on one domain that do what is meant to be done, in order; now and then not all of it. */
static void do_pair(void)
{
	static const struct {
		uint8_t which, by;
	} steps[] = {
		{ 0, 1 }, { 1, 0 }, { 2, 1 }, { 8, 1 }, { 7, 0 }, { 9, 0 }, { 4, 0 }, { 5, 1 },
		{ 6, 0 }, { 5, 1 }, { 7, 1 },
	};
	const uint32_t first = any(FDS), by[] = { first, (first + 1 + any(FDS - 1)) % FDS };
	const char *of = name();
	uint32_t i;

	client_at(by[0], of, true);
	client_at(by[1], of, true);
	for (i = 0; i < ARRAY_SIZE(steps); i++)
		if (any(8))
			lane_call(steps[i].which, by[steps[i].by]);
	if (!any(4)) {
		export_from(by[0]);
		redeem_into(by[1]);
	}
}

static void do_watch(void)
{
	struct wn_poll_args p = { .size = sizeof(p), .idle_us = any(2000) };
	struct wn_eventfd_args e = {
		.size = sizeof(e), .flags = any(4), .fd = any(3) ? eventfd(0, EFD_CLOEXEC) : -1,
	};
	struct wn_epoch_wait w = { .size = sizeof(w), .seen = any(2), .deadline = 1 };
	const int fd = z.fd[any(FDS)];

	switch (any(4)) {
	case 0:
		count(POLLED, !wt_ioctl(fd, WN_IOC_POLL, &p));
		break;
	case 1:
		p = (struct wn_poll_args){ .size = sizeof(p), .flags = WN_POLL_STOP };
		count(STOPPED, !wt_ioctl(fd, WN_IOC_POLL, &p));
		break;
	case 2:
		count(TOLD, !wt_ioctl(fd, WN_IOC_EVENTFD, &e));
		break;
	default:
		count(WAITED, !wt_ioctl(fd, WN_IOC_WAIT_EPOCH, &w));
	}
	if (e.fd >= 0)
		close(e.fd);
}

/* Of domains by name. */
static void do_domain(void)
{
	struct wn_class_table c = {
		.size = sizeof(c), .flags = any(2) ? WN_CLASSES_SET : 0,
		.rights = { WN_RIGHT_ALL, any(8) ? WN_RIGHT_ALL : any(1024), WN_RIGHT_ALL },
	};
	char bytes[256];
	struct wn_journal_take t = {
		.size = sizeof(t), .addr = (uintptr_t)bytes, .bytes = any(sizeof(bytes) + 1),
	};
	const char *of = name();

	memcpy(c.name, of, strlen(of));
	memcpy(t.name, of, strlen(of));
	if (any(2))
		count(CLASSED, !wt_ioctl(z.m->control, WN_IOC_CLASSES, &c));
	else
		count(JOURNALED, !wt_ioctl(z.m->control, WN_IOC_JOURNAL, &t));
}

/* ------------------------------------------------------------ all at random */

union arg {
	uint32_t word[1024];
	uint64_t aligned;
};

/* An argument that can be read and not be answered. */
static const union arg fixed[] = {
	{ .word = { sizeof(struct wn_setup) } },
	{ .word = { sizeof(struct wn_enable) } },
	{ .word = { sizeof(struct wn_enter), 0, 4, 0 } },
};

static void *pointer(union arg *arg)
{
	switch (any(32)) {
	case 0:
		return (void *)(uintptr_t)word();
	case 1:
		return (void *)&fixed[any(ARRAY_SIZE(fixed))];
	}
	return arg;
}

static void do_ioctl(void)
{
	static const uint32_t known[] = {
		WN_IOC_QUERY, WN_IOC_BOUNDS, WN_IOC_INFO, WN_IOC_SETUP, WN_IOC_SETUP,
		WN_IOC_RESTRICT, WN_IOC_ENABLE, WN_IOC_ENABLE, WN_IOC_ENTER, WN_IOC_ENTER,
		WN_IOC_CREATE, WN_IOC_CLASSES, WN_IOC_JOURNAL, WN_IOC_SUBMIT, WN_IOC_POLL,
		WN_IOC_WAIT_EPOCH, WN_IOC_EVENTFD, WN_IOC_CAP_EXPORT, WN_IOC_CAP_REDEEM,
		WN_IOC_LANE_CONNECT, WN_IOC_LANE_ACCEPT, WN_IOC_LANE_WAIT, WN_IOC_LANE_WAKE,
		WN_IOC_LANE_CLOSE, WN_IOC_LANE_LIST, WN_IOC_FAN_MAKE, WN_IOC_FAN_JOIN,
		WN_IOC_FAN_EVICT,
	};
	uint32_t cmd = any(16) ? known[any(ARRAY_SIZE(known))] :
			_IOC(any(4), WN_IOC_MAGIC, any(256), any(4096));
	uint32_t i, n = any(4) ? 0 : any(12);
	union arg arg = {};
	long ret;

	/* Mostly a good struct, sometimes with noise in it. */
	arg.word[0] = any(16) ? _IOC_SIZE(cmd) : word();
	for (i = 0; i < n; i++)
		arg.word[any(16) ? any(32) : any(1024)] = word();
	/* Where it takes a number, or a file that is there for all: that now and then. */
	if (_IOC_DIR(cmd) == _IOC_NONE && any(4))
		ret = wt_ioctl(z.fd[any(FDS)], cmd, (void *)(uintptr_t)any(20));
	else
		ret = wt_ioctl(any(8) ? z.fd[any(FDS)] : z.m->control, cmd, pointer(&arg));
	count(SET_UP, cmd == WN_IOC_SETUP && !ret);
	count(ENABLED, cmd == WN_IOC_ENABLE && !ret);
}

static void do_mmap(void)
{
	static const int prots[] = { PROT_READ, PROT_READ | PROT_WRITE, PROT_WRITE, PROT_EXEC, 0, 7 };
	uint32_t i = any(FDS);
	struct wn_region r = z.s[i].regions[any(WN_REGION_TABLE / 2)];
	struct map *map = &z.map[any(MAPS)];
	const bool lane = z.lane[i][0].bytes && any(2);
	void *p;

	if (lane)
		r = z.lane[i][any(2)];
	if (map->at)
		munmap(map->at, map->bytes);
	if (!any(4))
		r.bytes = 4096ULL << any(5);
	if (!any(8))
		r.offset = any(2) ? WN_REGION_OFFSET(any(2) ? any(18) : WN_REGION_LANES + any(32)) :
			   word() & ~4095ULL;
	p = wt_mmap(z.fd[i], r.offset, r.bytes, prots[any(4) ? any(2) : any(ARRAY_SIZE(prots))],
		    (any(16) ? MAP_SHARED : MAP_PRIVATE) | (any(4) ? 0 : MAP_POPULATE));
	count(MAPPED, !wt_err(p));
	count(LANE_MAPPED, lane && !wt_err(p));
	*map = wt_err(p) ? (struct map){} : (struct map){ p, r.bytes };
}

static void do_map_call(void)
{
	static const int advice[] = {
		MADV_DONTNEED, MADV_DOFORK, MADV_DONTFORK, MADV_REMOVE, MADV_MERGEABLE, MADV_WILLNEED,
		MADV_HUGEPAGE, MADV_DODUMP, MADV_COLD, MADV_PAGEOUT, MADV_POPULATE_WRITE,
	};
	struct map *map = &z.map[any(MAPS)];
	void *p;

	if (!map->at)
		return;
	switch (any(12)) {
	case 0:
		munmap(map->at, any(2) ? map->bytes : 4096);
		if (!any(2))
			break;
		munmap(map->at, map->bytes);
		map->at = NULL;
		break;
	case 1:
		mprotect(map->at, map->bytes, any(8));
		break;
	case 2:
		p = mremap(map->at, map->bytes, map->bytes << any(2), MREMAP_MAYMOVE);
		if (p != MAP_FAILED)
			map->at = p;
		break;
	case 3:
		madvise(map->at, map->bytes, advice[any(ARRAY_SIZE(advice))]);
		break;
	case 4:
		msync(map->at, map->bytes, any(8));
		mlock(map->at, map->bytes);
		munlock(map->at, map->bytes);
		break;
	default:
		/* Often a tail. May raise SIGSEGV or SIGBUS, which is caught. */
		*(volatile uint32_t *)(map->at + any(2) * any(map->bytes / 4) * 4) =
			any(4) ? any(300) : word();
		count(STORED, true);
	}
}

static void do_file_call(void)
{
	int fd = z.fd[any(FDS)];
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct stat st, ours;
	char text[64];

	switch (any(16)) {
	case 0: poll(&p, 1, 0); break;
	case 1: (void)!read(fd, text, sizeof(text)); break;
	case 2: (void)!write(fd, text, sizeof(text)); break;
	case 3: (void)!ftruncate(fd, word()); break;
	case 4: fstat(fd, &st); break;
	case 5:
		/* Not of "..", which all other tests need, too. */
		if (!fstat(fd, &st) && !fstat(z.m->control, &ours) && st.st_dev == ours.st_dev)
			fchmod(fd, any(01000));
		break;
	case 6: wt_fdinfo(fd, "wn-bytes"); break;
	case 7: close(dup(fd)); break;
	case 8: lseek(fd, word(), any(3)); break;
	case 9: fsync(fd); break;
	case 10: count(REMOVED, !unlink(wt_path(z.m, name()))); break;
	case 11: close(fd); break;
	default: do_client();
	}
}

/* Waits without end are interrupted; a child does not inherit this. */
static void interrupt_waits(void)
{
	struct itimerval every = { .it_value.tv_usec = 5000, .it_interval.tv_usec = 5000 };

	setitimer(ITIMER_REAL, &every, NULL);
}

static void calls(uint32_t rounds)
{
	static volatile uint32_t left;

	left = rounds;
	sigsetjmp(trap, 1);
	while (left) {
		left--;
		switch (any(20)) {
		case 0: do_create(); break;
		case 1: any(2) ? do_open() : do_client(); break;
		case 2: do_client(); break;
		case 11: case 12: do_submit(); break;
		case 3: case 4: case 5: do_mmap(); break;
		case 6: case 7: case 8: do_map_call(); break;
		case 9: case 10: do_file_call(); break;
		case 13: do_lane(); break;
		case 14: do_pair(); break;
		case 15: any(2) ? do_grant() : do_domain(); break;
		case 16: any(2) ? do_watch() : do_lane(); break;
		default: do_ioctl(); break;
		}
		if (!any(500) && !fork()) {
			/* A child with all that its parent had. */
			left = any(50);
			interrupt_waits();
			while (left--)
				any(2) ? do_ioctl() : do_map_call();
			_exit(0);
		}
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

/* ----------------------------------------------------------------- the test */

static void caught(int sig)
{
	siglongjmp(trap, sig);
}

static void ignored(int sig)
{
}

static void run(const struct wt_mount *m, unsigned int seed, uint32_t rounds)
{
	struct sigaction trapped = { .sa_handler = caught }, nothing = { .sa_handler = ignored };

	z.m = m;
	z.seed = seed;
	z.grant = -1;
	memset(z.fd, -1, sizeof(z.fd));
	sigaction(SIGSEGV, &trapped, NULL);
	sigaction(SIGBUS, &trapped, NULL);
	sigaction(SIGALRM, &nothing, NULL);
	interrupt_waits();
	calls(rounds);
	_exit(0);
}

/* As long as WN_ROUNDS may take; who runs the tests sets a limit to hangs. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 3600

TEST(random_calls)
{
	const char *seed_word = getenv("WN_SEED"), *rounds_word = getenv("WN_ROUNDS");
	unsigned int seed = seed_word ? strtoul(seed_word, NULL, 0) : (unsigned int)time(NULL);
	uint32_t rounds = rounds_word ? strtoul(rounds_word, NULL, 0) : 10000;
	struct wt_mount m;
	int i, status;

	TH_LOG("WN_SEED=%u WN_ROUNDS=%u", seed, rounds);
	tally = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, tally);
	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	ASSERT_EQ(0, wt_mount(&m, "max=8,size=32m"));
	ASSERT_EQ(0, wt_write_file("/sys/module/worknode/parameters/pollers", "64"));
	for (i = 0; i < 3; i++) {
		pid_t pid = fork();

		ASSERT_GE(pid, 0);
		if (!pid)
			run(&m, seed + i, rounds);
	}
	/* And children of theirs that outlived them. */
	while (wait(&status) > 0) {
		EXPECT_EQ(0, status);
	}
	for (i = 0; i < KINDS; i++) {
		TH_LOG("%-11s %u", kinds[i], tally[i]);
		/* A polling thread takes what a call would have taken, and is there already. */
		if ((i != BOUND && i != POLLED) || !wt_is_polling())
			EXPECT_GT(tally[i], 0) TH_LOG("never %s", kinds[i]);
	}
	unlink(wt_path(&m, "a"));
	unlink(wt_path(&m, "b"));
	unlink(wt_path(&m, "c"));
	unlink(wt_path(&m, "nope"));
	EXPECT_EQ(0, wt_used(&m));
	EXPECT_EQ(0, wt_fdinfo(m.control, "wn-domains"));
	EXPECT_EQ(0, wt_create(&m, "d"));
	close(m.control);
	EXPECT_EQ(0, umount2(m.dir, 0));
	rmdir(m.dir);
}

WT_MAIN
