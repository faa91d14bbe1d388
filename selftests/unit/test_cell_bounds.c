// SPDX-License-Identifier: MIT
/*
 * At each bound: an error, and private memory bit for bit as before (replicas.c holds
 * it against a copy). Updates are refused before their first change, so they are tried
 * without an undo log as well.
 */
#include <string.h>

#include "replicas.h"
#include "tap.h"

static struct wn_bounds small(void)
{
	struct wn_bounds b = replicas_bounds();

	b.elems = 20;
	b.set_elems = 8;
	b.replicas = 3;
	b.cells = 4;
	b.slab_bytes = 10 * WN_SLAB_BYTES;
	return b;
}

/* The same call without a log: an error must come before any change. */
static int unlogged(struct replica *r, int (*call)(struct replica *r))
{
	int err;

	memcpy(r->before, r->w.private, r->w.core->state_bytes);
	wn_tx_begin(r->w.core->tx, false);
	err = call(r);
	if (err >= 0)
		wn_core_commit(r->w.core);
	else if (memcmp(r->before, r->w.private, r->w.core->state_bytes))
		return 1000;
	return err;
}

static int put_another(struct replica *r)
{
	struct wn_item item = item_of("one more", "");

	return wn_cell_put(r->cells, r->at, &item, 5000000000ULL);
}

static int put_long(struct replica *r)
{
	static u8 bytes[WN_CELL_BYTES_MAX];
	struct wn_item item = { .bytes = bytes, .key_len = 200 };

	return wn_cell_put(r->cells, r->at, &item, 5000000000ULL);
}

static int put_too_long(struct replica *r)
{
	static u8 bytes[WN_CELL_BYTES_MAX + 1];
	struct wn_item item = { .bytes = bytes, .key_len = sizeof(bytes) };

	return wn_cell_put(r->cells, r->at, &item, 5000000000ULL);
}

static int write_long(struct replica *r)
{
	static u8 bytes[WN_CELL_BYTES_MAX];

	return wn_cell_write(r->cells, r->at, bytes, 700, ~0ULL);
}

static int count_over(struct replica *r)
{
	return wn_cell_count(r->cells, r->at, ~0ULL, 0, 5000000000ULL);
}

static int make_over(struct replica *r)
{
	return wn_escrow_make(r->cells, r->at, ~0ULL, 5000000000ULL, 0);
}

static int spend_over(struct replica *r)
{
	return wn_escrow_spend(r->cells, r->at, 11, 5000000000ULL, 0);
}

static int give_over(struct replica *r)
{
	return wn_escrow_transfer(r->cells, r->at, 1, 11, 5000000000ULL, 0);
}

static void test_set(void)
{
	const struct wn_bounds b = small();
	static u8 form[FORM_BYTES];
	struct replica r, o;
	char name[16];
	u32 i, len;

	replica_init(&r, 0, WN_CELL_ORSET, 0, &b, 1);
	for (i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "k%u", i);
		replica_put(&r, name, "");
	}
	ok(unlogged(&r, put_another) == -ENOSPC, "elements of a set");
	ok(replica_put(&r, "k3", "") == 0, "one that is there can be added again");
	ok(unlogged(&r, put_too_long) == -E2BIG, "a key of more than %u bytes", WN_CELL_BYTES_MAX);
	replica_init(&o, 1, WN_CELL_ORSET, 0, &b, 2);
	replica_put(&o, "other", "");
	len = replica_encode(&o, form);
	ok(replica_join(&r, form, len) == -ENOSPC && !replica_has(&r, "other"), "nor do more join");
	replica_remove(&r, "k0");
	ok(replica_join(&r, form, len) == 0 && replica_has(&r, "other"), "until there is room");
	replica_deinit(&o);

	/* A replica that cannot be here. */
	wn_put_le16(form + 8, 3);
	ok(replica_join(&r, form, len) == -E2BIG, "replicas");
	r.cells->own[r.at].elems = 1;
	r.cells->elems.used = 20;
	ok(unlogged(&r, put_another) == -ENOSPC, "elements of the domain");
	r.cells->elems.used = 8;
	r.cells->own[r.at].elems = 8;
	replica_remove(&r, "k1");
	wn_row(r.cells, r.cells->own[r.at].mine)->n = WN_DOT_MAX;
	ok(unlogged(&r, put_another) == -E2BIG, "dots");
	replica_deinit(&r);
}

