// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "vv.h"

#include "form.h"

#define ENTRY 16

int wn_vv_encode(const struct wn_vv *vv, u8 *to, u32 room)
{
	struct wn_writer w = { to, to + room };
	u16 entries = 0;
	u32 i;
	u8 *at;

	if (room < WN_FORM_HEAD)
		return -ENOBUFS;
	wn_form_give(&w, WN_FORM_HEAD);
	for (i = 0; i < WN_REPLICAS_MAX; i++) {
		if (!vv->n[i])
			continue;
		if (wn_form_room(&w) < ENTRY)
			return -ENOBUFS;
		at = wn_form_give(&w, ENTRY);
		wn_put_le64(at, i);
		wn_put_le64(at + 8, vv->n[i]);
		entries++;
	}
	wn_form_put_head(to, 0, entries, (u32)(w.at - to));
	return (int)(w.at - to);
}

int wn_vv_decode(struct wn_vv *vv, const u8 *bytes, u32 len, u32 replicas)
{
	struct wn_reader r;
	int entries, i;
	u64 replica, least = 0;
	const u8 *at;

	entries = wn_form_open(&r, bytes, len, 0);
	if (entries < 0 || len != WN_FORM_HEAD + ENTRY * (u32)entries)
		return -EINVAL;
	if ((u32)entries > replicas)
		return -E2BIG;
	wn_memset(vv, 0, sizeof(*vv));
	for (i = 0; i < entries; i++) {
		at = wn_form_take(&r, ENTRY);
		if (!at)
			return -EINVAL;
		replica = wn_get_le64(at);
		if (replica < least || replica > 0xffff || !wn_get_le64(at + 8))
			return -EINVAL;
		if (replica >= replicas || replica >= WN_REPLICAS_MAX)
			return -E2BIG;
		vv->n[wn_index_nospec(replica, WN_REPLICAS_MAX)] = wn_get_le64(at + 8);
		least = replica + 1;
	}
	return 0;
}

bool wn_vv_covers(const struct wn_vv *a, const struct wn_vv *b)
{
	u32 i;

	for (i = 0; i < WN_REPLICAS_MAX; i++)
		if (a->n[i] < b->n[i])
			return false;
	return true;
}
