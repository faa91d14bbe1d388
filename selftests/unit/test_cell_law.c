// SPDX-License-Identifier: MIT
/*
 * What joins promise on states that random histories lead to: the order does not
 * matter, nor how they are grouped, nor how often. And histories by hand, of bugs that
 * others had.
 */
#include <string.h>

#include "replicas.h"
#include "tap.h"

#define WATCHER (REPLICAS_MAX - 1)

struct form {
	u8 bytes[FORM_BYTES];
	u32 len;
};

static struct wn_bounds bounds;

static bool join_all(struct replica *r, const struct form *f)
{
	int err;

	do
		err = replica_join(r, f->bytes, f->len);
	while (err == 1);
	return !err;
}

/* What somebody who did nothing himself holds after joining these, in this order. */
static bool join(struct form *to, u32 type, const struct form *a, const struct form *b,
		 const struct form *c)
{
	struct replica w;
	bool good;

	replica_init(&w, WATCHER, replica_types[type].type, replica_types[type].flags, &bounds, 1);
	good = join_all(&w, a) && (!b || join_all(&w, b)) && (!c || join_all(&w, c));
	to->len = replica_encode(&w, to->bytes);
	if (replica_check(&w))
		good = false;
	replica_deinit(&w);
	return good;
}

static bool same(const struct form *a, const struct form *b)
{
	return a->len == b->len && !memcmp(a->bytes, b->bytes, a->len);
}

/* Joined once more: nothing in private memory changes. */
static bool again(u32 type, const struct form *a, const struct form *b)
{
	struct replica w;
	bool good;
	u8 *before;

	replica_init(&w, WATCHER, replica_types[type].type, replica_types[type].flags, &bounds, 1);
	good = join_all(&w, a) && join_all(&w, b);
	before = malloc(w.w.core->state_bytes);
	memcpy(before, w.w.private, w.w.core->state_bytes);
	good = good && join_all(&w, b) && join_all(&w, a) && join_all(&w, b) &&
	       !memcmp(before, w.w.private, w.w.core->state_bytes);
	free(before);
	replica_deinit(&w);
	return good;
}

static const char *laws(u32 type, u64 seed)
{
	static struct form s[3], x, y, z, xy;
	struct replicas rs;
	u32 i;

	replicas_init(&rs, 3, replica_types[type].type, replica_types[type].flags, &bounds, seed);
	replicas_history(&rs, 40 + seed % 200);
	for (i = 0; i < 3; i++)
		s[i].len = replica_encode(&rs.r[i], s[i].bytes);
	replicas_deinit(&rs);
	if (rs.what[0])
		return "the history failed";
	for (i = 0; i < 3; i++)
		if (!join(&x, type, &s[i], NULL, NULL) || !same(&x, &s[i]))
			return "a form of a form differs";
	if (!join(&x, type, &s[0], &s[1], NULL) || !join(&y, type, &s[1], &s[0], NULL) ||
	    !same(&x, &y))
		return "not commutative";
	if (!join(&y, type, &s[1], &s[2], NULL) || !join(&z, type, &x, &s[2], NULL) ||
	    !join(&xy, type, &s[0], &y, NULL) || !same(&z, &xy))
		return "not associative";
	if (!join(&y, type, &s[2], &s[0], &s[1]) || !same(&y, &z))
		return "the order of three matters";
	if (!again(type, &s[0], &s[1]))
		return "not idempotent";
	return NULL;
}

/* One hears all that the other knows. */
static void hear(struct replica *to, struct replica *from)
{
	static struct form f;

	f.len = replica_encode(from, f.bytes);
	if (!join_all(to, &f))
		diag("a join was refused");
}

/* What changed since some vector, as one form. */
static u32 delta(struct replica *r, const struct wn_vv *since, u8 *to)
{
	u64 cursor = 0;

	return (u32)wn_cell_delta(r->cells, r->at, since, &cursor, to, FORM_BYTES);
}

static struct replica a, b, c;

static void three(u8 type, u8 flags)
{
	replica_init(&a, 0, type, flags, &bounds, 1);
	replica_init(&b, 1, type, flags, &bounds, 2);
	replica_init(&c, 2, type, flags, &bounds, 3);
}

static void three_end(void)
{
	replica_deinit(&a);
	replica_deinit(&b);
	replica_deinit(&c);
}

