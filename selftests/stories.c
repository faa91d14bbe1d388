// SPDX-License-Identifier: MIT
/*
 * Those programs of examples/ that are several processes, each compiled in here as a
 * function: they do what they say, also while their workers are killed.
 */
#include "common.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <wn.h>

#ifdef WT_LIBURING
#include <liburing.h>
#endif

#include "harness.h"
#include "storm.h"

#define WRK	"/usr/bin/wrk"

int ratelimit_main(int argc, char **argv);
int jobs_main(int argc, char **argv);
int config_main(int argc, char **argv);
int presence_main(int argc, char **argv);
int pipeline_main(int argc, char **argv);
int chat_main(int argc, char **argv);
int chat_uring_main(int argc, char **argv);
int broadcast_main(int argc, char **argv);

typedef int main_fn(int argc, char **argv);

FIXTURE(stories)
{
	struct wt_mount m;
	const char *path;
	struct wn wn;
};

FIXTURE_SETUP(stories)
{
	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	self->path = wt_path(&self->m, "d");
	ASSERT_EQ(0, wn_domain_create(self->path, 0600, NULL));
	ASSERT_EQ(0, wn_open(&self->wn, self->path, NULL));
}

FIXTURE_TEARDOWN(stories)
{
	wn_close(&self->wn);
	wt_umount(&self->m);
}

/* Whether who is started from now on is another user: nobody. */
static bool as_nobody;

/* In a process of its own, which goes with this one: as from a shell. */
static void become(main_fn *example, const char *const *args)
{
	int n = 0;

	while (args[n])
		n++;
	if (as_nobody && (setgroups(0, NULL) || setresgid(WT_OTHER, WT_OTHER, WT_OTHER) ||
			  setresuid(WT_OTHER, WT_OTHER, WT_OTHER)))
		_exit(99);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Whom the test talks to meanwhile hears nothing of us, and that it hangs up. */
	close_range(STDERR_FILENO + 1, ~0U, 0);
	n = example(n, (char **)args);
	fflush(NULL);
	_exit(n);
}

static pid_t start(main_fn *example, const char *const *args)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid)
		become(example, args);
	return pid;
}

#define START(example, ...) start(example, (const char *const[]){ "example", __VA_ARGS__, NULL })

/* The same with its output to a pipe, its input from another; both end with it. */
struct talk {
	pid_t pid;
	int out;
	int in;
};

static struct talk talk(main_fn *example, const char *const *args)
{
	struct talk t = { .pid = -1, .out = -1, .in = -1 };
	int out[2], in[2];

	if (pipe2(out, O_CLOEXEC) || pipe2(in, O_CLOEXEC))
		return t;
	fflush(NULL);
	t.pid = fork();
	if (!t.pid) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		close(in[1]);
		become(example, args);
	}
	close(in[0]);
	close(out[1]);
	t.in = in[1];
	t.out = out[0];
	return t;
}

#define TALK(example, ...) talk(example, (const char *const[]){ "example", __VA_ARGS__, NULL })

/* The next line that it says, within half a minute; false: it says nothing more. */
static bool hear(const struct talk *t, char *line, size_t size)
{
	struct pollfd p = { .fd = t->out, .events = POLLIN };
	size_t n = 0;

	while (n < size - 1 && poll(&p, 1, 30000) == 1 && read(t->out, line + n, 1) == 1 &&
	       line[n] != '\n')
		n++;
	line[n] = 0;
	return n;
}

/* Whether this is it. */
static bool says(const struct talk *t, const char *want)
{
	char line[256];

	hear(t, line, sizeof(line));
	if (strcmp(line, want))
		printf("# it says '%s', not '%s'\n", line, want);
	return !strcmp(line, want);
}

static void hang_up(struct talk *t, int signal)
{
	close(t->in);
	if (signal)
		kill(t->pid, signal);
	waitpid(t->pid, NULL, 0);
	close(t->out);
}

