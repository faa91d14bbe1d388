// SPDX-License-Identifier: MIT
/*
 * A host among clients that mean it harm: packets of nonsense, pages scribbled over
 * while it works on them, files cut short or opened anew. It lives, says what is wrong,
 * and a well-behaved client beside them has its results right to the last.
 */
#include "../common.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <wn.h>
#include <wn_embed.h>
#include <wn_transport.h>

#include "../harness.h"
#include "../scribble.h"
#include "../storm.h"

#define IS_ERROR(res)	WN_RES_IS_ERROR(res)
#define BODY	4096

/* The wire as somebody else reads it. */
struct ask {
	uint32_t what, bytes;
	uint64_t value, arg;
	uint8_t body[BODY];
};

struct answer {
	int32_t ret;
	uint32_t files;
	uint64_t value, offset;
	uint32_t bytes, writable;
	uint8_t body[BODY];
};

enum { OPEN = 1, AGAIN, CALL, MAP, REMOVE, LANE };

FIXTURE(hostile_host)
{
	struct wt_mount m;
	char path[64];
	struct wn wn;
};

FIXTURE_SETUP(hostile_host)
{
	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	strcpy(self->path, wt_path(&self->m, "d"));
	ASSERT_EQ(0, wn_domain_create(self->path, 0600, NULL));
	ASSERT_EQ(0, wn_open(&self->wn, self->path, NULL));
}

FIXTURE_TEARDOWN(hostile_host)
{
	wn_close(&self->wn);
	wt_umount(&self->m);
}

static int dial(const char *dir)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	strcpy(to.sun_path, dir + strlen("host:"));
	return sock < 0 || connect(sock, (struct sockaddr *)&to, sizeof(to)) ? -1 : sock;
}

/* There and back; *fd: the first file that came, or -1. Bytes of the answer. */
static ssize_t talk(int sock, const void *ask, size_t bytes, struct answer *answer, int *fd)
{
	char control[CMSG_SPACE(64 * sizeof(int))];
	struct iovec v = { answer, sizeof(*answer) };
	struct msghdr msg = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	ssize_t n;
	int *fds;
	size_t i;

	*fd = -1;
	if (send(sock, ask, bytes, MSG_NOSIGNAL) < 0)
		return -1;
	n = recvmsg(sock, &msg, 0);
	c = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	if (c && c->cmsg_type == SCM_RIGHTS) {
		fds = (int *)CMSG_DATA(c);
		*fd = fds[0];
		for (i = 1; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++)
			close(fds[i]);
	}
	return n;
}

static int say(int sock, struct ask *ask, struct answer *answer, int *fd)
{
	ssize_t n = talk(sock, ask, offsetof(struct ask, body) + ask->bytes, answer, fd);

	return n <= 0 ? -EPIPE : answer->ret;
}

static int open_file(const char *dir, const char *name)
{
	struct ask ask = { .what = OPEN, .value = O_RDWR };
	struct answer answer;
	int sock = dial(dir), fd, err;

	if (sock < 0)
		return -errno;
	ask.bytes = (uint32_t)strlen(name) + 1;
	memcpy(ask.body, name, ask.bytes);
	err = say(sock, &ask, &answer, &fd);
	if (!err)
		return sock;
	close(sock);
	return err;
}

static int ioctl_by(int sock, unsigned long cmd, void *arg, uint32_t bytes)
{
	struct ask ask = { .what = CALL, .value = cmd, .bytes = bytes };
	struct answer answer;
	int fd, ret;

	memcpy(ask.body, arg, bytes);
	ret = say(sock, &ask, &answer, &fd);
	memcpy(arg, answer.body, bytes);
	return ret;
}

/* A client by the wire alone. */
static int raw_client(const char *dir, struct wn_setup *s)
{
	struct wn_enable e = { .size = sizeof(e) };
	int sock = open_file(dir, "d");

	*s = (struct wn_setup){ .size = sizeof(*s) };
	if (sock < 0 || ioctl_by(sock, WN_IOC_SETUP, s, sizeof(*s)) ||
	    ioctl_by(sock, WN_IOC_ENABLE, &e, sizeof(e)))
		return -1;
	return sock;
}

static int region_fd(int sock, uint32_t type, struct answer *answer)
{
	struct ask ask = { .what = MAP, .value = type };
	int fd, ret = say(sock, &ask, answer, &fd);

	return ret ? ret : fd;
}

