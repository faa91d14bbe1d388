// SPDX-License-Identifier: MIT
/*
 * What one thread may do while another one's call stands still: where a call writes its
 * answer the page waits for us (userfaultfd), as a hostile program's may for ever.
 */
#include "pair.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wn.h>

#include "harness.h"
#include "storm.h"

#define BYTES		65536u
#define LANES		8u
#define POLLERS		"/sys/module/worknode/parameters/pollers"

FIXTURE(race)
{
	struct wt_mount m;
	struct wn p, c;
	__u64 node;
	const char *d;
	char pollers[16];
};

FIXTURE_SETUP(race)
{
	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	self->d = wt_path(&self->m, "d");
	ASSERT_EQ(0, wt_ends_open(&self->m, LANES, &self->p, &self->c, &self->node));
	ASSERT_LT(0, wt_read_file(POLLERS, self->pollers, sizeof(self->pollers)));
}

FIXTURE_TEARDOWN(race)
{
	wn_close(&self->p);
	wn_close(&self->c);
	wt_umount(&self->m);
	wt_write_file(POLLERS, self->pollers);
}

/* ------------------------------------------------------------ a call that stands still */

struct still {
	pthread_t thread;
	void *page;		/* the call's argument: it can be read, and written when we say so */
	unsigned long cmd;
	long result;
	int fd, faults;
};

static void *call(void *arg)
{
	struct still *s = arg;

	s->result = wt_ioctl(s->fd, s->cmd, s->page);
	return NULL;
}

/* -EOPNOTSUPP: not on this kernel. */
static int protect(struct still *s)
{
	const size_t bytes = (size_t)sysconf(_SC_PAGESIZE);
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP };
	struct uffdio_register r = {
		.range = { (uintptr_t)s->page, bytes }, .mode = UFFDIO_REGISTER_MODE_WP,
	};
	struct uffdio_writeprotect wp = {
		.range = r.range, .mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};

	s->faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (s->faults < 0 || ioctl(s->faults, UFFDIO_API, &api) ||
	    ioctl(s->faults, UFFDIO_REGISTER, &r) || ioctl(s->faults, UFFDIO_WRITEPROTECT, &wp))
		return -EOPNOTSUPP;
	return 0;
}

/* The call is on its way, and stands where it answers. */
static int begin(struct still *s, int fd, unsigned long cmd, const void *arg, size_t bytes)
{
	struct pollfd p = { .events = POLLIN };
	struct uffd_msg msg;

	s->page = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s->page == MAP_FAILED)
		return -ENOMEM;
	memcpy(s->page, arg, bytes);
	s->fd = fd;
	s->cmd = cmd;
	if (protect(s)) {
		close(s->faults);
		munmap(s->page, (size_t)sysconf(_SC_PAGESIZE));
		return -EOPNOTSUPP;
	}
	if (pthread_create(&s->thread, NULL, call, s))
		return -EAGAIN;
	p.fd = s->faults;
	if (TEMP_FAILURE_RETRY(poll(&p, 1, 20000)) != 1 ||
	    read(s->faults, &msg, sizeof(msg)) != sizeof(msg))
		return -ETIME;
	return 0;
}

/* It may write, or finds no page there; what it says then. */
static long end(struct still *s, bool may_write)
{
	const size_t bytes = (size_t)sysconf(_SC_PAGESIZE);
	struct uffdio_writeprotect wp = { .range = { (uintptr_t)s->page, bytes } };

	if (!may_write)
		mprotect(s->page, bytes, PROT_READ);
	ioctl(s->faults, UFFDIO_WRITEPROTECT, &wp);
	pthread_join(s->thread, NULL);
	close(s->faults);
	return s->result;
}

#define BEGIN(s, fd, cmd, arg) do {							\
		const int err_ = begin(s, fd, cmd, &(arg), sizeof(arg));		\
											\
		if (err_ == -EOPNOTSUPP)						\
			SKIP(return, "no userfaultfd that protects from writing");	\
		ASSERT_EQ(0, err_);							\
	} while (0)

static long number(struct wn *wn, unsigned long cmd, unsigned long lane)
{
	return wt_ioctl(wn->fd, cmd, (void *)lane);
}

/* ------------------------------------------------------------------- lanes */

