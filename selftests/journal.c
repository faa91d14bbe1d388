// SPDX-License-Identifier: MIT
/*
 * A domain's journal: what clients did at once in the engine is done again, input for input,
 * by the same core in this program. The results are those that the clients got, the digests
 * those that they read, at each point where one was read. And what is done when the journal
 * is full, and who may take it out.
 */
#include "common.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wn.h>

#include "anyop.h"
#include "replayer.h"

#include "harness.h"

#define CLIENTS_MAX	8
#define OPS		8000U	/* of all clients together */
#define DIGESTS		64U
#define BATCH		8U

/* ---------------------------------------------------------- the domain */

static struct wn_bounds some_bounds(void)
{
	struct wn_bounds b = wt_small;

	b.nodes = 400;
	b.children = 100;
	b.depth = 8;
	b.cells = 200;
	b.set_elems = 64;
	b.elems = 1000;
	b.clients = CLIENTS_MAX + 8;
	b.caps = 32;
	b.slots = 8;
	b.sq_entries = 64;
	b.cq_entries = 128;
	b.inbox_entries = 256;
	b.subs = 32;
	b.timers = 64;
	b.idem_keys = 16;
	b.log_records = 256;
	b.backlog = 128;
	b.slab_bytes = 64 << 10;
	return b;
}

/* What was taken out, all of it. */
struct taken {
	const char *path;
	uint8_t *bytes;
	size_t used, room;
	int64_t err;
	bool stop;		/* atomic: take what is left and leave */
};

static bool grow(struct taken *t)
{
	uint8_t *more;

	if (t->room - t->used >= 1 << 20)
		return true;
	t->room += 16 << 20;
	more = realloc(t->bytes, t->room);
	if (!more)
		return false;
	t->bytes = more;
	return true;
}

/* 0: there is nothing for now. */
static int64_t take_some(struct taken *t)
{
	struct wn_journal_take info;
	int64_t n;

	if (!grow(t))
		return -ENOMEM;
	n = wn_domain_journal(t->path, t->bytes + t->used, t->room - t->used, &info);
	if (n < 0)
		return n;
	if (info.position != t->used || info.state & WN_JOURNAL_BROKEN)
		return -EPROTO;
	t->used += (size_t)n;
	return n;
}

static void *taker(void *arg)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	struct taken *t = arg;
	bool stop;

	do {
		stop = __atomic_load_n(&t->stop, __ATOMIC_ACQUIRE);
		while ((t->err = take_some(t)) > 0)
			;
		nanosleep(&nap, NULL);
	} while (!stop && !t->err);
	return NULL;
}

/* --------------------------------------------------------- the clients */

struct done {
	int64_t res;
	uint8_t opcode, flags;
	bool seen;		/* in the journal */
};

struct digest {
	uint64_t op;
	uint8_t bytes[WN_DIGEST_BYTES];
};

struct client {
	const char *path;
	struct anyop any;
	uint32_t number, ops;
	struct done *done;	/* by number of the op, which is in its user_data */
	struct digest digests[DIGESTS];
	uint32_t nr_digests;
	bool revoked;		/* it can do nothing any more */
	int err;
	struct wn wn;
};

#define USER_DATA(client, op)	((uint64_t)(client) << 32 | (op))

static void read_events(struct client *c)
{
	const struct wn_event *e;
	uint32_t n = anyop_below(&c->any, 20);

	while (n-- && (e = wn_peek_event(&c->wn))) {
		anyop_event(&c->any, e);
		wn_event_seen(&c->wn);
	}
}

/* Its own, whatever is attached: a program that counts, or one that does not know how. */
static void store_slots(struct client *c)
{
	uint64_t *slot = (uint64_t *)&c->wn.slots[anyop_below(&c->any, 8)];

	__atomic_store_n(slot, *slot + anyop_below(&c->any, 5), __ATOMIC_RELAXED);
}

