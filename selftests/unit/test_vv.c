// SPDX-License-Identifier: MIT
/* Version vectors as bytes. */
#include <string.h>

#include "kmod/core/form.h"
#include "kmod/core/vv.h"
#include "tap.h"
#include "world.h"

static void draw(struct wn_vv *vv, u64 *seed, u32 replicas)
{
	u32 i;

	memset(vv, 0, sizeof(*vv));
	for (i = 0; i < replicas; i++)
		if (world_random(seed) % 3)
			vv->n[i] = world_random(seed) >> world_random(seed) % 64;
}

int main(void)
{
	u8 bytes[WN_VV_BYTES_MAX], again[WN_VV_BYTES_MAX];
	bool same = true, strict = true, room = true;
	struct wn_vv a, b = {};
	u64 seed;
	u32 i, j;
	int len, other;

	tap_plan(9);
	seed = tap_seed();
	for (i = 0; i < 2000 * tap_rounds(); i++) {
		draw(&a, &seed, 1 + i % WN_REPLICAS_MAX);
		len = wn_vv_encode(&a, bytes, sizeof(bytes));
		same &= len > 0 && !wn_vv_decode(&b, bytes, len, WN_REPLICAS_MAX) &&
			!memcmp(&a, &b, sizeof(a));
		room &= wn_vv_encode(&a, again, len - 1) == -ENOBUFS;
		/* Whatever is taken is the one form of what it says. */
		bytes[world_random(&seed) % len] ^= 1u << world_random(&seed) % 8;
		if (wn_vv_decode(&b, bytes, len, WN_REPLICAS_MAX))
			continue;
		other = wn_vv_encode(&b, again, sizeof(again));
		strict &= other == len && !memcmp(bytes, again, len);
	}
	ok(same, "as bytes and back");
	ok(room, "no room for the last byte");
	ok(strict, "one form for each vector");
	memset(&a, 0, sizeof(a));
	len = wn_vv_encode(&a, bytes, sizeof(bytes));
	ok(len == WN_FORM_HEAD && !wn_vv_decode(&b, bytes, len, 1), "nothing is known");
	a.n[3] = 1;
	len = wn_vv_encode(&a, bytes, sizeof(bytes));
	ok(wn_vv_decode(&b, bytes, len, 3) == -E2BIG && !wn_vv_decode(&b, bytes, len, 4),
	   "a replica that cannot be here");
	ok(wn_vv_decode(&b, bytes, 7, 4) == -EINVAL && wn_vv_decode(&b, bytes, 0, 4) == -EINVAL &&
	   wn_vv_decode(&b, bytes, len - 8, 4) == -EINVAL, "short forms");
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	a.n[0] = 5;
	b.n[0] = 4;
	ok(wn_vv_covers(&a, &b) && !wn_vv_covers(&b, &a) && wn_vv_covers(&a, &a), "covers");
	b.n[WN_REPLICAS_MAX - 1] = 1;
	ok(!wn_vv_covers(&a, &b) && !wn_vv_covers(&b, &a), "neither");
	for (j = 0; j < WN_REPLICAS_MAX; j++)
		a.n[j] = ~0ULL;
	ok(wn_vv_encode(&a, bytes, sizeof(bytes)) == WN_VV_BYTES_MAX && wn_vv_covers(&a, &b),
	   "the largest");
	return tap_done();
}