/* There are windows already, and no other side yet. */
TEST_F(race, while_connecting)
{
	const struct wn_lane_connect a = { .size = sizeof(a), .node = self->node, .bytes = BYTES };
	struct wn_lane_wait w = { .size = sizeof(w), .deadline = 1 };
	struct still s;
	unsigned long i;

	BEGIN(&s, self->p.fd, WN_IOC_LANE_CONNECT, a);
	for (i = 0; i < LANES; i++) {
		EXPECT_EQ(-ENOENT, number(&self->p, WN_IOC_LANE_WAKE, i));
		EXPECT_EQ(-ENOENT, number(&self->c, WN_IOC_LANE_WAKE, i));
		EXPECT_EQ(-ENOENT, number(&self->p, WN_IOC_LANE_CLOSE, i));
		w.lane = (uint32_t)i;
		EXPECT_GE(0, wt_ioctl(self->p.fd, WN_IOC_LANE_WAIT, &w));
	}
	ASSERT_EQ(0, end(&s, true));
	EXPECT_EQ(0, number(&self->p, WN_IOC_LANE_WAKE, 0));
	EXPECT_EQ(0, number(&self->p, WN_IOC_LANE_CLOSE, 0));
}

/* Closed by both before it was told that there is one. */
TEST_F(race, while_accepting)
{
	const struct wn_lane_accept a = { .size = sizeof(a) };
	const long long used = wt_used(&self->m);
	struct wn_lane p, c;
	struct still s;

	ASSERT_EQ(0, wn_lane_connect(&self->p, &p, self->node, 0, BYTES));
	BEGIN(&s, self->c.fd, WN_IOC_LANE_ACCEPT, a);
	EXPECT_EQ(0, number(&self->c, WN_IOC_LANE_CLOSE, p.lane));
	EXPECT_EQ(-ENOENT, number(&self->c, WN_IOC_LANE_CLOSE, p.lane));
	wn_lane_close(&p);
	EXPECT_EQ(0, end(&s, true));
	EXPECT_EQ(used, wt_used(&self->m));
	/* The same where it cannot be told: nothing is left either. */
	ASSERT_EQ(0, wn_lane_connect(&self->p, &p, self->node, 0, BYTES));
	BEGIN(&s, self->c.fd, WN_IOC_LANE_ACCEPT, a);
	EXPECT_EQ(0, number(&self->c, WN_IOC_LANE_CLOSE, p.lane));
	EXPECT_EQ(-EFAULT, end(&s, false));
	wn_lane_close(&p);
	EXPECT_EQ(-ETIME, wn_lane_accept(&self->c, &c, NULL, 1));
	EXPECT_EQ(used, wt_used(&self->m));
}

struct closer {
	struct wn *wn;
	bool stop;
};

static void *close_all(void *arg)
{
	struct closer *closer = arg;
	unsigned long i = 0;

	while (!__atomic_load_n(&closer->stop, __ATOMIC_RELAXED))
		number(closer->wn, WN_IOC_LANE_CLOSE, i++ % LANES);
	return NULL;
}