/* --------------------------------------------------- what files allow */

TEST_F(hostile_host, files_allow_what_they_shall)
{
	static const uint32_t types[] = {
		WN_REGION_USER_RING, WN_REGION_SQES, WN_REGION_KERN_RING, WN_REGION_CQES,
		WN_REGION_INBOX, WN_REGION_PUBLIC, WN_REGION_ARENA_IN, WN_REGION_ARENA_OUT,
		WN_REGION_SLOTS,
	};
	struct answer answer, rest;
	struct wn_setup s;
	int sock, fd;
	unsigned int i;
	void *at;

	sock = raw_client(self->m.dir, &s);
	ASSERT_LE(0, sock);
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		const struct wn_region *r = wt_region(&s, types[i]);
		char again[32];
		int writable;

		ASSERT_NE(NULL, r);
		fd = region_fd(sock, types[i], &answer);
		ASSERT_LE(0, fd) TH_LOG("region %u", types[i]);
		EXPECT_EQ(!!(r->flags & WN_REGION_F_WRITE), answer.writable);
		/* Nobody cuts it short under the host's hands, or makes it longer. */
		EXPECT_NE(0, ftruncate(fd, 0));
		EXPECT_NE(0, ftruncate(fd, 1 << 24));
		EXPECT_EQ(-1, fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
		at = mmap(NULL, r->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			  (off_t)answer.offset);
		writable = at != MAP_FAILED;
		EXPECT_EQ(!!answer.writable, writable) TH_LOG("region %u", types[i]);
		if (writable)
			munmap(at, r->bytes);
		if (!answer.writable) {
			at = mmap(NULL, r->bytes, PROT_READ, MAP_SHARED, fd, (off_t)answer.offset);
			ASSERT_NE(MAP_FAILED, at);
			EXPECT_NE(0, mprotect(at, r->bytes, PROT_READ | PROT_WRITE));
			munmap(at, r->bytes);
			EXPECT_NE(1, pwrite(fd, "x", 1, 0));
			/* Nor by opening it anew. */
			snprintf(again, sizeof(again), "/proc/self/fd/%d", fd);
			close(fd);
			fd = open(again, O_RDWR);
			EXPECT_TRUE(fd < 0);
		}
		close(fd);
	}
	/* Pages of all: one file each, of which none can be written through. */
	fd = region_fd(sock, WN_REGION_ALL_SLOTS, &answer);
	ASSERT_LE(0, fd);
	EXPECT_EQ(64, answer.files);
	EXPECT_EQ(0, answer.writable);
	EXPECT_EQ(O_RDONLY, fcntl(fd, F_GETFL) & O_ACCMODE);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	close(fd);
	EXPECT_EQ(-EINVAL, region_fd(sock, 15, &rest));
	EXPECT_EQ(-EINVAL, region_fd(sock, 99, &rest));
	close(sock);
}

/* ------------------------------------------------- names, owners, bounds */

static int as_other_process(void *arg)
{
	struct wn_enter e = { .size = sizeof(e), .to_submit = 1 };
	int sock = *(int *)arg;
	struct answer answer;

	if (ioctl_by(sock, WN_IOC_ENTER, &e, sizeof(e)) != -EOWNERDEAD)
		return 1;
	return region_fd(sock, WN_REGION_SQES, &answer) == -EOWNERDEAD ? 0 : 2;
}

static int die_and_leave(void *arg)
{
	struct wn_setup s;
	pid_t pid;

	if (raw_client(arg, &s) < 0)
		return 1;
	pid = fork();
	if (pid)
		return 0;
	/* The connection stays open here, whoever enabled it. */
	prctl(PR_SET_PDEATHSIG, 0);
	sleep(20);
	_exit(0);
}

static uint32_t clients_of(const char *path)
{
	struct wn_domain_info info;

	return wn_domain_info(path, &info) ? ~0U : info.clients;
}

