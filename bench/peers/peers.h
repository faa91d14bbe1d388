/* SPDX-License-Identifier: MIT */
/*
 * What Worknode is compared with, from Debian (make bench-peers). Each lies in a file
 * that is built where its header is; where it is not, the side says what is missing.
 */
#ifndef BENCH_PEERS_H
#define BENCH_PEERS_H

#include "../harness/bench.h"

void zmq_one_way(struct bench_sample *s, const void *arg);
void nng_one_way(struct bench_sample *s, const void *arg);
void ck_one_way(struct bench_sample *s, const void *arg);
void boost_one_way(struct bench_sample *s, const void *arg);
void erlang_one_way(struct bench_sample *s, const void *arg);

/* support/trace.h */
void redis_tasks(struct bench_sample *s, const void *arg);
void sqlite_tasks(struct bench_sample *s, const void *arg);
void lmdb_tasks(struct bench_sample *s, const void *arg);

/* A web server whose limit lies in Redis, until SIGTERM: 0, or it could not begin. */
int redis_http(int port, unsigned int workers, const char *key, unsigned long long limit);

/* arg: const unsigned int *: how many at a time. */
void uring_sqpoll(struct bench_sample *s, const void *arg);

void sodium_sign(struct bench_sample *s, const void *arg);
void sodium_verify(struct bench_sample *s, const void *arg);
void sodium_mac(struct bench_sample *s, const void *arg);

#ifdef HAVE_ZMQ
#define PEER_ZMQ_ONE_WAY	{ .name = "ZeroMQ, ipc", .run = zmq_one_way }
#else
#define PEER_ZMQ_ONE_WAY	{ .name = "ZeroMQ, ipc", .missing = "libzmq3-dev" }
#endif
#ifdef HAVE_NNG
#define PEER_NNG_ONE_WAY	{ .name = "nng, ipc", .run = nng_one_way }
#else
#define PEER_NNG_ONE_WAY	{ .name = "nng, ipc", .missing = "libnng-dev" }
#endif
#ifdef HAVE_CK
#define PEER_CK_ONE_WAY		{ .name = "ck_ring SPSC, threads", .run = ck_one_way }
#else
#define PEER_CK_ONE_WAY		{ .name = "ck_ring SPSC, threads", .missing = "libck-dev" }
#endif
#ifdef HAVE_BOOST
#define PEER_BOOST_ONE_WAY	{ .name = "boost spsc_queue, threads", .run = boost_one_way }
#else
#define PEER_BOOST_ONE_WAY	{ .name = "boost spsc_queue, threads", .missing = "libboost-dev" }
#endif
#define PEER_ERLANG_ONE_WAY	{ .name = "Erlang, processes of one VM", .run = erlang_one_way }
#ifdef HAVE_REDIS
#define PEER_REDIS_TASKS	{ .name = "Redis, pipelines of 100", .run = redis_tasks }
#else
#define PEER_REDIS_TASKS	{ .name = "Redis, pipelines of 100", .missing = "libhiredis-dev" }
#endif
#ifdef HAVE_REDIS
#define PEER_REDIS_HTTP		{ .name = "Redis, DECR for each", .run = serve_http, .arg = "redis" }
#else
#define PEER_REDIS_HTTP		{ .name = "Redis, DECR for each", .missing = "libhiredis-dev" }
#endif
#ifdef HAVE_SQLITE
#define PEER_SQLITE_TASKS	{ .name = "SQLite in memory, one transaction", .run = sqlite_tasks }
#else
#define PEER_SQLITE_TASKS	{ .name = "SQLite in memory, one transaction", .missing = "libsqlite3-dev" }
#endif
#ifdef HAVE_LMDB
#define PEER_LMDB_TASKS		{ .name = "LMDB, 100 ops a transaction", .run = lmdb_tasks }
#else
#define PEER_LMDB_TASKS		{ .name = "LMDB, 100 ops a transaction", .missing = "liblmdb-dev" }
#endif
#define SODIUM_SIGN		.name = "libsodium, Ed25519 signature"
#define SODIUM_VERIFY		.name = "libsodium, Ed25519 verified"
#define SODIUM_MAC		.name = "libsodium, keyed BLAKE2b"
#ifdef HAVE_SODIUM
#define PEER_SODIUM_SIGN	{ SODIUM_SIGN, .run = sodium_sign }
#define PEER_SODIUM_VERIFY	{ SODIUM_VERIFY, .run = sodium_verify }
#define PEER_SODIUM_MAC		{ SODIUM_MAC, .run = sodium_mac }
#else
#define PEER_SODIUM_SIGN	{ SODIUM_SIGN, .missing = "libsodium-dev" }
#define PEER_SODIUM_VERIFY	{ SODIUM_VERIFY, .missing = "libsodium-dev" }
#define PEER_SODIUM_MAC		{ SODIUM_MAC, .missing = "libsodium-dev" }
#endif

#endif