static void test_slab(void)
{
	const struct wn_bounds b = small();
	struct replica r;
	u32 i;

	replica_init(&r, 0, WN_CELL_ORSET, 0, &b, 1);
	/* 136 bytes beyond those in the element: three blocks of ten. */
	ok(!unlogged(&r, put_long) && r.cells->slab.used == 3, "a long key");
	for (i = 0; i < 100 && !unlogged(&r, put_long); i++)
		;
	ok(i == 100 && r.cells->slab.used == 3, "again and again takes no more");
	r.cells->slab.used = 8;
	ok(unlogged(&r, put_long) == -ENOSPC, "no blocks");
	r.cells->slab.used = 3;
	replica_deinit(&r);
	replica_init(&r, 0, WN_CELL_LWW, 0, &b, 1);
	ok(unlogged(&r, write_long) == -ENOSPC, "a value for which the slab is too small");
	replica_deinit(&r);
}

static void test_counts(void)
{
	const struct wn_bounds b = small();
	struct replica r;
	u32 i;

	replica_init(&r, 0, WN_CELL_PNCOUNTER, 0, &b, 1);
	ok(!unlogged(&r, count_over) && unlogged(&r, count_over) == -E2BIG, "a sum over 64 bits");
	replica_deinit(&r);
	replica_init(&r, 0, WN_CELL_PNCOUNTER, 0, &b, 1);
	r.cells->rows_used = r.cells->nr_rows;
	ok(unlogged(&r, count_over) == -ENOSPC, "rows");
	replica_deinit(&r);

	replica_init(&r, 0, WN_CELL_ESCROW, 0, &b, 1);
	replica_begin(&r);
	replica_end(&r, wn_escrow_make(r.cells, r.at, 10, 2, 0));
	ok(unlogged(&r, spend_over) == -EDQUOT && unlogged(&r, give_over) == -EDQUOT, "rights");
	ok(unlogged(&r, make_over) == -E2BIG, "rights over 64 bits");
	r.cells->rows_used = r.cells->nr_rows;
	r.cells->own[r.at].rights = 100;
	ok(unlogged(&r, give_over) == -ENOSPC, "rows of escrow");
	replica_deinit(&r);

	replica_init(&r, 0, WN_CELL_LWW, 0, &b, 1);
	for (i = 0; i < 3; i++) {
		replica_begin(&r);
		replica_end(&r, wn_cell_create(r.cells, &(struct wn_cell_new){
				.type = WN_CELL_LWW, .next = WN_INDEX_NONE }) > 0 ? 0 : -1);
	}
	replica_begin(&r);
	ok(!replica_end(&r, (int)wn_cell_create(r.cells, &(struct wn_cell_new){
			.type = WN_CELL_LWW, .next = WN_INDEX_NONE })), "cells");
	replica_begin(&r);
	ok(wn_cell_create(r.cells, &(struct wn_cell_new){ .type = 9 }) == -EINVAL &&
	   wn_cell_create(r.cells, &(struct wn_cell_new){ .type = 0 }) == -EINVAL &&
	   wn_cell_create(r.cells, &(struct wn_cell_new){ .type = WN_CELL_LWW, .flags = 1 }) == -EINVAL &&
	   wn_cell_create(r.cells, &(struct wn_cell_new){ .type = WN_CELL_ESCROW, .amount = 1 }) == -EINVAL,
	   "cells that cannot be");
	replica_deinit(&r);
}

/* Slots: the value a reader sums does not move when one comes or goes. */
static void test_slots(void)
{
	const struct wn_bounds b = small();
	const struct wn_cell_rec *rec;
	struct replica r;
	u64 slot = 1000;

	replica_init(&r, 0, WN_CELL_PNCOUNTER, 0, &b, 1);
	rec = wn_cell(r.cells, r.at);
	replica_begin(&r);
	replica_end(&r, wn_cell_count(r.cells, r.at, 5, 0, 2));
	replica_begin(&r);
	replica_end(&r, wn_cell_attach(r.cells, r.at, slot, 3));
	ok(rec->value + slot == 5 && rec->nr_slots == 1, "a slot that comes changes no sum");
	slot += 7;
	replica_begin(&r);
	wn_cell_detach(r.cells, r.at, 1000, slot, 4);
	replica_end(&r, 0);
	ok(rec->value == 12 && !rec->nr_slots && wn_row(r.cells, r.cells->own[r.at].mine)->x == 12,
	   "nor one that goes; what it counted stays, for others too");
	replica_begin(&r);
	replica_end(&r, wn_cell_attach(r.cells, r.at, slot, 5));
	slot -= 20;
	replica_begin(&r);
	wn_cell_detach(r.cells, r.at, 1007, slot, 6);
	replica_end(&r, 0);
	ok((s64)rec->value == -8 && wn_row(r.cells, r.cells->own[r.at].mine)->y == 20, "below zero");
	replica_deinit(&r);
}

int main(void)
{
	tap_plan(22);
	test_set();
	test_slab();
	test_counts();
	test_slots();
	return tap_done();
}