/* A batch of entries, some of them chains and groups; how many ops. */
static uint32_t draw_batch(struct client *c, uint32_t first, struct wn_sqe *drawn)
{
	uint32_t n = 0, most = 1 + anyop_below(&c->any, BATCH);
	struct wn_sqe slots[2], *at;
	void *wide;

	if (most > c->ops - first)
		most = c->ops - first;
	for (; n < most; n++) {
		anyop_draw(&c->any, slots, c->wn.out.bytes);
		slots[0].user_data = USER_DATA(c->number, first + n);
		if (most > 1)
			slots[0].flags |= anyop_below(&c->any, 12) ? 0 : WN_SQE_LINK;
		if (n + 1 < most)
			slots[0].flags |= anyop_below(&c->any, 16) ? 0 : WN_SQE_ATOMIC;
		else
			slots[0].flags &= (uint8_t)~WN_SQE_ATOMIC;
		slots[0].flags &= (uint8_t)~WN_SQE_QUIET;
		/* One that is read is read before the next answer lies there. */
		if (slots[0].opcode == WN_OP_DIGEST && !slots[0].op_flags && !n)
			most = 1;
		drawn[n] = slots[0];
		if (!(slots[0].flags & WN_SQE_WIDE)) {
			at = wn_get_sqe(&c->wn);
			if (!at)
				return 0;
			*at = slots[0];
			continue;
		}
		at = wn_get_sqe_wide(&c->wn, &wide);
		if (!at)
			return 0;
		*at = slots[0];
		memcpy(wide, &slots[1], sizeof(slots[1]));
	}
	return n;
}

static void note(struct client *c, uint32_t op, const struct wn_sqe *sqe, int64_t res)
{
	c->done[op] = (struct done){ .res = res, .opcode = sqe->opcode, .flags = sqe->flags };
	c->revoked |= res == -EKEYREVOKED && !sqe->cap;
	anyop_learn(&c->any, sqe->opcode == WN_OP_NOP ? &(struct wn_sqe){} : sqe, res);
}

/* A digest that was read lies in the arena until the next op that answers there. */
static void note_digest(struct client *c, uint32_t op, const struct wn_sqe *sqe, int64_t res)
{
	struct digest *d = &c->digests[c->nr_digests];

	if (sqe->opcode != WN_OP_DIGEST || sqe->op_flags || res || c->nr_digests == DIGESTS)
		return;
	d->op = op;
	memcpy(d->bytes, c->wn.out.at, sizeof(d->bytes));
	c->nr_digests++;
}

static int run_batch(struct client *c, uint32_t *op)
{
	struct wn_sqe drawn[BATCH];
	const uint32_t n = draw_batch(c, *op, drawn);
	const struct wn_cqe *cqe;
	uint32_t i;
	int err;

	if (!n)
		return -EAGAIN;
	err = wn_submit(&c->wn);
	for (i = 0; err >= 0 && i < n; i++) {
		err = wn_wait_cqe(&c->wn, &cqe, 0);
		if (err < 0)
			return err;
		if (cqe->user_data != USER_DATA(c->number, *op + i))
			return -EPROTO;
		note(c, *op + i, &drawn[i], cqe->res);
		if (n == 1)
			note_digest(c, *op, drawn, cqe->res);
		wn_cqe_seen(&c->wn);
	}
	*op += n;
	return err < 0 ? err : 0;
}

static int open_client(struct client *c)
{
	const struct wn_params params = { .sq_entries = 64, .cq_entries = 128 };
	int err;

	/* Its number may still be on its way out, or the journal full for the moment. */
	while ((err = wn_open(&c->wn, c->path, &params)) == -ENOSPC || err == -ENOBUFS)
		usleep(1000);
	return err;
}

static void *client(void *arg)
{
	struct client *c = arg;
	uint32_t op = 0;

	c->err = open_client(c);
	while (!c->err && op < c->ops) {
		read_events(c);
		store_slots(c);
		c->err = run_batch(c, &op);
		if (!c->err && !anyop_below(&c->any, c->revoked ? 10 : 400)) {
			wn_close(&c->wn);
			c->revoked = false;
			c->err = open_client(c);
		}
	}
	if (c->err && op < c->ops)
		return NULL;
	wn_close(&c->wn);
	return NULL;
}

/* ---------------------------------------------------------- the replay */

struct replayed {
	struct client *clients;
	uint32_t nr;
	uint64_t records, ops, groups, digests, wrong;
	uint8_t last[WN_DIGEST_BYTES];	/* that was read when all were gone */
	bool ended;			/* and is there */
};

