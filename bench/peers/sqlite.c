// SPDX-License-Identifier: MIT
/* SQLite in memory, prepared statements, one transaction. */
#include <sqlite3.h>
#include <stdio.h>

#include "../support/trace.h"
#include "peers.h"

enum { INSERT, UPDATE, DELETE, SELECT, STATEMENTS };

static sqlite3 *db;
static sqlite3_stmt *statements[STATEMENTS];

static void fine(int err, int want)
{
	if (err != want)
		bench_die(db ? sqlite3_errmsg(db) : "sqlite");
}

static void begin(void)
{
	static const char *const text[STATEMENTS] = {
		"insert into t values(?1, ?2, ?3)", "update t set s = ?2 where id = ?1",
		"delete from t where id = ?1", "select s from t where id = ?1",
	};

	fine(sqlite3_open(":memory:", &db), SQLITE_OK);
	fine(sqlite3_exec(db, "pragma journal_mode = off; pragma synchronous = off;"
			  "create table t(id integer primary key, s int, n text); begin", NULL, NULL,
			  NULL), SQLITE_OK);
	for (int i = 0; i < STATEMENTS; i++)
		fine(sqlite3_prepare_v2(db, text[i], -1, &statements[i], NULL), SQLITE_OK);
}

static uint32_t apply(int what, uint32_t id, uint32_t value)
{
	static const int which[] = { INSERT, UPDATE, DELETE, SELECT };
	sqlite3_stmt *q = statements[which[what]];
	uint32_t found = 0;
	char name[16];

	sqlite3_bind_int(q, 1, (int)id);
	if (what <= TRACE_UPDATE)
		sqlite3_bind_int(q, 2, (int)value);
	if (what == TRACE_CREATE) {
		snprintf(name, sizeof(name), "task-%07u", id);
		sqlite3_bind_text(q, 3, name, 12, SQLITE_TRANSIENT);
	}
	if (what == TRACE_QUERY) {
		fine(sqlite3_step(q), SQLITE_ROW);
		found = (uint32_t)sqlite3_column_int(q, 0);
	} else {
		fine(sqlite3_step(q), SQLITE_DONE);
	}
	sqlite3_reset(q);
	return found;
}

void sqlite_tasks(struct bench_sample *s, const void *arg)
{
	const struct trace *t = trace_get();
	uint64_t found = 0, start;

	begin();
	for (uint32_t id = 0; id < TRACE_TASKS; id++)
		apply(TRACE_CREATE, id, trace_first(id));
	start = cpu_ns();
	for (uint32_t i = 0; i < TRACE_OPS; i++)
		found += apply(t->ops[i].what, t->ops[i].id, t->ops[i].value);
	fine(sqlite3_exec(db, "commit", NULL, NULL, NULL), SQLITE_OK);
	s->value = (double)(cpu_ns() - start) / TRACE_OPS;
	s->ops = TRACE_OPS;
	trace_hold("SQLite", found);
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(statements[i]);
	sqlite3_close(db);
	db = NULL;
}
