// SPDX-License-Identifier: MIT
/*
 * A delta from anybody, joined to a cell that holds something: either it is refused and
 * leaves no trace, or all lists and counts of the cell fit together still, what it tells
 * is joined by a fresh replica, and that one tells the same.
 */
#include "fuzz.h"

#include "selftests/unit/replicas.h"

static u8 form[FORM_BYTES], again[FORM_BYTES];

static struct wn_bounds small(void)
{
	struct wn_bounds b = replicas_bounds();

	b.cells = 12;
	b.group_ops = 1;
	b.elems = 96;
	b.set_elems = 64;
	b.slab_bytes = 16384;
	return b;
}

static void change(struct fuzz *f, struct replica *r, u8 type, u8 flags)
{
	const u64 boot = r->w.now.boottime;
	struct wn_item item = { .key_len = fuzz_byte(f) & 3, .val_len = fuzz_byte(f) & 3 };
	const u64 n = fuzz_byte(f), hlc = r->w.core->hlc + 1;
	static const u8 bytes[8] = "abcdefg";
	int err;

	item.bytes = bytes;
	replica_begin(r);
	wn_core_stamp(r->w.core, &r->w.now);
	switch (type) {
	case WN_CELL_GCOUNTER:
	case WN_CELL_PNCOUNTER:
		err = wn_cell_count(r->cells, r->at, n, type == WN_CELL_GCOUNTER ? 0 : n / 2, hlc);
		break;
	case WN_CELL_LWW:
		err = wn_cell_write(r->cells, r->at, bytes, n % 8, r->w.core->hlc);
		break;
	case WN_CELL_ESCROW:
		err = n & 1 ? wn_escrow_spend(r->cells, r->at, n, hlc, boot) :
		      n & 2 ? wn_escrow_transfer(r->cells, r->at, n % 7, n, hlc, boot) :
			      wn_escrow_make(r->cells, r->at, n, hlc, boot);
		break;
	default:
		err = n & 128 ? wn_cell_remove(r->cells, r->at, &item, hlc) :
		      flags   ? wn_cell_map_count(r->cells, r->at, &item, n, n / 2, hlc) :
				wn_cell_put(r->cells, r->at, &item, hlc);
	}
	replica_end(r, err);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct fuzz f = { data, data + len };
	const struct wn_bounds bounds = small();
	const u8 first = fuzz_byte(&f), type = 1 + first % WN_CELL_ORMAP;
	const u8 flags = type == WN_CELL_ORMAP && first & 0x80;
	u32 told, n, changes = fuzz_byte(&f) & 15, deltas = 0;
	struct replica r, fresh;
	int err = 0;

	if (len > WN_DELTA_BYTES_MAX)
		return -1;
	replica_init(&r, 2, type, flags, &bounds, 1);
	while (changes--)
		change(&f, &r, type, flags);
	/* Deltas, each with its length before it; the last is what is left. */
	while (fuzz_has(&f) && deltas++ < 4) {
		n = fuzz_half(&f);
		if (n > (size_t)(f.end - f.at))
			n = (u32)(f.end - f.at);
		/* The head's form and length are no riddle. */
		memcpy(form, f.at, n);
		if (n >= 8) {
			form[0] = WN_FORM;
			form[1] = type;
			memcpy(form + 4, &n, 4);
		}
		f.at += n;
		for (changes = 0; changes < 400; changes++) {
			err = replica_join(&r, form, n);
			if (err != 1)
				break;
		}
		FUZZ_CHECK(err != 1);
		FUZZ_CHECK(!replica_check(&r));
	}
	told = replica_encode(&r, form);
	replica_init(&fresh, 3, type, flags, &bounds, 2);
	do
		err = replica_join(&fresh, form, told);
	while (err == 1);
	/* Of replica 3 the fresh one knows nothing, and cannot learn what it made. */
	if (err != -EPROTO) {
		FUZZ_CHECK(!err);
		FUZZ_CHECK(!replica_check(&fresh));
		FUZZ_CHECK(replica_encode(&fresh, again) == told && !memcmp(form, again, told));
	}
	replica_deinit(&fresh);
	replica_deinit(&r);
	return 0;
}