static struct done *done_of(struct replayed *r, uint64_t user_data)
{
	const uint32_t who = (uint32_t)(user_data >> 32), op = (uint32_t)user_data;

	return who < r->nr && op < r->clients[who].ops ? &r->clients[who].done[op] : NULL;
}

/* The next entry of an op or group, or NULL; *at moves behind it. */
static const struct wn_sqe *next_entry(const struct record *record, uint32_t *at)
{
	const struct wn_sqe *sqe = (const struct wn_sqe *)(record->body + *at);

	if (*at >= record->bytes)
		return NULL;
	*at += sqe->flags & WN_SQE_WIDE ? 2 * sizeof(*sqe) : sizeof(*sqe);
	return sqe;
}

/* Held against what the client was told: each op once, with the same result. */
static void compare(struct replayed *r, const struct record *record)
{
	const bool group = record->kind == RECORD_GROUP;
	const int64_t res = record->res;
	uint32_t at = 0;
	const struct wn_sqe *sqe;
	bool failed = false;

	while ((sqe = next_entry(record, &at))) {
		struct done *d = done_of(r, sqe->user_data);

		if (sqe->user_data == WN_USER_DATA_OWN)
			continue;
		if (!d || d->seen || d->opcode != sqe->opcode) {
			r->wrong++;
			continue;
		}
		d->seen = true;
		failed |= res && d->res == res;
		if (group ? res ? d->res != res && d->res != -ECANCELED : WN_RES_IS_ERROR(d->res) :
			    d->res != res && (sqe->opcode != WN_OP_DIGEST || d->res != 1 || res))
			r->wrong++;
	}
	if (group && res && !failed)
		r->wrong++;
	r->ops += !group;
	r->groups += group;
}

/* The digest that is noted behind the op of a client who read one is what he read. */
static void compare_digest(struct replayed *r, const struct record *record,
			   const struct record *before)
{
	const struct wn_sqe *sqe = (const struct wn_sqe *)before->body;
	uint32_t who, i;

	/* Before the first record there is none. */
	if (before->kind != RECORD_OP || !sqe) {
		r->wrong++;
		return;
	}
	if (sqe->user_data == WN_USER_DATA_OWN) {
		r->ended = !memcmp(r->last, record->body, sizeof(r->last));
		return;
	}
	who = (uint32_t)(sqe->user_data >> 32);
	if (who >= r->nr) {
		r->wrong++;
		return;
	}
	for (i = 0; i < r->clients[who].nr_digests; i++) {
		const struct digest *d = &r->clients[who].digests[i];

		if (d->op != (uint32_t)sqe->user_data)
			continue;
		r->digests++;
		r->wrong += !!memcmp(d->bytes, record->body, sizeof(d->bytes));
	}
}

/* All of it: 0, or what the replay says of the first record that is not right. */
static int64_t replay(const struct taken *t, struct replayed *r)
{
	struct replayer *by = replayer_new(t->bytes, t->used);
	struct record before = { .kind = RECORD_OTHER }, record;
	int64_t res;

	if (!by)
		return -EINVAL;
	for (; (res = replayer_next(by, &record)) > 0; r->records++) {
		if (record.kind == RECORD_OP || record.kind == RECORD_GROUP)
			compare(r, &record);
		else if (record.kind == RECORD_DIGEST)
			compare_digest(r, &record, &before);
		before = record;
	}
	replayer_free(by);
	return res;
}

/* --------------------------------------------------------------- tests */

FIXTURE(journal)
{
	struct wt_mount m;
	struct taken t;
	struct wn_bounds bounds;
};

FIXTURE_SETUP(journal)
{
	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	self->bounds = some_bounds();
	self->t.path = wt_path(&self->m, "d");
	ASSERT_EQ(0, wn_domain_create_journaled(self->t.path, 0600, &self->bounds, 1));
}

FIXTURE_TEARDOWN(journal)
{
	free(self->t.bytes);
	wt_umount(&self->m);
}

/* Ops of so many clients that the journal has not, though something was done. */
static uint64_t unrecorded(struct replayed *r)
{
	uint64_t n = 0;
	uint32_t c, i;

	for (c = 0; c < r->nr; c++) {
		for (i = 0; i < r->clients[c].ops; i++) {
			const struct done *d = &r->clients[c].done[i];

			n += !d->seen && !WN_RES_IS_ERROR(d->res) && d->opcode != WN_OP_NOP;
		}
	}
	return n;
}

