// SPDX-License-Identifier: MIT
#include "redis.h"

#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../support/trace.h"
#include "peers.h"

#define PIPELINE 100u

static pid_t server;
static char path[64];

static void stop(void)
{
	if (server <= 0)
		return;
	kill(server, SIGTERM);
	waitpid(server, NULL, 0);
	server = 0;
	unlink(path);
}

static void become_server(void)
{
	pin_to(1);
	if (!freopen("/dev/null", "w", stdout))
		_exit(127);
	execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", path, "--save", "",
	       "--appendonly", "no", "--dir", "/tmp", (char *)NULL);
	_exit(127);
}

const char *redis_socket(void)
{
	if (server)
		return server > 0 ? path : NULL;
	snprintf(path, sizeof(path), "/tmp/wnbench-redis-%d", (int)getpid());
	fflush(NULL);
	server = fork();
	if (!server)
		become_server();
	atexit(stop);
	for (int i = 0; i < 500 && access(path, F_OK); i++) {
		usleep(10000);
		if (waitpid(server, NULL, WNOHANG) == server) {
			server = -1;
			return NULL;
		}
	}
	return path;
}

static redisContext *connection(void)
{
	static redisContext *c;
	const char *at = redis_socket();

	if (c || !at)
		return c;
	c = redisConnectUnix(at);
	if (!c || c->err)
		bench_die("redis: no connection");
	return c;
}

static uint64_t answers(redisContext *c, unsigned int n)
{
	uint64_t sum = 0;
	redisReply *r;

	for (; n; n--) {
		if (redisGetReply(c, (void **)&r) != REDIS_OK || r->type == REDIS_REPLY_ERROR)
			bench_die("redis: an error");
		if (r->type == REDIS_REPLY_STRING)
			sum += strtoull(r->str, NULL, 10);
		freeReplyObject(r);
	}
	return sum;
}

static int format(char **to, const struct trace_op *op)
{
	switch (op->what) {
	case TRACE_CREATE:
		return redisFormatCommand(to, "HSET t:%u s %u n task-%07u", op->id, op->value, op->id);
	case TRACE_UPDATE:
		return redisFormatCommand(to, "HSET t:%u s %u", op->id, op->value);
	case TRACE_DELETE:
		return redisFormatCommand(to, "DEL t:%u", op->id);
	default:
		return redisFormatCommand(to, "HGET t:%u s", op->id);
	}
}

void redis_tasks(struct bench_sample *s, const void *arg)
{
	static char *commands[TRACE_OPS];
	static int lengths[TRACE_OPS];
	const struct trace *t = trace_get();
	redisContext *c = connection();
	uint64_t found = 0, start;

	if (!c) {
		s->missing = "redis-server";
		return;
	}
	redisAppendCommand(c, "FLUSHALL");
	answers(c, 1);
	for (uint32_t id = 0; id < TRACE_TASKS; id++) {
		redisAppendCommand(c, "HSET t:%u s %u n task-%07u", id, trace_first(id), id);
		if (id % PIPELINE == PIPELINE - 1)
			answers(c, PIPELINE);
	}
	/* Commands are made before: that would be the client library's cost. */
	for (uint32_t i = 0; i < TRACE_OPS; i++)
		if (!commands[i])
			lengths[i] = format(&commands[i], &t->ops[i]);
	start = wall_ns();
	for (uint32_t i = 0; i < TRACE_OPS; i++) {
		redisAppendFormattedCommand(c, commands[i], (size_t)lengths[i]);
		if (i % PIPELINE == PIPELINE - 1)
			found += answers(c, PIPELINE);
	}
	s->value = (double)(wall_ns() - start) / TRACE_OPS;
	s->ops = TRACE_OPS;
	trace_hold("Redis", found);
}
