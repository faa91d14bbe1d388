// SPDX-License-Identifier: MIT
/* LMDB in a tmpfs, WRITEMAP, never synced, 100 ops a transaction. */
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../support/trace.h"
#include "peers.h"

#define GROUP	100u

struct record {
	uint64_t created, changed, version;
	uint32_t state, priority;
	char name[80];
};

static MDB_dbi table;

static void fine(int err)
{
	if (err)
		bench_die(mdb_strerror(err));
}

static uint32_t apply(MDB_txn *txn, int what, uint32_t id, uint32_t value)
{
	struct record r = { .state = value, .created = value, .changed = value };
	MDB_val key = { sizeof(id), &id }, val = { sizeof(r), &r };

	switch (what) {
	case TRACE_CREATE:
		snprintf(r.name, sizeof(r.name), "task-%07u", id);
		fine(mdb_put(txn, table, &key, &val, 0));
		return 0;
	case TRACE_UPDATE:
		fine(mdb_get(txn, table, &key, &val));
		memcpy(&r, val.mv_data, sizeof(r));
		r.state = value;
		r.changed = value;
		r.version++;
		val.mv_data = &r;
		fine(mdb_put(txn, table, &key, &val, 0));
		return 0;
	case TRACE_DELETE:
		fine(mdb_del(txn, table, &key, NULL));
		return 0;
	default:
		fine(mdb_get(txn, table, &key, &val));
		memcpy(&r, val.mv_data, sizeof(r));
		return r.state;
	}
}

void lmdb_tasks(struct bench_sample *s, const void *arg)
{
	const unsigned int flags = MDB_NOSYNC | MDB_WRITEMAP | MDB_NOSUBDIR;
	const struct trace *t = trace_get();
	uint64_t found = 0, start;
	char path[64], lock[80];
	MDB_txn *txn;
	MDB_env *env;

	snprintf(path, sizeof(path), "/dev/shm/wnbench-lmdb-%d", (int)getpid());
	snprintf(lock, sizeof(lock), "%s-lock", path);
	fine(mdb_env_create(&env));
	fine(mdb_env_set_mapsize(env, 256u << 20));
	fine(mdb_env_open(env, path, flags, 0600));
	fine(mdb_txn_begin(env, NULL, 0, &txn));
	fine(mdb_dbi_open(txn, NULL, MDB_INTEGERKEY | MDB_CREATE, &table));
	for (uint32_t id = 0; id < TRACE_TASKS; id++)
		apply(txn, TRACE_CREATE, id, trace_first(id));
	fine(mdb_txn_commit(txn));
	start = cpu_ns();
	for (uint32_t i = 0; i < TRACE_OPS; i++) {
		if (i % GROUP == 0)
			fine(mdb_txn_begin(env, NULL, 0, &txn));
		found += apply(txn, t->ops[i].what, t->ops[i].id, t->ops[i].value);
		if (i % GROUP == GROUP - 1)
			fine(mdb_txn_commit(txn));
	}
	s->value = (double)(cpu_ns() - start) / TRACE_OPS;
	s->ops = TRACE_OPS;
	trace_hold("LMDB", found);
	mdb_env_close(env);
	unlink(path);
	unlink(lock);
}
