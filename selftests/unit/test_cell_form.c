// SPDX-License-Identifier: MIT
/*
 * Deltas as hostile bytes: valid ones with some bits, words or lengths changed. What
 * is refused leaves no trace, what is not leaves a cell that fits together; and one
 * that is taken and told again is the same.
 */
#include <string.h>

#include "replicas.h"
#include "tap.h"

static struct wn_bounds bounds;

static void spoil(u8 *bytes, u32 *len, u64 *seed)
{
	static const u64 odd[] = { 0, 1, 0xffff, 0x10000, 0xffffffff, WN_DOT_MAX, WN_DOT_MAX + 1, ~0ULL };
	u32 n = 1 + world_random(seed) % 3, at;

	while (n--) {
		at = (u32)(world_random(seed) % *len);
		switch (world_random(seed) % 7) {
		case 0: case 1:
			bytes[at] ^= 1u << world_random(seed) % 8;
			break;
		case 2:
			bytes[at] = world_random(seed);
			break;
		case 3:
			if (at / 8 * 8 + 8 <= *len)
				wn_put_le64(bytes + at / 8 * 8, odd[world_random(seed) % 8]);
			break;
		case 4:
			if (at / 8 * 8 + 8 <= *len)
				wn_put_le64(bytes + at / 8 * 8, wn_get_le64(bytes + at / 8 * 8) +
					    world_random(seed) % 5 - 2);
			break;
		case 5:
			/* Cut short, with a length that agrees. */
			*len = at < 8 ? 8 : at / 8 * 8;
			wn_put_le32(bytes + 4, *len);
			break;
		default:
			if (at + 16 <= *len)
				memcpy(bytes + at, bytes + world_random(seed) % (*len - 8), 8);
		}
	}
}

static bool fuzz(const struct replica_type *type, u64 seed, u32 tries, u64 *taken,
		 u64 errnos[4096])
{
	static u8 form[FORM_BYTES], bytes[FORM_BYTES];
	struct replicas rs;
	struct wn_vv since;
	u64 cursor;
	int len, err;
	bool good = true;
	u32 i, n;
	u8 *exact;

	replicas_init(&rs, 3, type->type, type->flags, &bounds, seed);
	replicas_history(&rs, 150);
	for (i = 0; i < tries && good; i++) {
		memset(&since, 0, sizeof(since));
		if (i % 2)
			wn_cell_vector(rs.r[1].cells, rs.r[1].at, &since);
		cursor = 0;
		len = wn_cell_delta(rs.r[0].cells, rs.r[0].at, &since, &cursor, form, FORM_BYTES);
		if (len <= 8) {
			replicas_op(&rs, 0);
			continue;
		}
		n = (u32)len;
		spoil(form, &n, &seed);
		/* Its own memory, so that a read over the end is seen. */
		exact = malloc(n);
		memcpy(exact, form, n);
		err = replica_join(&rs.r[1], exact, n);
		if (replica_check(&rs.r[1]))
			good = false;
		if (err >= 0) {
			++*taken;
			replica_encode(&rs.r[1], bytes);
		} else {
			errnos[-err]++;
		}
		free(exact);
		if (i % 8 == 7)
			replicas_op(&rs, 0);
	}
	replicas_deinit(&rs);
	return good && !rs.what[0];
}

/* Told in pieces of at most this many bytes: 1, -ENOBUFS, or 0: something is not right. */
static int in_pieces(struct replica *from, const struct replica_type *type, u32 room,
		     const u8 *whole, u32 whole_len)
{
	static u8 form[FORM_BYTES];
	const struct wn_vv none = {};
	struct replica to;
	u64 cursor = 0;
	int len, err = 0;
	bool good;

	replica_init(&to, REPLICAS_MAX - 1, type->type, type->flags, &bounds, 1);
	do {
		u8 *exact = malloc(room + 1);

		len = wn_cell_delta(from->cells, from->at, &none, &cursor, exact, room);
		do
			err = len < 0 ? len : replica_join(&to, exact, (u32)len);
		while (err == 1);
		free(exact);
	} while (!err && cursor);
	good = !err && replica_encode(&to, form) == whole_len && !memcmp(form, whole, whole_len);
	replica_deinit(&to);
	return err == -ENOBUFS ? err : good;
}