/* Its exit status, or -1. */
static int finish(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Some children of a process: how many. */
static unsigned int children_of(pid_t parent, pid_t *pids, unsigned int max)
{
	char path[32], text[256], *name_end;
	struct dirent *entry;
	DIR *dir = opendir("/proc");
	unsigned int n = 0;
	int ppid;

	while (dir && n < max && (entry = readdir(dir))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/stat", entry->d_name);
		if (wt_read_file(path, text, sizeof(text)) <= 0)
			continue;
		name_end = strrchr(text, ')');
		if (name_end && sscanf(name_end, ") %*c %d", &ppid) == 1 && ppid == parent)
			pids[n++] = atoi(entry->d_name);
	}
	if (dir)
		closedir(dir);
	return n;
}

/* --------------------------------------------------------------- web servers */

/* A port that nobody listens at. */
static int free_port(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), port = -1;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd >= 0 && !bind(fd, (struct sockaddr *)&at, len) &&
	    !getsockname(fd, (struct sockaddr *)&at, &len))
		port = ntohs(at.sin_port);
	close(fd);
	return port;
}

/* One request: its status; -1: no answer, after some seconds. */
static int ask(int port, const char *request)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	char text[128] = "";
	int fd, tries, status = -1;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (tries = 0; tries < 1000 && status < 0; tries++) {
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd >= 0 && !connect(fd, (struct sockaddr *)&at, sizeof(at)) &&
		    send(fd, request, strlen(request), MSG_NOSIGNAL) > 0 &&
		    read(fd, text, sizeof(text) - 1) > 0 &&
		    sscanf(text, "HTTP/1.1 %d", &status) != 1)
			status = -1;
		close(fd);
		if (status < 0)
			ws_sleep_us(10000);
	}
	return status;
}

/* What wrk saw in a second. */
struct load {
	long passed;
	long refused;
};

struct wrk {
	pid_t pid;
	FILE *out;
};

static struct wrk wrk_begin(int port, const char *path)
{
	struct wrk wrk = { .pid = -1 };
	int pipes[2];
	char url[64];

	snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", port, path);
	if (pipe(pipes))
		return wrk;
	fflush(NULL);
	wrk.pid = fork();
	if (!wrk.pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(pipes[1], STDOUT_FILENO);
		close(pipes[0]);
		close(pipes[1]);
		execl(WRK, "wrk", "-t1", "-c16", "-d1s", url, (char *)NULL);
		_exit(127);
	}
	close(pipes[1]);
	wrk.out = fdopen(pipes[0], "r");
	return wrk;
}

static int wrk_end(struct wrk wrk, struct load *load)
{
	char line[256];
	long all = -1;

	memset(load, 0, sizeof(*load));
	while (wrk.out && fgets(line, sizeof(line), wrk.out)) {
		sscanf(line, " %ld requests in", &all);
		sscanf(line, " Non-2xx or 3xx responses: %ld", &load->refused);
	}
	if (wrk.out)
		fclose(wrk.out);
	load->passed = all - load->refused;
	return finish(wrk.pid) || all < 0 ? -1 : 0;
}

/* What is left of a limit, as far as the engine knows. */
static __s64 rights_of(struct wn *wn, const char *key)
{
	__s64 node = wn_lookup(wn, 0, key), cell;

	if (WN_RES_IS_ERROR(node))
		return node;
	cell = wn_cell_find(wn, (__u64)node, 1);
	return WN_RES_IS_ERROR(cell) ? cell : wn_cell_rights(wn, (__u64)node, (__u64)cell);
}

static const char *need_wrk(void)
{
	return access(WRK, X_OK) ? "no " WRK ": apt-get install wrk" : NULL;
}

