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
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/time.h>

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
} z;

/* What came about, of all processes: a run that reaches nothing is no test. */
enum { CREATED, OPENED, SET_UP, ENABLED, ENTERED, MAPPED, STORED, REMOVED, KINDS };

static const char * const kinds[] = {
	"created", "opened", "set up", "enabled", "entered", "mapped", "stored", "removed",
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

/* As it is meant to be used, so that the others have something to spoil. */
static void do_client(void)
{
	struct wn_enable e = { .size = sizeof(e) };
	uint32_t i = any(FDS);
	struct wn_setup *s = &z.s[i];

	if (z.user[i])
		munmap(z.user[i], 4096);
	close(z.fd[i]);
	z.fd[i] = wt_open(wt_path(z.m, name()), O_RDWR);
	*s = (struct wn_setup){ .size = sizeof(*s), .sq_entries = any(2) * 8 };
	count(SET_UP, !wt_ioctl(z.fd[i], WN_IOC_SETUP, s));
	if (any(4))
		count(ENABLED, !wt_ioctl(z.fd[i], WN_IOC_ENABLE, &e));
	z.user[i] = wt_mmap(z.fd[i], 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED);
	if (wt_err(z.user[i]))
		z.user[i] = NULL;
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
	count(CREATED, !wt_ioctl(any(8) ? z.m->control : z.fd[any(FDS)], WN_IOC_CREATE, &c));
}

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
	ret = wt_ioctl(z.fd[any(FDS)], cmd, pointer(&arg));
	count(SET_UP, cmd == WN_IOC_SETUP && !ret);
	count(ENABLED, cmd == WN_IOC_ENABLE && !ret);
}

static void do_mmap(void)
{
	static const int prots[] = { PROT_READ, PROT_READ | PROT_WRITE, PROT_WRITE, PROT_EXEC, 0, 7 };
	uint32_t i = any(FDS);
	struct wn_region r = z.s[i].regions[any(WN_REGION_TABLE / 2)];
	struct map *map = &z.map[any(MAPS)];
	void *p;

	if (map->at)
		munmap(map->at, map->bytes);
	if (!any(4))
		r.bytes = 4096ULL << any(5);
	if (!any(8))
		r.offset = any(2) ? WN_REGION_OFFSET(any(18)) : word() & ~4095ULL;
	p = wt_mmap(z.fd[i], r.offset, r.bytes, prots[any(4) ? any(2) : any(ARRAY_SIZE(prots))],
		    (any(16) ? MAP_SHARED : MAP_PRIVATE) | (any(4) ? 0 : MAP_POPULATE));
	count(MAPPED, !wt_err(p));
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
		TH_LOG("%-8s %u", kinds[i], tally[i]);
		EXPECT_GT(tally[i], 0);
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