TEST_F(hostile_host, owners_and_names)
{
	struct wn_bounds_query q;
	struct wn_setup s;
	char name[32];
	int sock, i;
	__s64 err;

	EXPECT_EQ(-EINVAL, open_file(self->m.dir, "../d"));
	EXPECT_EQ(-EINVAL, open_file(self->m.dir, "/d"));
	EXPECT_EQ(-ENOENT, open_file(self->m.dir, "none"));
	sock = raw_client(self->m.dir, &s);
	ASSERT_LE(0, sock);
	EXPECT_EQ(0, wt_in_child(0, as_other_process, &sock));
	EXPECT_EQ(2, clients_of(self->path));
	/* An owner's end is its client's, whoever has the connection. */
	ASSERT_EQ(0, wt_in_child(0, die_and_leave, self->m.dir));
	EXPECT_TRUE(WS_EVENTUALLY(clients_of(self->path) == 2));
	close(sock);
	EXPECT_TRUE(WS_EVENTUALLY(clients_of(self->path) == 1));
	/* What others make is bounded, also where they remove it and hold it. */
	ASSERT_EQ(0, wn_bounds(self->m.dir, WN_BOUNDS_DEFAULT, &q));
	q.bounds.nodes = 200000;
	for (i = 0, err = 0; !err && i < 1000; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		err = wn_domain_create(wt_path(&self->m, name), 0600, &q.bounds);
	}
	EXPECT_EQ(-ENOSPC, err);
	EXPECT_LT(1, i);
	EXPECT_EQ(0, wn_domain_remove(wt_path(&self->m, "n0")));
	EXPECT_EQ(0, wn_domain_create(wt_path(&self->m, "n0"), 0600, &q.bounds));
}

/* What a number names here and in the host are two things. */
TEST_F(hostile_host, descriptors_are_never_numbers)
{
	struct wn_eventfd_args e;
	struct wn_setup s;
	int sock = raw_client(self->m.dir, &s), fd;

	ASSERT_LE(0, sock);
	for (fd = -1; fd < 64; fd++) {
		e = (struct wn_eventfd_args){
			.size = sizeof(e), .flags = WN_EVENTFD_COMPLETIONS, .fd = fd,
		};
		EXPECT_EQ(fd < 0 ? -ENOENT : -EBADF,
			  ioctl_by(sock, WN_IOC_EVENTFD, &e, sizeof(e)));
	}
	close(sock);
}

/* ------------------------------------------------------- who does not read */