TEST_F(stories, ratelimit)
{
	__u64 since, windows;
	struct load load;
	long passed = 0, runs = 0;
	char port[8];
	pid_t server;
	int p;

	if (need_wrk())
		SKIP(return, "%s", need_wrk());
	p = free_port();
	snprintf(port, sizeof(port), "%d", p);
	EXPECT_EQ(2, finish(START(ratelimit_main, self->path, port, "3")));
	EXPECT_EQ(2, finish(START(ratelimit_main, self->path, port, "3", "alice=ten/1000")));
	EXPECT_EQ(2, finish(START(ratelimit_main, self->path, port, "0", "x=1/1000")));
	EXPECT_EQ(1, finish(START(ratelimit_main, "/nowhere", port, "3", "x=1/1000")));
	server = START(ratelimit_main, self->path, port, "3", "alice=200/3600000", "bob=5/250");
	ASSERT_EQ(404, ask(p, "GET /nobody HTTP/1.1\r\n\r\n"));
	EXPECT_EQ(405, ask(p, "POST /alice HTTP/1.1\r\n\r\n"));
	/*
	 * As many as there are, whoever is asked. In a slow guest it takes more than a second to
	 * ask so often; what is on its way when wrk ends is spent and not counted, 16 at most.
	 */
	do {
		ASSERT_EQ(0, wrk_end(wrk_begin(p, "/alice"), &load));
		passed += load.passed;
		runs++;
	} while (!load.refused && passed <= 200);
	/* What a worker had in hand comes back a moment later. */
	while (ask(p, "GET /alice HTTP/1.1\r\n\r\n") == 200 && passed <= 200)
		passed++;
	EXPECT_GE(200, passed);
	EXPECT_LE(200, passed + 16 * (runs - 1));
	/* Of a limit with short windows as many as windows allow. */
	since = wn_deadline(0);
	ASSERT_EQ(0, wrk_end(wrk_begin(p, "/bob"), &load));
	windows = (wn_deadline(0) - since) / 250000000 + 2;
	EXPECT_LT(5, load.passed);
	EXPECT_GE((long)windows * 5, load.passed);
	kill(server, SIGTERM);
	EXPECT_EQ(0, finish(server));
	EXPECT_EQ(0, rights_of(&self->wn, "alice"));
}

#define CROWD	20000

TEST_F(stories, ratelimit_killed)
{
	pid_t server, pids[8];
	unsigned int n, kills = 0, tries;
	struct load load;
	__s64 left = -1;
	char port[8];
	struct wrk wrk;
	int p;

	if (need_wrk())
		SKIP(return, "%s", need_wrk());
	p = free_port();
	snprintf(port, sizeof(port), "%d", p);
	server = START(ratelimit_main, self->path, port, "4", "crowd=20000/3600000");
	ASSERT_EQ(404, ask(p, "GET /nobody HTTP/1.1\r\n\r\n"));
	wrk = wrk_begin(p, "/crowd");
	for (tries = 0; tries < 16; tries++) {
		n = children_of(server, pids, 8);
		if (n)
			kills += !kill(pids[tries % n], SIGKILL);
		ws_sleep_us(10000);
	}
	EXPECT_LT(0, kills);
	ASSERT_EQ(0, wrk_end(wrk, &load));
	kill(server, SIGTERM);
	EXPECT_EQ(0, finish(server));
	/*
	 * No more, and no less: what the dead had in hand came back, and they had spent 16 more
	 * than they answered at most, one for each connection.
	 */
	EXPECT_TRUE(WS_EVENTUALLY((left = rights_of(&self->wn, "crowd")) < 0 ||
				  load.passed + left + 16 * (long)kills >= CROWD));
	EXPECT_LE(0, left);
	EXPECT_GE(CROWD, load.passed + left);
	TH_LOG("%ld passed, %lld are left, %ld refused, %u killed", load.passed, (long long)left,
	       load.refused, kills);
}

/* --------------------------------------------------------------------- jobs */

/* What the board of jobs says. */
static __u64 jobs_word(struct wn *wn, __u64 id)
{
	__s64 node = wn_lookup(wn, 0, "jobs"), cell;
	struct wn_node_rec rec;
	__u64 value;

	if (WN_RES_IS_ERROR(node) || wn_node_read(wn, (__u64)node, &rec))
		return ~0ULL;
	if (!id)
		return rec.user[0];
	cell = wn_cell_find(wn, (__u64)node, id);
	if (WN_RES_IS_ERROR(cell) || wn_counter_read(wn, (__u64)node, (__u64)cell, &value))
		return ~0ULL;
	return value;
}

