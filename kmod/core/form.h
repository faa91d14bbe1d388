/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Byte forms of vectors and of deltas: little-endian, every struct a multiple of
 * eight bytes, everything that is not used zero. One state has one form, so equal
 * states are equal bytes. What is read is a private copy, but of hostile bytes.
 *
 *   head   8   u8 form (1), u8 type, u16 pieces, u32 bytes, itself included
 *   pieces     as cell_delta.h tells
 */
#ifndef WN_CORE_FORM_H
#define WN_CORE_FORM_H

#include "port.h"

#define WN_FORM		1
#define WN_FORM_HEAD	8

/* Reads never go over the end: a short form gives NULL. */
struct wn_reader {
	const u8 *at, *end;
};

static inline const u8 *wn_form_take(struct wn_reader *r, u32 bytes)
{
	const u8 *at = r->at;

	if ((u64)(r->end - at) < bytes)
		return NULL;
	r->at += bytes;
	return at;
}

struct wn_writer {
	u8 *at, *end;
};

static inline u32 wn_form_room(const struct wn_writer *w)
{
	return (u32)(w->end - w->at);
}

/* The next bytes, which the caller knows to be there. */
static inline u8 *wn_form_give(struct wn_writer *w, u32 bytes)
{
	u8 *at = w->at;

	w->at += bytes;
	return at;
}

static inline u32 wn_form_pad(u32 bytes)
{
	return (bytes + 7) & ~7u;
}

static inline void wn_form_put_head(u8 *at, u8 type, u16 pieces, u32 bytes)
{
	at[0] = WN_FORM;
	at[1] = type;
	wn_put_le16(at + 2, pieces);
	wn_put_le32(at + 4, bytes);
}

/* The number of pieces of a form of this type and exactly these bytes, or -EINVAL. */
static inline int wn_form_open(struct wn_reader *r, const u8 *bytes, u32 len, u8 type)
{
	r->at = bytes;
	r->end = bytes + len;
	if (!wn_form_take(r, WN_FORM_HEAD))
		return -EINVAL;
	if (bytes[0] != WN_FORM || bytes[1] != type || wn_get_le32(bytes + 4) != len || len % 8)
		return -EINVAL;
	return wn_get_le16(bytes + 2);
}

#endif