static void run(struct __test_metadata *_metadata, FIXTURE_DATA(journal) *self, uint32_t nr)
{
	const char *given = getenv("WN_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) << 20 ^ (uint64_t)getpid();
	struct anyop_shared *shared = calloc(1, sizeof(*shared));
	struct client *clients = calloc(nr, sizeof(*clients));
	struct replayed r = { .clients = clients, .nr = nr };
	pthread_t thread[CLIENTS_MAX], takes;
	uint64_t good = 0;
	struct wn last;
	uint32_t i, j;
	int err;

	ASSERT_TRUE(shared && clients);
	TH_LOG("WN_SEED=0x%llx", (unsigned long long)seed);
	shared->clients = nr;
	ASSERT_EQ(0, pthread_create(&takes, NULL, taker, &self->t));
	for (i = 0; i < nr; i++) {
		clients[i].path = self->t.path;
		clients[i].number = i;
		clients[i].ops = OPS / nr;
		clients[i].any = (struct anyop){ .shared = shared, .seed = seed + i };
		clients[i].done = calloc(clients[i].ops, sizeof(struct done));
		ASSERT_NE(NULL, clients[i].done);
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, client, &clients[i]));
	}
	for (i = 0; i < nr; i++) {
		pthread_join(thread[i], NULL);
		EXPECT_EQ(0, clients[i].err) TH_LOG("client %u", i);
	}
	/* The journal may be full still: what is in it is being taken out. */
	while ((err = wn_open(&last, self->t.path, NULL)) == -ENOSPC || err == -ENOBUFS)
		usleep(1000);
	ASSERT_EQ(0, err);
	while ((err = wn_digest(&last, r.last)) == -ENOBUFS)
		usleep(1000);
	ASSERT_EQ(0, err);
	wn_close(&last);
	__atomic_store_n(&self->t.stop, true, __ATOMIC_RELEASE);
	pthread_join(takes, NULL);
	ASSERT_EQ(0, self->t.err);

	EXPECT_EQ(0, replay(&self->t, &r)) TH_LOG("record %llu", (unsigned long long)r.records);
	EXPECT_EQ(0, r.wrong);
	EXPECT_EQ(0, unrecorded(&r));
	for (i = 0; i < nr; i++)
		for (j = 0; j < clients[i].ops; j++)
			good += clients[i].done[j].seen && !WN_RES_IS_ERROR(clients[i].done[j].res);
	TH_LOG("%llu records: %llu ops, %llu groups, %llu that did something, %llu digests",
	       (unsigned long long)r.records, (unsigned long long)r.ops,
	       (unsigned long long)r.groups, (unsigned long long)good,
	       (unsigned long long)r.digests);
	EXPECT_LT(OPS / 20, good);
	EXPECT_LT(OPS / 200, r.groups);
	EXPECT_LT(0, r.digests);
	EXPECT_TRUE(r.ended);
	for (i = 0; i < nr; i++)
		free(clients[i].done);
	free(clients);
	free(shared);
}

TEST_F(journal, one_client)
{
	run(_metadata, self, 1);
}

TEST_F(journal, eight_clients)
{
	run(_metadata, self, 8);
}

/* State of the root, until that is refused: how often. */
static uint32_t fill(struct wn *wn, int64_t *res)
{
	uint32_t n = 0;

	while (n < 1000000) {
		*res = wn_set_state(wn, 0, n % 7);
		if (WN_RES_IS_ERROR(*res))
			break;
		n++;
	}
	return n;
}

static struct wn_journal_take told(const char *path)
{
	struct wn_journal_take t = {};

	wn_domain_journal(path, NULL, 0, &t);
	return t;
}

