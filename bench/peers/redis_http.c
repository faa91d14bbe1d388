// SPDX-License-Identifier: MIT
/* The web server of examples/ratelimit.c with its limit in Redis: a DECR for each request. */
#include <hiredis/hiredis.h>
#include <stdio.h>

#include "../../examples/http.h"
#include "../../examples/workers.h"
#include "peers.h"
#include "redis.h"

struct server {
	struct http_site site;
	redisContext *redis;
	const char *socket;
	int listener;
};

static int answer(struct http_site *site, const char *path)
{
	struct server *s = (struct server *)site;
	redisReply *r = redisCommand(s->redis, "DECR %s", path);
	int status = 503;

	if (r && r->type == REDIS_REPLY_INTEGER)
		status = r->integer >= 0 ? 200 : 429;
	if (r)
		freeReplyObject(r);
	return status;
}

static void tick(struct http_site *site)
{
}

static int work(void *arg)
{
	struct server *s = arg;

	s->redis = redisConnectUnix(s->socket);
	if (!s->redis || s->redis->err)
		return 1;
	return http_serve(&s->site, s->listener) != 0;
}

int redis_http(int port, unsigned int workers, const char *key, unsigned long long limit)
{
	static struct server s = { .site = { answer, tick } };
	redisContext *c;
	redisReply *r;

	s.socket = redis_socket();
	c = s.socket ? redisConnectUnix(s.socket) : NULL;
	if (!c || c->err)
		return 1;
	r = redisCommand(c, "SET %s %llu", key, limit);
	if (!r || r->type == REDIS_REPLY_ERROR)
		return 1;
	freeReplyObject(r);
	redisFree(c);
	s.listener = http_listen((unsigned short)port);
	return s.listener < 0 || workers_run(workers, work, &s);
}