#define JOBS_DONE	1
#define JOBS_DEAD	2
#define JOBS_SUM	3

TEST_F(stories, jobs)
{
	const struct wn_queue part = { .credit = 1 };
	const struct wn_event *event;
	struct wn *wn = &self->wn;
	unsigned int n, kills = 0, tries;
	pid_t adds[2], pids[8];
	struct talk workers;
	__u64 added = 0;
	char line[128];
	unsigned long long said = 0;

	EXPECT_EQ(2, finish(START(jobs_main, self->path)));
	EXPECT_EQ(2, finish(START(jobs_main, self->path, "add")));
	EXPECT_EQ(2, finish(START(jobs_main, self->path, "work", "0")));
	EXPECT_EQ(2, finish(START(jobs_main, self->path, "lose", "1")));
	EXPECT_EQ(1, finish(START(jobs_main, "/nowhere", "add", "1")));
	EXPECT_EQ(0, finish(START(jobs_main, self->path, "add", "100")));
	EXPECT_EQ(100, jobs_word(wn, 0));
	EXPECT_EQ(0, jobs_word(wn, JOBS_DONE));
	/* One that nobody manages to do. */
	ASSERT_EQ(0, wn_bind_queue(wn, (__u64)wn_lookup(wn, 0, "jobs"), &part));
	for (tries = 0; tries <= 5; tries++) {
		ASSERT_EQ(0, wn_wait_event(wn, &event, wn_deadline(10000000000ULL)));
		EXPECT_EQ(0, memcmp(event->data, &added, sizeof(added)));
		EXPECT_EQ(tries, WN_EV_TRIES(event->flags));
		EXPECT_EQ(0, wn_nack(wn, event->node, event->hlc));
		wn_event_seen(wn);
	}
	ASSERT_EQ(0, wn_unbind(wn, (__u64)wn_lookup(wn, 0, "jobs")));
	EXPECT_EQ(0, finish(START(jobs_main, self->path, "dead")));
	EXPECT_EQ(1, jobs_word(wn, JOBS_DEAD));
	EXPECT_EQ(0, jobs_word(wn, JOBS_DONE));
	/* Two that add, four that do, and whoever is in sight is killed. */
	workers = TALK(jobs_main, self->path, "work", "4");
	adds[0] = START(jobs_main, self->path, "add", "500");
	adds[1] = START(jobs_main, self->path, "add", "100000000");
	while (kills < 30) {
		n = children_of(workers.pid, pids, 8);
		if (n)
			kills += !kill(pids[kills % n], SIGKILL);
		ws_sleep_us(10000);
	}
	EXPECT_EQ(0, finish(adds[0]));
	kill(adds[1], SIGKILL);
	EXPECT_EQ(-1, finish(adds[1]));
	added = jobs_word(wn, 0);
	EXPECT_LE(600, added);
	/* Each waits a tenth of a second for what else is given up. */
	for (tries = 0; tries < 200; tries++) {
		EXPECT_EQ(0, finish(START(jobs_main, self->path, "dead")));
		if (jobs_word(wn, JOBS_DONE) + jobs_word(wn, JOBS_DEAD) >= added)
			break;
	}
	/* Told to end twice, it says what was done all the same. */
	kill(workers.pid, SIGSTOP);
	kill(workers.pid, SIGTERM);
	kill(workers.pid, SIGINT);
	kill(workers.pid, SIGCONT);
	EXPECT_TRUE(hear(&workers, line, sizeof(line)));
	EXPECT_EQ(1, sscanf(line, "%llu added", &said));
	EXPECT_EQ(added, said);
	EXPECT_EQ(0, finish(workers.pid));
	/* Each of them once. */
	EXPECT_EQ(added, jobs_word(wn, JOBS_DONE) + jobs_word(wn, JOBS_DEAD));
	EXPECT_EQ(added * (added - 1) / 2, jobs_word(wn, JOBS_SUM));
	EXPECT_EQ(added, jobs_word(wn, 0));
	TH_LOG("%llu jobs, %llu given up, %u killed", (unsigned long long)added,
	       (unsigned long long)jobs_word(wn, JOBS_DEAD), kills);
}