static uint64_t boottime(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* That event, or the first one is another, within some seconds. */
static bool comes(struct wn *wn, uint8_t kind)
{
	const struct wn_event *e;
	uint32_t i;
	bool is;

	for (i = 0; i < 3000; i++) {
		wn_submit(wn);
		e = wn_peek_event(wn);
		if (e) {
			is = e->kind == kind;
			wn_event_seen(wn);
			return is;
		}
		usleep(1000);
	}
	return false;
}

#define MANY	12

/* Each has room for something, until there is none: then nobody has. */
static int64_t fill_all(struct wn *wn, struct wn *more)
{
	int64_t res;
	uint32_t i;

	fill(wn, &res);
	for (i = 0; i < MANY && res == -ENOBUFS; i++)
		fill(&more[i], &res);
	return res;
}

/* Who writes without end is stopped, alone; and is not for ever. */
TEST_F(journal, a_flood_is_its_own)
{
	struct replayed r = {};
	struct wn wn, other, third;
	uint32_t round, n = 0, i;
	int64_t res;

	ASSERT_EQ(0, wn_open(&wn, self->t.path, NULL));
	ASSERT_EQ(0, wn_open(&other, self->t.path, NULL));
	for (round = 0; round < 3; round++) {
		i = fill(&wn, &res);
		EXPECT_EQ(-ENOBUFS, res);
		EXPECT_LT(100, i);
		EXPECT_EQ(WN_JOURNAL_FULL, told(self->t.path).state);
		/* Others have as many before them as it had, and who comes is let in. */
		ASSERT_EQ(0, wn_open(&third, self->t.path, NULL)) TH_LOG("round %u", round);
		for (n = 0; n < i / 4; n++)
			ASSERT_LT(0, wn_set_state(&other, 0, n % 5));
		EXPECT_LT(0, wn_set_state(&third, 0, 3));
		EXPECT_EQ(-ENOBUFS, wn_set_state(&wn, 0, 1));
		wn_close(&third);
		while (take_some(&self->t) > 0)
			;
		EXPECT_EQ(0, told(self->t.path).state);
	}
	ASSERT_EQ(0, wn_digest(&wn, r.last));
	wn_close(&other);
	wn_close(&wn);
	while (take_some(&self->t) > 0)
		;
	EXPECT_EQ(0, replay(&self->t, &r));
}

/*
 * Nobody takes out: what can be refused is, what comes due waits, who dies is written down;
 * and when somebody does all goes on.
 */
TEST_F(journal, full)
{
	struct replayed r = {};
	struct wn wn, other, more[MANY];
	bool in_time;
	uint64_t due;
	uint32_t n;
	__u64 node;

	ASSERT_EQ(0, wn_open(&wn, self->t.path, NULL));
	ASSERT_EQ(0, wn_open(&other, self->t.path, NULL));
	for (n = 0; n < MANY; n++)
		ASSERT_EQ(0, wn_open(&more[n], self->t.path, NULL));
	node = (__u64)wn_create(&other, 0, "of the other");
	ASSERT_FALSE(WN_RES_IS_ERROR(node));
	EXPECT_EQ(0, told(self->t.path).state);
	EXPECT_EQ(-ENOBUFS, fill_all(&wn, more));
	EXPECT_EQ(WN_JOURNAL_FULL, told(self->t.path).state);
	EXPECT_EQ(-ENOBUFS, wn_open(&(struct wn){}, self->t.path, NULL));
	EXPECT_EQ(-ENOBUFS, wn_set_state(&wn, 0, 1));
	EXPECT_EQ(-ENOBUFS, wn_destroy(&wn, node));
	wn_close(&other);

	/* Room again, for one timer; and none when it comes due. */
	ASSERT_LT(0, take_some(&self->t));
	EXPECT_EQ(0, told(self->t.path).state);
	due = boottime() + 1000000000;
	ASSERT_FALSE(WN_RES_IS_ERROR(wn_bind(&wn, 0, 0)));
	ASSERT_FALSE(WN_RES_IS_ERROR(wn_timer(&wn, 0, 0, due, 0, 0)));
	ASSERT_EQ(-ENOBUFS, fill_all(&wn, more));
	in_time = boottime() < due;
	while (boottime() < due + 100000000)
		usleep(10000);
	if (in_time)
		EXPECT_EQ(NULL, wn_peek_event(&wn));
	while (take_some(&self->t) > 0)
		;
	EXPECT_TRUE(comes(&wn, WN_EV_TIMER));
	for (n = 0; n < MANY; n++)
		wn_close(&more[n]);
	ASSERT_EQ(0, wn_digest(&wn, r.last));
	wn_close(&wn);
	while (take_some(&self->t) > 0)
		;
	EXPECT_EQ(0, replay(&self->t, &r));
	EXPECT_TRUE(r.ended);
}

/* Whoever takes some knows where it belongs. */
TEST_F(journal, in_pieces)
{
	static uint8_t piece[3000];
	struct wn_journal_take info;
	uint64_t next = 0;
	uint32_t round;
	struct wn wn;
	int64_t n;

	ASSERT_EQ(0, wn_open(&wn, self->t.path, NULL));
	for (round = 0; round < 20; round++) {
		ASSERT_FALSE(WN_RES_IS_ERROR(wn_set_state(&wn, 0, round)));
		while ((n = wn_domain_journal(self->t.path, piece, 1 + round * 131, &info)) > 0) {
			ASSERT_EQ(next, info.position);
			ASSERT_TRUE(grow(&self->t));
			memcpy(self->t.bytes + self->t.used, piece, (size_t)n);
			self->t.used += (size_t)n;
			next += (uint64_t)n;
		}
		ASSERT_EQ(0, n);
		EXPECT_EQ(0, info.left);
	}
	wn_close(&wn);
	EXPECT_EQ(0, replay(&self->t, &(struct replayed){}));
}

static int take_as_other(void *arg)
{
	static uint8_t piece[64];

	return (int)wn_domain_journal(arg, piece, sizeof(piece), NULL);
}

TEST_F(journal, refused)
{
	const char *plain = wt_path(&self->m, "plain"), *big = wt_path(&self->m, "big");
	uint8_t piece[64];
	struct wn wn;

	ASSERT_EQ(0, wn_domain_create(plain, 0600, &self->bounds));
	EXPECT_EQ(-ENODATA, wn_domain_journal(plain, piece, sizeof(piece), NULL));
	EXPECT_EQ(-ENOENT, wn_domain_journal(wt_path(&self->m, "none"), piece, sizeof(piece), NULL));
	EXPECT_EQ(-E2BIG, wn_domain_create_journaled(big, 0600, &self->bounds,
						     WN_JOURNAL_KB_MAX + 1));
	EXPECT_EQ(-ENOENT, wn_open(&wn, big, NULL));
	if (wt_is_embedded())
		return;
	/* Nothing goes with a bad address. */
	ASSERT_EQ(0, wn_open(&wn, self->t.path, NULL));
	EXPECT_EQ(-EFAULT, wn_domain_journal(self->t.path, (void *)16, 4096, NULL));
	EXPECT_EQ(0, told(self->t.path).position);
	wn_close(&wn);
	/* Who may open control, but is not the owner. */
	ASSERT_EQ(0, chmod(self->m.dir, 0755));
	ASSERT_EQ(0, chmod(wt_path(&self->m, WN_FS_CONTROL), 0666));
	EXPECT_EQ(-EPERM, wt_in_child(WT_ID, take_as_other, (void *)self->t.path));
	EXPECT_EQ((int)sizeof(piece), take_as_other((void *)self->t.path));
}

/* It costs who asks for it, and goes with the domain. */
TEST_F(journal, charged)
{
	const char *plain = wt_path(&self->m, "plain"), *large = wt_path(&self->m, "large");
	struct wn_domain_info a, b, c;
	long long before;

	if (wt_is_embedded())
		SKIP(return, "an engine in this process has no budget");
	before = wt_used(&self->m);
	ASSERT_EQ(0, wn_domain_create(plain, 0600, &self->bounds));
	ASSERT_EQ(0, wn_domain_create_journaled(large, 0600, &self->bounds, 4096));
	ASSERT_EQ(0, wn_domain_info(plain, &a));
	ASSERT_EQ(0, wn_domain_info(self->t.path, &b));
	ASSERT_EQ(0, wn_domain_info(large, &c));
	EXPECT_LT(a.bytes, b.bytes);
	EXPECT_LT(b.bytes, c.bytes);
	EXPECT_LE(4096 << 10, c.bytes - a.bytes);
	ASSERT_EQ(0, wn_domain_remove(plain));
	ASSERT_EQ(0, wn_domain_remove(large));
	EXPECT_EQ(before, wt_used(&self->m));
}

WT_MAIN