/* The windows of an accepted lane go together, however early it is closed. */
TEST_F_TIMEOUT(race, accept_against_close, 300)
{
	struct closer closer = { .wn = &self->c };
	const long long used = wt_used(&self->m);
	struct wn_lane_accept a;
	struct wn_lane p;
	pthread_t thread;
	const uint32_t rounds = ws_rounds(20000, 2000, 1000);
	uint32_t i;
	long err;

	ASSERT_EQ(0, pthread_create(&thread, NULL, close_all, &closer));
	for (i = 0; i < rounds; i++) {
		ASSERT_EQ(0, wn_lane_connect(&self->p, &p, self->node, 0, BYTES));
		a = (struct wn_lane_accept){ .size = sizeof(a) };
		err = wt_ioctl(self->c.fd, WN_IOC_LANE_ACCEPT, &a);
		ASSERT_EQ(0, err) TH_LOG("round %u", i);
		wn_lane_close(&p);
		/* The other thread is at it; how many there can be is bounded. */
		while (wt_used(&self->m) != used)
			sched_yield();
		/* Nothing is there where it was. */
		EXPECT_EQ(-EINVAL, wt_err(wt_mmap(self->c.fd, WN_REGION_OFFSET(WN_REGION_LANES + 2 * a.lane + 1),
						  4096, PROT_READ, MAP_SHARED)));
	}
	__atomic_store_n(&closer.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
}

/* ------------------------------------------------------------------- slots */

#define MINE	0x1111111111111111ULL	/* what a client stores in its slots */
#define MANY	512u			/* lanes that a domain may have, and one client half of them */

/* Enables the client that it was forked with, for others to connect to, and waits for its end. */
static void own(struct wt_client *c, int ready)
{
	struct wn_enter e = { .size = sizeof(e), .to_submit = 1, .min_complete = 1 };
	int err = wt_client_enable(c);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The rings are its parent's mappings, who has submitted for it. */
	if (!err && wt_ioctl(c->fd, WN_IOC_ENTER, &e) != 1)
		err = -EPROTO;
	if (write(ready, &err, sizeof(err)) == sizeof(err))
		for (;;)
			pause();
	_exit(1);
}

/* So many lanes to it, that take a while to end; how many there are. */
static uint32_t connect_all(struct wn *wn, uint32_t *lanes)
{
	struct wn_lane_connect c;
	uint32_t n;

	for (n = 0; n < MANY / 2; n++) {
		c = (struct wn_lane_connect){ .size = sizeof(c), .bytes = WN_LANE_BYTES_MIN };
		if (wt_ioctl(wn->fd, WN_IOC_LANE_CONNECT, &c))
			break;
		lanes[n] = c.lane;
	}
	return n;
}

/*
 * Who has the slots of all mapped through a client that dies sees nobody's page that was
 * freed, while that client is no more in the table and its windows are still there.
 */
TEST_F_TIMEOUT(race, slots_behind_a_death, 300)
{
	const uint32_t rounds = ws_rounds(500, 25, 8), words = (uint32_t)sysconf(_SC_PAGESIZE) / 8;
	struct wt_client dying, other;
	struct wn_domain_create args = wt_create_args(self->m.control, "crowded");
	const char *d = wt_path(&self->m, "crowded");
	const uint64_t *all, *theirs;
	uint32_t i, nr, lanes[MANY];
	int ready[2], err, status;
	uint64_t *slots;
	struct wn wn;
	pid_t pid;

	args.bounds.lanes = MANY;
	ASSERT_EQ(0, wt_ioctl(self->m.control, WN_IOC_CREATE, &args));
	ASSERT_EQ(0, wn_open(&wn, d, NULL));
	ASSERT_EQ(0, pipe(ready));
	for (i = 0; i < rounds; i++) {
		ASSERT_EQ(0, wt_client_prepare(&dying, d, 0, 0));
		all = wt_map(&dying, WN_REGION_ALL_SLOTS);
		ASSERT_EQ(0, wt_err(all));
		wt_sqe(&dying, 0)->opcode = WN_OP_BIND;
		wt_submit(&dying, 1);
		pid = fork();
		if (!pid)
			own(&dying, ready[1]);
		ASSERT_EQ((ssize_t)sizeof(err), read(ready[0], &err, sizeof(err)));
		ASSERT_EQ(0, err);
		nr = connect_all(&wn, lanes);
		ASSERT_LT(MANY / 8, nr);
		ASSERT_EQ(0, wt_client_open(&other, d, 0, 0));
		slots = wt_map(&other, WN_REGION_SLOTS);
		ASSERT_EQ(0, wt_err(slots));
		*slots = MINE;
		theirs = all + (size_t)other.s.client * words;
		EXPECT_EQ(MINE, __atomic_load_n(&*theirs, __ATOMIC_ACQUIRE));
		wt_unmap(&other, WN_REGION_SLOTS, slots);

		kill(pid, SIGKILL);
		/* It is out of the table now; its lanes are not yet at their end. */
		while (!(__atomic_load_n(&dying.kern->flags, __ATOMIC_ACQUIRE) & WN_KR_F_DEAD))
			sched_yield();
		wt_client_close(&other);
		/* None, or in the end the dead one's own scratch page. */
		ASSERT_NE(MINE, __atomic_load_n(theirs, __ATOMIC_ACQUIRE)) TH_LOG("round %u", i);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		wt_unmap(&dying, WN_REGION_ALL_SLOTS, (void *)all);
		wt_client_close(&dying);
		while (nr)
			ASSERT_EQ(0, number(&wn, WN_IOC_LANE_CLOSE, lanes[--nr]));
	}
	wn_close(&wn);
	close(ready[0]);
	close(ready[1]);
}

/* ----------------------------------------------------------- polling threads */

/* Who is set up and cannot be told so was the last there: the thread ends with him, too. */
TEST_F(race, thread_without_clients)
{
	struct wn_setup setup = { .size = sizeof(setup) };
	const int fd = wt_open(self->d, O_RDWR);
	char path[64], comm[32];
	struct still s;

	ASSERT_LE(0, fd);
	snprintf(comm, sizeof(comm), "wn-poll/%llu", (unsigned long long)wt_info(fd).id);
	comm[15] = 0;
	ASSERT_EQ(0, wt_write_file(POLLERS, "1"));
	wn_poller_stop(&self->p);
	ASSERT_EQ(0, wn_poller_start(&self->p, 1000000, -1));
	ASSERT_LT(0, wt_thread(comm));
	snprintf(path, sizeof(path), "/proc/%d", wt_thread(comm));
	BEGIN(&s, fd, WN_IOC_SETUP, setup);
	wn_close(&self->p);
	wn_close(&self->c);
	EXPECT_EQ(1U, wt_info(fd).clients);
	EXPECT_EQ(-EFAULT, end(&s, false));
	EXPECT_EQ(0U, wt_info(fd).clients);
	EXPECT_EQ(0, wt_thread(comm));
	EXPECT_NE(0, access(path, F_OK));
	close(fd);
}

TEST_HARNESS_MAIN