/* ------------------------------------------- configuration, presence, actors */

TEST_F(stories, config)
{
	struct talk watcher, late;
	char line[64];
	int i;

	EXPECT_EQ(2, finish(START(config_main, self->path, "set", "key")));
	EXPECT_EQ(1, finish(START(config_main, self->path, "get", "colour")));
	EXPECT_EQ(0, finish(START(config_main, self->path, "set", "colour", "red")));
	EXPECT_EQ(0, finish(START(config_main, self->path, "get", "colour")));
	watcher = TALK(config_main, self->path, "watch");
	EXPECT_TRUE(says(&watcher, "colour = red"));
	EXPECT_TRUE(says(&watcher, "-- live"));
	EXPECT_EQ(0, finish(START(config_main, self->path, "set", "colour", "b\033lue")));
	EXPECT_TRUE(says(&watcher, "colour = b?lue"));
	EXPECT_EQ(1, finish(START(config_main, self->path, "set", "a/b", "x")));
	/* Stopped, it misses all but what is so at the end. */
	kill(watcher.pid, SIGSTOP);
	for (i = 0; i < 20; i++)
		EXPECT_EQ(0, finish(START(config_main, self->path, "set", "colour",
					  i < 19 ? "none" : "green")));
	kill(watcher.pid, SIGCONT);
	while (hear(&watcher, line, sizeof(line)) && strcmp(line, "colour = green"))
		EXPECT_STREQ("colour = none", line);
	EXPECT_STREQ("colour = green", line);
	late = TALK(config_main, self->path, "watch");
	EXPECT_TRUE(says(&late, "colour = green"));
	EXPECT_TRUE(says(&late, "-- live"));
	hang_up(&late, SIGTERM);
	hang_up(&watcher, SIGTERM);
}

TEST_F(stories, presence)
{
	struct talk watcher, ada, bob;

	EXPECT_EQ(2, finish(START(presence_main, self->path, "join")));
	ada = TALK(presence_main, self->path, "join", "ada");
	EXPECT_TRUE(WS_EVENTUALLY(wn_path_lookup(&self->wn, 0, "/presence/ada") != -ENOENT));
	watcher = TALK(presence_main, self->path, "watch");
	EXPECT_TRUE(says(&watcher, "ada is there"));
	bob = TALK(presence_main, self->path, "join", "bob");
	EXPECT_TRUE(says(&watcher, "bob is there"));
	/* The name is taken as long as its owner lives. */
	EXPECT_EQ(1, finish(START(presence_main, self->path, "join", "ada")));
	hang_up(&ada, SIGKILL);
	EXPECT_TRUE(says(&watcher, "ada is gone"));
	/* Its input ends. */
	hang_up(&bob, 0);
	EXPECT_TRUE(says(&watcher, "bob is gone"));
	ada = TALK(presence_main, self->path, "join", "ada");
	EXPECT_TRUE(says(&watcher, "ada is there"));
	hang_up(&watcher, SIGTERM);
	hang_up(&ada, SIGTERM);
}