/* Ask until the host takes no more, or hangs up; nothing is read. How many it took. */
static int ask_on(int sock, uint32_t what, uint64_t value, uint32_t most)
{
	struct ask ask = { .what = what, .value = value, .bytes = what == CALL ? BODY : 0 };
	struct pollfd p = { .fd = sock, .events = POLLOUT };
	uint32_t n;

	*(uint32_t *)ask.body = sizeof(struct wn_query);
	for (n = 0; n < most; n++) {
		while (send(sock, &ask, offsetof(struct ask, body) + ask.bytes,
			    MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			if (errno != EAGAIN || poll(&p, 1, 200) <= 0 || p.revents & POLLHUP)
				return (int)n;
	}
	return (int)n;
}

struct asker {
	const char *dir;
	struct {
		pid_t pid;	/* who has the connection in the end */
		uint32_t full;	/* no more goes in: the host waits for it to read */
	} *last;
};

static int ask_and_die(void *arg)
{
	const struct asker *a = arg;
	struct wn_setup s;
	int sock = raw_client(a->dir, &s);
	pid_t pid;

	if (sock < 0)
		return 1;
	pid = fork();
	if (pid) {
		a->last->pid = pid;
		return pid > 0 && WS_EVENTUALLY(__atomic_load_n(&a->last->full, __ATOMIC_ACQUIRE)) ?
		       0 : 2;
	}
	/* More than goes into both sockets; then it keeps the connection, and reads nothing. */
	prctl(PR_SET_PDEATHSIG, 0);
	ask_on(sock, CALL, WN_IOC_QUERY, 4000);
	__atomic_store_n(&a->last->full, 1, __ATOMIC_RELEASE);
	sleep(200);
	_exit(0);
}

/* A host in this process, whose stop does not wait for who does not read. */
static int stop_beside(void *arg)
{
	char dir[] = "/tmp/wn.XXXXXX", path[32], at[64];
	struct wn_host *host;
	int sock, err;

	if (!mkdtemp(dir))
		return -errno;
	snprintf(path, sizeof(path), "%s/s", dir);
	snprintf(at, sizeof(at), "host:%s", path);
	err = wn_host_start(&host, path, 0, 0);
	err = err ? err : wn_domain_create(strcat(at, "/d"), 0600, NULL);
	if (err)
		return err;
	at[strlen(at) - 2] = 0;
	sock = open_file(at, "d");
	if (sock < 0)
		return sock;
	/* It stands still. */
	if (ask_on(sock, CALL, WN_IOC_QUERY, 4000) == 4000)
		return 2;
	alarm(20);
	wn_host_stop(host);
	alarm(0);
	close(sock);
	return rmdir(dir) ? -errno : 0;
}

/* Answers that lie there when the host hangs up. */
static int read_on(int sock)
{
	struct pollfd end = { .fd = sock, .events = POLLRDHUP };
	struct answer answer;
	ssize_t got;
	int n = 0;

	if (poll(&end, 1, 10000) <= 0)
		return -ETIME;
	/* Of asks that the host never looked at there is a reset, once, before or behind them. */
	while ((got = recv(sock, &answer, sizeof(answer), 0)) > 0 || (got && errno == ECONNRESET))
		n += got > 0;
	return got ? -errno : n;
}

TEST_F(hostile_host, never_reads)
{
	struct asker a = { self->m.dir, ws_shared(sizeof(*a.last)) };
	struct answer answer;
	struct wn_setup s;
	int sock, fd, n;

	/* Its owner's end is its client's, whatever is on the way to who has the connection. */
	ASSERT_NE(NULL, a.last);
	ASSERT_EQ(0, wt_in_child(0, ask_and_die, &a));
	EXPECT_TRUE(WS_EVENTUALLY(clients_of(self->path) == 1));
	kill(a.last->pid, SIGKILL);
	EXPECT_EQ(0, wt_in_child(0, stop_beside, NULL));
	/* Of files only one answer is on the way. */
	sock = raw_client(self->m.dir, &s);
	ASSERT_LE(0, sock);
	ask_on(sock, MAP, WN_REGION_ALL_SLOTS, 200);
	EXPECT_EQ(1, read_on(sock));
	close(sock);
	/* And who reads gets as many as it likes. */
	sock = raw_client(self->m.dir, &s);
	for (n = 0; n < 100; n++) {
		fd = region_fd(sock, WN_REGION_ALL_SLOTS, &answer);
		ASSERT_LE(0, fd);
		close(fd);
	}
	close(sock);
	EXPECT_TRUE(WS_EVENTUALLY(clients_of(self->path) == 1));
}

/* ----------------------------------------------------------------- nonsense */

static void fill(struct ws_dice *dice, void *to, size_t bytes)
{
	uint8_t *at = to;

	while (bytes--)
		*at++ = (uint8_t)ws_any(dice, 256);
}

/* Packets of every length, some with a grain of truth. */
static int babble(const char *dir, struct ws_dice dice, uint32_t rounds)
{
	static const unsigned long cmds[] = {
		WN_IOC_SETUP, WN_IOC_ENABLE, WN_IOC_ENTER, WN_IOC_SUBMIT, WN_IOC_INFO,
		WN_IOC_QUERY, WN_IOC_BOUNDS, WN_IOC_RESTRICT, WN_IOC_EVENTFD, WN_IOC_WAIT_EPOCH,
		WN_IOC_LANE_CONNECT, WN_IOC_LANE_ACCEPT, WN_IOC_LANE_WAIT, WN_IOC_LANE_WAKE,
		WN_IOC_LANE_CLOSE, WN_IOC_LANE_LIST, WN_IOC_FAN_MAKE, WN_IOC_FAN_JOIN,
		WN_IOC_FAN_EVICT,
	};
	struct answer answer;
	struct ask ask;
	uint32_t i;
	int sock = -1, fd;
	size_t bytes;

	for (i = 0; i < rounds; i++) {
		if (sock < 0)
			sock = ws_any(&dice, 2) ? open_file(dir, "d") : dial(dir);
		if (sock < 0)
			continue;
		fill(&dice, &ask, 64);
		fill(&dice, ask.body, 256);
		ask.what = ws_any(&dice, 8);
		ask.bytes = ws_any(&dice, 8) ? ws_any(&dice, BODY + 1) : ws_any(&dice, 1U << 31);
		if (ask.what == CALL && ws_any(&dice, 4)) {
			ask.value = cmds[ws_any(&dice, sizeof(cmds) / sizeof(cmds[0]))];
			if (ws_any(&dice, 2))
				memset(ask.body + 4, 0, 252);
			*(uint32_t *)ask.body = 8 * ws_any(&dice, 600);
		}
		if (ask.what == MAP && ws_any(&dice, 4))
			ask.value = ws_any(&dice, 17);
		bytes = ws_any(&dice, 8) ? offsetof(struct ask, body) +
			(ask.bytes > BODY ? BODY : ask.bytes) : ws_any(&dice, sizeof(ask));
		/* Of pieces come more packets than are read here: then it hangs up. */
		if (talk(sock, &ask, bytes, &answer, &fd) <= 0 || !ws_any(&dice, 20)) {
			close(sock);
			sock = -1;
		}
		if (fd >= 0)
			close(fd);
	}
	return 0;
}

/* Random bytes into all that it may write, from two threads, while it submits. */
static int scribbler(const char *path, struct ws_dice dice, uint32_t rounds)
{
	struct wn_enter e = { .size = sizeof(e), .to_submit = 256 };
	struct ws_windows windows = {};
	struct ws_scribbler v[2];
	pthread_t thread[2];
	struct wn wn;
	uint32_t i;

	if (wn_open(&wn, path, NULL))
		return 1;
	ws_windows_of(&windows, &wn);
	for (i = 0; i < 2; i++) {
		v[i] = (struct ws_scribbler){ .windows = &windows, .dice = ws_dice_of(&dice, i) };
		if (pthread_create(&thread[i], NULL, ws_scribble, &v[i]))
			return 2;
	}
	for (i = 0; i < rounds; i++) {
		e = (struct wn_enter){ .size = sizeof(e), .to_submit = 256 };
		wn.via->call(wn.file, WN_IOC_ENTER, &e);
	}
	for (i = 0; i < 2; i++) {
		__atomic_store_n(&v[i].stop, 1, __ATOMIC_RELEASE);
		pthread_join(thread[i], NULL);
	}
	return 0;
}

TEST_F_TIMEOUT(hostile_host, the_good_beside_the_bad, 600)
{
	const uint32_t rounds = ws_rounds(20000, 2000, 500);
	struct ws_dice dice = ws_seed("hostile_host");
	struct wn *wn = &self->wn;
	struct wn_node_rec rec;
	char name[32];
	pid_t pids[4];
	__u64 n = 0;
	int i, status, left = 4;
	__s64 node, own;

	/* Scribbled ops may hit any node of the domain: the good one's is another. */
	own = wn_domain_create(wt_path(&self->m, "good"), 0600, NULL);
	ASSERT_EQ(0, own);
	wn_close(wn);
	ASSERT_EQ(0, wn_open(wn, wt_path(&self->m, "good"), NULL));
	fflush(NULL);
	for (i = 0; i < 4; i++) {
		pids[i] = fork();
		if (pids[i])
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(i % 2 ? babble(self->m.dir, ws_dice_of(&dice, 10 + (uint32_t)i), rounds) :
			      scribbler(self->path, ws_dice_of(&dice, 10 + (uint32_t)i), rounds));
	}
	while (left) {
		snprintf(name, sizeof(name), "n%llu", (unsigned long long)n);
		node = wn_create_as(wn, 0, name, (__u32)n, 0, 0);
		ASSERT_FALSE(IS_ERROR(node));
		ASSERT_EQ(2, wn_set_word(wn, (__u64)node, 2, n));
		ASSERT_EQ(0, wn_node_read(wn, (__u64)node, &rec));
		ASSERT_EQ(n, rec.user[2]);
		ASSERT_EQ(0, wn_destroy(wn, (__u64)node));
		n++;
		if (waitpid(-1, &status, WNOHANG) > 0) {
			EXPECT_EQ(0, status);
			left--;
		}
	}
	TH_LOG("%llu rounds beside them", (unsigned long long)n);
	/* The host is there still, and all of theirs is gone. */
	EXPECT_EQ(0, kill(self->m.control, 0));
	EXPECT_TRUE(WS_EVENTUALLY(clients_of(self->path) == 0));
	EXPECT_EQ(1, clients_of(wt_path(&self->m, "good")));
}

/* ------------------------------------------------------------ lanes and fans */

#define WORDS	32	/* of any of their structs, and more */

union lane_args {
	uint32_t word[WORDS];
	struct wn_lane_connect connect;
	struct wn_lane_accept accept;
	struct wn_lane_wait wait;
	struct wn_lane_list list;
	struct wn_fan_make make;
	struct wn_fan_join join;
	struct wn_fan_evict evict;
};

/* What would do, of lanes at that node; how many bytes. */
static uint32_t honest(struct ws_dice *dice, unsigned long cmd, uint64_t node, union lane_args *a)
{
	memset(a, 0, sizeof(*a));
	switch (cmd) {
	case WN_IOC_LANE_CONNECT:
		a->connect.node = node;
		a->connect.bytes = 4096;
		break;
	case WN_IOC_LANE_WAIT:
		a->wait.lane = ws_any(dice, 2) ? WN_LANE_ANY : ws_any(dice, 64);
		a->wait.deadline = 1;
		break;
	case WN_IOC_FAN_MAKE:
		a->make.node = node;
		a->make.bytes = 4096;
		a->make.seats = 1 + ws_any(dice, WN_FAN_SEATS);
		a->make.flags = ws_any(dice, 2);
		break;
	case WN_IOC_FAN_JOIN:
		a->join.node = node;
		a->join.lane = WN_LANE_ANY;
		break;
	case WN_IOC_FAN_EVICT:
		a->evict.lane = ws_any(dice, 64);
		a->evict.life = 1;
		break;
	default:
		break;
	}
	a->word[0] = (uint32_t)_IOC_SIZE(cmd);
	return a->word[0] < sizeof(*a) ? a->word[0] : (uint32_t)sizeof(*a);
}

static uint32_t lie(struct ws_dice *dice)
{
	static const uint32_t lies[] = { 0, 1, 2, 64, 4095, 4097, 1U << 31, ~0U, ~0U - 1 };

	return ws_any(dice, 3) ? lies[ws_any(dice, sizeof(lies) / sizeof(lies[0]))] :
				 ws_any(dice, 1U << 31);
}

/* 0; or an errno, or what is none. */
static int one_of_them(struct ws_dice *dice, int sock, uint64_t node, uint32_t *done)
{
	static const unsigned long cmds[] = {
		WN_IOC_LANE_CONNECT, WN_IOC_FAN_MAKE, WN_IOC_FAN_JOIN, WN_IOC_LANE_CLOSE,
		WN_IOC_LANE_ACCEPT, WN_IOC_LANE_WAIT, WN_IOC_LANE_LIST, WN_IOC_FAN_EVICT,
		WN_IOC_LANE_WAKE,
	};
	const uint32_t at = ws_any(dice, sizeof(cmds) / sizeof(cmds[0]) + 1);
	struct ask ask = { .what = LANE };
	struct answer answer;
	union lane_args args;
	int fd, ret;

	if (at == sizeof(cmds) / sizeof(cmds[0])) {
		/* Windows: of its lanes, of others', of none. */
		ask.value = ws_any(dice, 4) ? WN_REGION_LANES + ws_any(dice, 128) : lie(dice);
		ask.arg = ws_any(dice, 2) ? 0 : ws_any(dice, 2) ? 1 + ws_any(dice, 64) : lie(dice);
	} else {
		ask.what = CALL;
		ask.value = cmds[at];
		ask.arg = ws_any(dice, 4) ? ws_any(dice, 64) : lie(dice);
		if (_IOC_SIZE(cmds[at])) {
			ask.bytes = honest(dice, cmds[at], node, &args);
			if (ws_any(dice, 2))
				args.word[ws_any(dice, ws_any(dice, 2) ? 10 : WORDS)] = lie(dice);
			if (!ws_any(dice, 8))
				ask.bytes = ws_any(dice, sizeof(args) + 1);
			memcpy(ask.body, &args, sizeof(args));
		}
	}
	ret = say(sock, &ask, &answer, &fd);
	if (fd >= 0)
		close(fd);
	if (!ret && at < 4)
		done[at]++;
	return ret;
}

/* Lanes to a node of its own, from clients that speak to the host as they like. */
static int lane_babble(const char *dir, const char *path, const char *name, struct ws_dice dice,
		       uint32_t rounds)
{
	uint32_t i, k, done[4] = { 0 };
	struct wn_setup s;
	int sock[3], ret;
	struct wn wn;
	__s64 node;

	if (wn_open(&wn, path, NULL))
		return 1;
	node = wn_create(&wn, 0, name);
	if (IS_ERROR(node) || wn_bind(&wn, (uint64_t)node, 0))
		return 2;
	for (i = 0; i < 3; i++) {
		sock[i] = raw_client(dir, &s);
		if (sock[i] < 0)
			return 3;
	}
	for (i = 0; i < rounds; i++) {
		k = ws_any(&dice, 3);
		ret = one_of_them(&dice, sock[k], (uint64_t)node, done);
		if (ret > WN_LANE_LIST || ret < -4095)
			return 4;
		if (ret == -EPIPE || !ws_any(&dice, 200)) {
			close(sock[k]);
			sock[k] = raw_client(dir, &s);
			if (sock[k] < 0)
				return 5;
		}
	}
	/* Some of it was no nonsense, or this tried nothing. */
	return done[0] && done[1] && done[2] && done[3] ? 0 : 6;
}

/* How many lanes this client can have. */
static int lanes_to_be_had(struct wn *wn, uint64_t node)
{
	struct wn_lane l[64];
	int n = 0, i;

	while (n < 64 && !wn_lane_connect(wn, &l[n], node, 0, 4096))
		n++;
	for (i = 0; i < n; i++)
		wn_lane_close(&l[i]);
	return n;
}

TEST_F_TIMEOUT(hostile_host, lanes_and_fans, 600)
{
	const uint32_t rounds = ws_rounds(200000, 20000, 5000);
	struct ws_dice dice = ws_seed("hostile_host lanes");
	struct wn_lane out, in, rest;
	int i, status, left = 2, before;
	uint64_t n = 0, *at;
	const uint64_t *from;
	struct wn other;
	uint32_t len;
	__s64 node;

	ASSERT_EQ(0, wn_open(&other, self->path, NULL));
	node = wn_create(&self->wn, 0, "ours");
	ASSERT_FALSE(IS_ERROR(node));
	ASSERT_EQ(0, wn_bind(&self->wn, (uint64_t)node, 0));
	ASSERT_EQ(0, wn_lane_connect(&other, &out, (uint64_t)node, 0, 4096));
	ASSERT_EQ(0, wn_lane_accept(&self->wn, &in, NULL, 1));
	before = lanes_to_be_had(&other, (uint64_t)node);
	EXPECT_LT(1, before);
	while (!wn_lane_accept(&self->wn, &rest, NULL, 1))
		wn_lane_close(&rest);
	fflush(NULL);
	for (i = 0; i < 2; i++) {
		if (fork())
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(lane_babble(self->m.dir, self->path, i ? "a" : "b",
				  ws_dice_of(&dice, (uint32_t)i), rounds));
	}
	while (left) {
		at = wn_lane_reserve(&out, 8);
		ASSERT_NE(NULL, at);
		*at = n;
		ASSERT_EQ(0, wn_lane_commit(&out));
		ASSERT_EQ(0, wn_lane_wait(&in, 0, wn_deadline(60000000000)));
		from = wn_lane_peek(&in, &len);
		ASSERT_NE(NULL, from);
		ASSERT_EQ(n, *from);
		ASSERT_EQ(0, wn_lane_consume(&in));
		n++;
		/* Those that they made to us, if they guessed the node. */
		if (n % 1000 == 0 && !wn_lane_accept(&self->wn, &rest, NULL, 1))
			wn_lane_close(&rest);
		if (waitpid(-1, &status, WNOHANG) > 0) {
			EXPECT_EQ(0, status);
			left--;
		}
	}
	TH_LOG("%llu records beside them", (unsigned long long)n);
	EXPECT_EQ(0, kill(self->m.control, 0));
	/* The host is there still, and has nothing of theirs. */
	EXPECT_TRUE(WS_EVENTUALLY(clients_of(self->path) == 2));
	while (!wn_lane_accept(&self->wn, &rest, NULL, 1))
		wn_lane_close(&rest);
	EXPECT_EQ(before, lanes_to_be_had(&other, (uint64_t)node));
	wn_lane_close(&out);
	wn_lane_close(&in);
	wn_close(&other);
}

WT_MAIN
