// SPDX-License-Identifier: MIT
/*
 * Row 14: wn metrics as Prometheus scrapes it: a connection, a request and its answer to
 * the end, by HTTP on loopback, of an exporter with the demo domain of the embedded engine.
 */
#include <arpa/inet.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rows.h"

static struct sockaddr_in at;
static char answer[1 << 16];
static pid_t exporter;

/* The tool as it was built beside this program. */
static void become_exporter(int fd)
{
	char tool[PATH_MAX], pid[16];
	const ssize_t len = readlink("/proc/self/exe", tool, sizeof(tool) - 32);
	char *slash;

	tool[len > 0 ? len : 0] = 0;
	slash = strrchr(tool, '/');
	if (!slash)
		_exit(127);
	strcpy(slash, "/../tools/wn/wn");
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
	/* As systemd hands sockets over: from 3 on. dup2() of itself would keep close-on-exec. */
	if (fd != 3)
		dup2(fd, 3);
	pin_to(1);
	execl(tool, "wn", "-e", "metrics", "--serve", (char *)NULL);
	_exit(127);
}

static void begin(void)
{
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	at = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 16) ||
	    getsockname(fd, (struct sockaddr *)&at, &len))
		bench_die("a socket on loopback");
	fflush(NULL);
	exporter = fork();
	if (exporter < 0)
		bench_die("fork");
	if (!exporter)
		become_exporter(fd);
	close(fd);
}

static void end(void)
{
	kill(exporter, SIGTERM);
	waitpid(exporter, NULL, 0);
}

/* The answer's body, or NULL where it was none that is good. */
static const char *get(const char *path)
{
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	char request[128];
	size_t got = 0;
	ssize_t n;
	int len;

	if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof(at)))
		bench_die("wn metrics cannot be reached: make tools");
	len = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
	if (send(fd, request, (size_t)len, 0) != len)
		bench_die("send");
	while ((n = recv(fd, answer + got, sizeof(answer) - 1 - got, 0)) > 0)
		got += (size_t)n;
	close(fd);
	answer[got] = 0;
	return strncmp(answer, "HTTP/1.1 200 ", 13) ? NULL : strstr(answer, "\r\n\r\n");
}

static void ask(struct bench_sample *s, const void *arg)
{
	const unsigned int n = (unsigned int)bench_scale(300);
	uint64_t sum = 0;

	for (unsigned int i = 0; i < n; i++) {
		const uint64_t start = wall_ns();
		uint64_t took;

		s->lost += !get(arg);
		took = wall_ns() - start;
		sum += took;
		/* There is none while it warms up. */
		if (s->hist)
			hist_add(s->hist, took);
	}
	s->value = (double)sum / n;
	s->ops = n;
}

static void count(void)
{
	unsigned int series = 0;
	const char *line = get("/metrics");

	for (line = line ? line + 4 : NULL; line && *line; line = strchr(line, '\n') + 1)
		series += *line != '#';
	bench_fact(&(struct bench_fact){
		.id = "series", .what = "metrics of an instance with one domain", .unit = "",
		.value = series, .more = true, .check = { .what = "metrics", .figure = 50 } });
}

static void run(const void *arg)
{
	const struct bench_compare scrape = {
		.id = "scrape", .what = "a scrape, connection and all; mean", .unit = "ns",
		.engine = "embedded, inline", .where = "CPU 0, the exporter CPU 1",
		.sides = { { .name = "/metrics", .run = ask, .arg = "/metrics", .hist = true } },
		.checks = { { .what = "a scrape, ns", .figure = 12e6 } },
	};
	const struct bench_compare health = {
		.id = "health", .what = "is it well, connection and all; mean", .unit = "ns",
		.engine = "embedded, inline", .where = "CPU 0, the exporter CPU 1",
		.sides = {
			{ .name = "/readyz: the engine answers", .run = ask, .arg = "/readyz", .hist = true },
			{ .name = "/healthz", .run = ask, .arg = "/healthz", .hist = true, .ours = true },
		},
		.checks = { { .what = "health, ns", .figure = 5e6 } },
	};

	begin();
	count();
	bench_compare(&scrape);
	bench_compare(&health);
	end();
}

const struct bench_row row_metrics = {
	.name = "14", .system = "BIZRA NODE0", .claim = "50+ metrics, scrape 12 ms, health 5 ms",
	.run = run, .seconds = 5,
};