TEST_F(stories, pipeline)
{
	pid_t server, pids[8];
	unsigned int i, n, kills = 0, again = 0;
	struct talk caller;
	char line[128];

	EXPECT_EQ(2, finish(START(pipeline_main, self->path, "call", "0")));
	server = START(pipeline_main, self->path, "serve", "4");
	caller = TALK(pipeline_main, self->path, "call", "1");
	/* It may have come before the stages. */
	EXPECT_TRUE(hear(&caller, line, sizeof(line)));
	hang_up(&caller, 0);
	caller = TALK(pipeline_main, self->path, "call", "100");
	EXPECT_TRUE(says(&caller, "100 calls, 0 tried again, 99 became 103"));
	hang_up(&caller, 0);
	/* While stages are killed every number goes through all the same. */
	for (i = 0; i < 12; i++) {
		caller = TALK(pipeline_main, self->path, "call", "50");
		n = children_of(server, pids, 8);
		if (n)
			kills += !kill(pids[i % n], SIGKILL);
		EXPECT_TRUE(hear(&caller, line, sizeof(line)));
		EXPECT_EQ(1, sscanf(line, "50 calls, %u tried again, 49 became 53", &n));
		EXPECT_STREQ("became 53", strstr(line, "became") ?: "");
		again += n;
		hang_up(&caller, 0);
	}
	EXPECT_LT(0, kills);
	TH_LOG("%u killed, %u tried again", kills, again);
	kill(server, SIGTERM);
	EXPECT_EQ(0, finish(server));
}

/* ------------------------------------------------------------------ an epoll loop */

static bool types(const struct talk *t, const char *text)
{
	return write(t->in, text, strlen(text)) == (ssize_t)strlen(text);
}

/* By what loop each of both waits is not to be seen. */
static void chat_with(struct __test_metadata *_metadata, FIXTURE_DATA(stories) *self,
		      main_fn *of_ada, main_fn *of_bob)
{
	struct talk ada, bob;
	unsigned int tries = 0;

	EXPECT_EQ(2, finish(START(of_ada, self->path)));
	EXPECT_EQ(1, finish(START(of_ada, self->path, "a/b")));
	ada = TALK(of_ada, self->path, "ada");
	EXPECT_TRUE(WS_EVENTUALLY(wn_path_lookup(&self->wn, 0, "/chat/ada") != -ENOENT));
	bob = TALK(of_bob, self->path, "bob");
	EXPECT_TRUE(WS_EVENTUALLY(wn_path_lookup(&self->wn, 0, "/chat/bob") != -ENOENT));
	EXPECT_EQ(1, finish(START(of_bob, self->path, "ada")));
	/* It reads its events a moment after it has its name. */
	do {
		EXPECT_TRUE(types(&ada, "is anybody there\n"));
	} while (poll(&(struct pollfd){ .fd = bob.out, .events = POLLIN }, 1, 100) == 0 &&
		 ++tries < 100);
	EXPECT_TRUE(says(&bob, "ada: is anybody there"));
	EXPECT_TRUE(types(&bob, "\n\n"));
	EXPECT_TRUE(types(&bob, "I \033[1mam, and this is a longer line\n"));
	EXPECT_TRUE(says(&ada, "bob: I ?[1mam, and this is a "));
	EXPECT_TRUE(says(&ada, "bob: longer line"));
	/* Both ends of the loop: the input's end, and a death. */
	hang_up(&bob, 0);
	EXPECT_TRUE(WS_EVENTUALLY(wn_path_lookup(&self->wn, 0, "/chat/bob") == -ENOENT));
	EXPECT_TRUE(types(&ada, "nobody\n"));
	hang_up(&ada, SIGKILL);
	EXPECT_TRUE(WS_EVENTUALLY(wn_path_lookup(&self->wn, 0, "/chat/ada") == -ENOENT));
}

TEST_F(stories, chat)
{
	if (self->wn.fd < 0) {
		EXPECT_EQ(1, finish(START(chat_main, self->path, "ada")));
		SKIP(return, "this engine has nothing to poll");
	}
	chat_with(_metadata, self, chat_main, chat_main);
}

/* ----------------------------------------------------------------- an io_uring loop */