/* riak_dt #82: an element that both had removed came back from a third. */
static void removed_by_both(void)
{
	three(WN_CELL_ORSET, 0);
	replica_put(&a, "x", "");
	replica_put(&b, "x", "");
	hear(&c, &a);
	replica_remove(&a, "x");
	hear(&a, &b);
	replica_remove(&b, "x");
	hear(&a, &c);
	hear(&b, &a);
	ok(!replica_has(&b, "x"), "removed by both, it does not come back from a third");
	three_end();
}

static void add_wins(void)
{
	three(WN_CELL_ORSET, 0);
	replica_put(&a, "x", "");
	hear(&b, &a);
	replica_remove(&a, "x");
	replica_put(&b, "x", "");
	hear(&a, &b);
	hear(&b, &a);
	ok(replica_has(&a, "x") && replica_has(&b, "x"), "an add wins over a remove that did not see it");
	replica_remove(&a, "x");
	hear(&b, &a);
	ok(!replica_has(&b, "x"), "but not over one that did");
	hear(&c, &a);
	hear(&a, &c);
	ok(!replica_has(&a, "x") && !replica_has(&c, "x"), "and who never had it does not bring it back");
	three_end();
}

/* The second delta came, the first was lost. */
static void lost_delta(void)
{
	static u8 first[FORM_BYTES], second[FORM_BYTES];
	struct wn_vv none = {}, one;
	u32 len_first, len_second;

	three(WN_CELL_ORSET, 0);
	replica_put(&a, "x", "");
	wn_cell_vector(a.cells, a.at, &one);
	len_first = delta(&a, &none, first);
	replica_put(&a, "y", "");
	len_second = delta(&a, &one, second);
	ok(replica_join(&b, second, len_second) == -EAGAIN && !replica_has(&b, "y"),
	   "a delta behind a lost one is kept out");
	ok(!replica_join(&b, first, len_first) && replica_has(&b, "x") &&
	   !replica_join(&b, second, len_second) && replica_has(&b, "y"), "and joins once that came");
	replica_remove(&b, "x");
	ok(!replica_join(&b, first, len_first) && !replica_has(&b, "x"), "an old one brings nothing back");
	three_end();
}

/* A removal of what the other knows: told without the elements. */
static void told_by_runs(void)
{
	static u8 form[FORM_BYTES];
	char name[8] = "k00";
	struct wn_vv known;
	u32 i, len;

	three(WN_CELL_ORSET, 0);
	for (i = 0; i < 90; i++) {
		name[1] = '0' + i / 10;
		name[2] = '0' + i % 10;
		replica_put(&a, name, "");
	}
	hear(&b, &a);
	wn_cell_vector(b.cells, b.at, &known);
	ok(delta(&a, &known, form) == WN_FORM_HEAD, "nothing new: nothing is told");
	replica_remove(&a, "k40");
	replica_remove(&a, "k41");
	len = delta(&a, &known, form);
	ok(len == WN_FORM_HEAD + WN_PIECE_HEAD + 2 * WN_PIECE_RUN,
	   "two removals next to each other: %u bytes", len);
	ok(!replica_join(&b, form, len) && !replica_has(&b, "k40") && replica_has(&b, "k42") &&
	   wn_cell(b.cells, b.at)->value == 88, "are joined");
	ok(replica_join(&c, form, len) == -EAGAIN, "who knows nothing cannot");
	for (i = 0; i < 88; i++) {
		name[1] = '0' + i / 10;
		name[2] = '0' + i % 10;
		replica_remove(&a, name);
	}
	len = delta(&a, &known, form);
	ok(replica_join(&b, form, len) == 1 && !replica_check(&b) && replica_join(&b, form, len) == 0 &&
	   wn_cell(b.cells, b.at)->value == 2, "many removals in two calls");
	three_end();
}

/* Replaced elsewhere: in no part of what is told is the key gone. */
static void replaced_is_never_gone(void)
{
	static u8 form[FORM_BYTES];
	struct wn_vv known;
	u64 cursor = 0;
	bool there = true;
	char name[16];
	u32 i, parts = 0;
	int len;

	three(WN_CELL_ORSET, 0);
	for (i = 0; i < 60; i++) {
		snprintf(name, sizeof(name), "k%u", i);
		replica_put(&a, name, "");
	}
	hear(&b, &a);
	wn_cell_vector(b.cells, b.at, &known);
	for (i = 0; i < 60; i++) {
		snprintf(name, sizeof(name), "k%u", 59 - i);
		replica_put(&a, name, "");
	}
	do {
		len = wn_cell_delta(a.cells, a.at, &known, &cursor, form, 150);
		if (len < 0 || replica_join(&b, form, (u32)len))
			break;
		there &= wn_cell(b.cells, b.at)->value == 60;
		parts++;
	} while (cursor && parts < 1000);
	ok(there && !cursor && parts > 10, "added again elsewhere, told in %u parts: always there", parts);
	three_end();
}