/* Cut at every byte that a piece can end at. */
static bool cut(const struct replica_type *type, u64 seed, u32 *done)
{
	static u8 whole[FORM_BYTES];
	bool good = true;
	struct replicas rs;
	u32 len, room, fits = 0;
	int res;

	replicas_init(&rs, 3, type->type, type->flags, &bounds, seed);
	replicas_history(&rs, 150);
	len = replica_encode(&rs.r[0], whole);
	for (room = 0; room < len + 8 && room < 1600 && good; room++) {
		res = in_pieces(&rs.r[0], type, room, whole, len);
		/* What had room once has room in more. */
		good = res == 1 || (res == -ENOBUFS && !fits);
		fits += res == 1;
	}
	*done += fits;
	replicas_deinit(&rs);
	return good && !rs.what[0] && (fits || len > 1600);
}

static void test_cut(u64 seed)
{
	u32 type, done = 0;
	bool good = true;

	for (type = 0; type < REPLICA_TYPES && good; type++)
		good = cut(&replica_types[type], world_random(&seed), &done);
	ok(good, "cut at every byte, and joined: %u times", done);
}

/* Every single field that must be zero, and every length, one by one. */
static void test_strict(void)
{
	static u8 form[FORM_BYTES], bad[FORM_BYTES];
	struct replica r, w;
	u32 len, i, bits, refused = 0;

	replica_init(&r, 0, WN_CELL_ORSET, 0, &bounds, 1);
	replica_init(&w, 1, WN_CELL_ORSET, 0, &bounds, 2);
	replica_put(&r, "abc", "");
	len = replica_encode(&r, form);
	for (i = 0; i < len; i++) {
		memcpy(bad, form, len);
		bad[i] ^= 0x40;
		refused += replica_join(&w, bad, len) < 0;
	}
	/* Free to differ: the number up to which it speaks, the dot, the three bytes. */
	for (bits = 0, i = 0; i < len; i++)
		bits += (i >= 24 && i < 30) || (i >= 48 && i < 51);
	ok(refused >= len - bits, "%u of %u bytes that were changed are refused", refused, len);
	for (refused = 0, i = 0; i < len; i++)
		refused += replica_join(&w, form, i) == -EINVAL;
	ok(refused == len, "every shorter form is none");
	ok(replica_join(&w, form, len + 8) == -EINVAL, "nor is a longer one");
	for (i = WN_CELL_BYTES_MAX; i <= WN_CELL_BYTES_MAX + 1; i++) {
		/* One element, all bytes there. */
		memset(bad, 0, 2048);
		wn_form_put_head(bad, WN_CELL_ORSET, 1, 8 + 24 + 16 + wn_form_pad(i));
		wn_put_le16(bad + 10, WN_PIECE_ELEMS);
		wn_put_le32(bad + 12, 1);
		wn_put_le64(bad + 24, 1);
		wn_put_le64(bad + 32, 1);
		wn_put_le16(bad + 40, (u16)i);
		ok(replica_join(&w, bad, 8 + 24 + 16 + wn_form_pad(i)) ==
		   (i > WN_CELL_BYTES_MAX ? -E2BIG : 0), "a key of %u bytes", i);
	}
	form[1] = WN_CELL_MVREG;
	ok(replica_join(&w, form, len) == -EINVAL, "nor one of another type");
	replica_deinit(&r);
	replica_deinit(&w);
}

int main(void)
{
	static u64 errnos[4096];
	u64 seed, taken, i;
	u32 type, kinds;
	bool good;

	bounds = replicas_bounds();
	tap_plan(REPLICA_TYPES + 7);
	seed = tap_seed();
	for (type = 0; type < REPLICA_TYPES; type++) {
		memset(errnos, 0, sizeof(errnos));
		taken = kinds = 0;
		good = true;
		for (i = 0; i < 4 * tap_rounds() && good; i++)
			good = fuzz(&replica_types[type], world_random(&seed), 400, &taken, errnos);
		for (i = 0; i < 4096; i++)
			kinds += errnos[i] != 0;
		ok(good && taken && errnos[EINVAL], "%s: %llu taken, %llu malformed, %u errnos",
		   replica_types[type].name, taken, errnos[EINVAL], kinds);
	}
	test_strict();
	test_cut(seed);
	return tap_done();
}