TEST_F(stories, chat_uring)
{
#ifdef WT_LIBURING
	struct io_uring ring;

	if (self->wn.fd < 0)
		SKIP(return, "this engine has nothing to poll");
	if (io_uring_queue_init(4, &ring, 0))
		SKIP(return, "this kernel has no io_uring");
	io_uring_queue_exit(&ring);
	chat_with(_metadata, self, chat_uring_main, chat_main);
	chat_with(_metadata, self, chat_main, chat_uring_main);
	chat_with(_metadata, self, chat_uring_main, chat_uring_main);
#else
	SKIP(return, "built without liburing");
#endif
}

/* --------------------------------------------------------- news to whoever wants them */

/* Less than the fan holds: nobody loses any. */
#define NEWS	2000

/*
 * What a listener says after the first line, to its end: each line once, in order; how many
 * were lost. -1: wrong.
 */
static long heard(const struct talk *t, long said)
{
	long last = 1, n, lost, lines = 1;
	char line[64], end[16];

	while (hear(t, line, sizeof(line))) {
		if (sscanf(line, "%ld lines heard, %ld lost", &n, &lost) == 2)
			return n == lines && n + lost == said && last == said ? lost : -1;
		if (sscanf(line, "%ld%15s", &n, end) != 1 || n <= last || n > said)
			break;
		last = n;
		lines++;
	}
	printf("# it says '%s' after %ld\n", line, last);
	return -1;
}

TEST_F(stories, broadcast)
{
	const bool kernel = self->path[0] == '/';
	struct talk speaker, early, late, noise;
	unsigned int written, all;
	struct wn_query q;
	char line[128];
	long n;

	if (wn_query(self->m.dir, &q) || !(q.features & WN_FEAT_FANS))
		SKIP(return, "this engine has no fans");
	EXPECT_EQ(2, finish(START(broadcast_main, self->path)));
	EXPECT_EQ(2, finish(START(broadcast_main, self->path, "sing")));
	EXPECT_EQ(1, finish(START(broadcast_main, "/nowhere", "hear")));
	ASSERT_TRUE(!kernel || !chmod(self->path, 0666));
	speaker = TALK(broadcast_main, self->path, "say");
	EXPECT_TRUE(types(&speaker, "1\n2\n"));
	EXPECT_TRUE(WS_EVENTUALLY(wn_path_lookup(&self->wn, 0, "/broadcast/speaker") != -ENOENT));
	EXPECT_EQ(1, finish(START(broadcast_main, self->path, "say")));
	/* Whoever they are: they may read, and no more. */
	as_nobody = kernel;
	if (kernel)
		EXPECT_EQ(1, finish(START(config_main, self->path, "set", "colour", "red")));
	early = TALK(broadcast_main, self->path, "hear");
	noise = TALK(broadcast_main, self->path, "scribble");
	as_nobody = false;
	/* Both have their seats; what the one does harms nobody. */
	EXPECT_TRUE(says(&early, "1"));
	EXPECT_TRUE(hear(&noise, line, sizeof(line)));
	EXPECT_EQ(2, sscanf(line, "%u of %u windows written to", &written, &all));
	EXPECT_LT(0, written);
	EXPECT_LT(written, all);
	for (n = 3; n <= NEWS; n++) {
		snprintf(line, sizeof(line), "%ld\n", n);
		ASSERT_TRUE(types(&speaker, line));
		if (n == NEWS / 2)
			ws_sleep_us(100000);
	}
	late = TALK(broadcast_main, self->path, "hear");
	EXPECT_TRUE(says(&late, "1"));
	close(speaker.in);
	speaker.in = -1;
	snprintf(line, sizeof(line), "%d lines said", NEWS);
	EXPECT_TRUE(says(&speaker, line));
	EXPECT_EQ(0, heard(&early, NEWS));
	EXPECT_EQ(0, heard(&late, NEWS));
	EXPECT_TRUE(hear(&noise, line, sizeof(line)));
	EXPECT_EQ(1, sscanf(line, "%u times", &written));
	EXPECT_EQ(0, finish(speaker.pid));
	EXPECT_EQ(0, finish(early.pid));
	EXPECT_EQ(0, finish(late.pid));
	EXPECT_EQ(0, finish(noise.pid));
}

WT_MAIN
