// SPDX-License-Identifier: MIT
/*
 * Row 19: a whole scenario, by HTTP: wrk asks forked web workers (examples/ratelimit.c) that
 * share one limit, which is an escrow here and a number in Redis there. The engine is
 * another process (a host); a worker calls it once for many requests. What passes beyond
 * the limit, or is wrongly refused, is counted and fails the run.
 */
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../peers/peers.h"
#include "../peers/redis.h"
#include "../support/domain.h"
#include "../support/hosted.h"
#include "rows.h"

#define WORKERS	2
#define LIMIT	20000ULL	/* of one window, which does not end meanwhile */

int ratelimit_main(int argc, char **argv);

static unsigned int round_of;

static void begin(void)
{
	/* Workers and wrk begin where this is. */
	unpin();
	hosted_begin();
#ifdef HAVE_REDIS
	/* Here, for all rounds. */
	redis_socket();
#endif
}

static int free_port(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	const int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) ||
	    getsockname(fd, (struct sockaddr *)&at, &len))
		bench_die("no free port");
	close(fd);
	return ntohs(at.sin_port);
}

static int ours(int port, const char *key)
{
	char name[] = "ratelimit", domain[96], number[16], workers[8], limit[64];
	char *args[] = { name, domain, number, workers, limit, NULL };

	hosted_path(domain, sizeof(domain), "limits");
	snprintf(number, sizeof(number), "%d", port);
	snprintf(workers, sizeof(workers), "%d", WORKERS);
	snprintf(limit, sizeof(limit), "%s=%llu/3600000", key, LIMIT);
	return ratelimit_main(5, args);
}

/* Until somebody listens. */
static void wait_for(int port)
{
	const struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	for (int tries = 0; tries < 500; tries++) {
		const int fd = socket(AF_INET, SOCK_STREAM, 0);
		const int err = connect(fd, (const struct sockaddr *)&at, sizeof(at));

		close(fd);
		if (!err)
			return;
		usleep(10000);
	}
	bench_die("the web server did not begin");
}

/* What wrk says: requests in all, those refused, and requests a second. */
static void load(int port, const char *key, struct bench_sample *s)
{
	unsigned long long all = 0, refused = 0, errors = 0, passed, few;
	char command[128], line[256];
	FILE *f;

	snprintf(command, sizeof(command), "wrk -t1 -c16 -d%d http://127.0.0.1:%d/%s 2>&1",
		 bench_short() ? 1 : 2, port, key);
	/* Our own words. NOLINTNEXTLINE(cert-env33-c) */
	f = popen(command, "r");
	while (f && fgets(line, sizeof(line), f)) {
		sscanf(line, " %llu requests in ", &all);
		sscanf(line, " Non-2xx or 3xx responses: %llu", &refused);
		sscanf(line, "Requests/sec: %lf", &s->value);
		if (strstr(line, "Socket errors:"))
			errors++;
	}
	if (f)
		pclose(f);
	if (!all || errors)
		bench_die("wrk was not answered");
	passed = all - refused;
	/* Those that were under way when wrk ended took their rights with them: 16 at most. */
	few = all < LIMIT ? all : LIMIT - 16;
	s->ops = all;
	s->duplicated = passed > LIMIT ? passed - LIMIT : 0;
	s->lost = passed < few ? few - passed : 0;
}

static void serve_http(struct bench_sample *s, const void *arg)
{
	const int port = free_port();
	char key[32], domain[96];
	pid_t server;
	int status;

	/* A limit of its own for each round. */
	snprintf(key, sizeof(key), "crowd-%u", ++round_of);
	hosted_path(domain, sizeof(domain), "limits");
	if (!arg)
		good(wn_domain_create(domain, 0600, NULL), domain);
	fflush(NULL);
	server = fork();
	if (!server) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!freopen("/dev/null", "w", stdout))
			_exit(1);
#ifdef HAVE_REDIS
		if (arg)
			_exit(redis_http(port, WORKERS, key, LIMIT));
#endif
		_exit(ours(port, key));
	}
	wait_for(port);
	load(port, key, s);
	kill(server, SIGTERM);
	if (waitpid(server, &status, 0) != server || !WIFEXITED(status) || WEXITSTATUS(status))
		bench_die("the web server failed");
	if (!arg)
		good(wn_domain_remove(domain), domain);
}

static void run(const void *arg)
{
	const struct bench_compare c = {
		.id = "http", .what = "web requests against one limit of 2 workers", .unit = "/s",
		.engine = "hosted in another process", .where = "wrk, workers, engine: not pinned",
		.more = true,
		.sides = {
			{ .name = "escrow, spent by stores", .run = serve_http },
			PEER_REDIS_HTTP,
		},
		.checks = { { .what = "requests a second", .figure = 100000 } },
	};

	if (access("/usr/bin/wrk", X_OK)) {
		bench_note("wrk is missing: make bench-peers");
		return;
	}
	begin();
	bench_compare(&c);
	hosted_end();
	pin_to(0);
	bench_note("wrk and the workers share this machine's CPUs, and most of a request is HTTP and "
		   "the network stack. Of each round's requests exactly 20,000 may pass.");
}

const struct bench_row row_http = {
	.name = "19", .system = "WorknodeOS",
	.claim = "100,000 requests a second in one scenario (never run)", .run = run, .seconds = 40,
};