static void registers(void)
{
	struct wn_item item;

	three(WN_CELL_MVREG, 0);
	replica_put(&a, "", "one");
	replica_put(&b, "", "two");
	hear(&a, &b);
	ok(a.cells->own[a.at].elems == 2, "mvreg keeps both of two concurrent values");
	replica_put(&a, "", "three");
	hear(&b, &a);
	item = item_of("", "");
	ok(b.cells->own[b.at].elems == 1 &&
	   b.cells->elems.at[wn_cell_get(b.cells, b.at, &item)].val_len == 5,
	   "until one is written that saw them");
	three_end();

	three(WN_CELL_EWFLAG, 0);
	replica_put(&a, "", "");
	hear(&b, &a);
	replica_remove(&a, "");
	replica_put(&b, "", "");
	hear(&a, &b);
	hear(&b, &a);
	ok(replica_has(&a, "") && replica_has(&b, ""), "ewflag: enable wins");
	three_end();

	three(WN_CELL_ORMAP, 0);
	a.now += 10000000;
	replica_put(&a, "k", "later");
	replica_put(&b, "k", "sooner");
	hear(&a, &b);
	hear(&b, &a);
	item = item_of("k", "");
	ok(b.cells->elems.at[wn_cell_get(b.cells, b.at, &item)].val_len == 5 &&
	   a.cells->elems.at[wn_cell_get(a.cells, a.at, &item)].val_len == 5, "ormap: the later value");
	three_end();
}

/* Written with the same stamp by two: the higher number counts, whoever hears whom. */
static void same_stamp(void)
{
	u8 bytes[WN_CELL_BYTES_MAX];
	bool good;

	three(WN_CELL_LWW, 0);
	replica_begin(&a);
	good = replica_end(&a, wn_cell_write(a.cells, a.at, (const u8 *)"of a", 4, 77));
	replica_begin(&b);
	good &= replica_end(&b, wn_cell_write(b.cells, b.at, (const u8 *)"of b", 4, 77));
	hear(&c, &b);
	hear(&c, &a);
	hear(&a, &b);
	hear(&b, &c);
	ok(good && wn_cell_value(a.cells, a.at, bytes) == 4 && !memcmp(bytes, "of b", 4) &&
	   wn_cell_value(b.cells, b.at, bytes) == 4 && !memcmp(bytes, "of b", 4) &&
	   wn_cell_value(c.cells, c.at, bytes) == 4 && !memcmp(bytes, "of b", 4),
	   "lww: two values of one stamp");
	three_end();
}

/* Somebody claims to know more of us than we do. */
static void impostor(void)
{
	static struct form f;

	three(WN_CELL_ORSET, 0);
	replica_put(&a, "x", "");
	f.len = replica_encode(&a, f.bytes);
	a.cells->replica = 1;
	b.cells->replica = 0;
	ok(replica_join(&b, f.bytes, f.len) == -EPROTO && !replica_has(&b, "x"),
	   "dots of ours that we did not make");
	three_end();
	three(WN_CELL_PNCOUNTER, 0);
	replica_begin(&a);
	replica_end(&a, wn_cell_count(a.cells, a.at, 5, 0, 2));
	f.len = replica_encode(&a, f.bytes);
	b.cells->replica = 0;
	ok(replica_join(&b, f.bytes, f.len) == -EPROTO, "counts of ours that we did not make");
	three_end();
}

int main(void)
{
	const char *wrong;
	u64 seed, one, i;
	u32 type;

	bounds = replicas_bounds();
	tap_plan(REPLICA_TYPES + 20);
	seed = tap_seed();
	for (type = 0; type < REPLICA_TYPES; type++) {
		wrong = NULL;
		for (i = 0; i < 10 * tap_rounds() && !wrong; i++) {
			one = world_random(&seed);
			wrong = laws(type, one);
			if (wrong)
				diag("seed %#llx: %s", one, wrong);
		}
		ok(!wrong, "%s: commutative, associative, idempotent", replica_types[type].name);
	}
	removed_by_both();
	add_wins();
	lost_delta();
	told_by_runs();
	replaced_is_never_gone();
	registers();
	same_stamp();
	impostor();
	return tap_done();
}
