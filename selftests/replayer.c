// SPDX-License-Identifier: MIT
#include "replayer.h"

#include <stdlib.h>
#include <string.h>

#include "kmod/core/replay.h"

#define PAGE	4096u
#define ARENAS	8u	/* bytes before the entries */

struct replayer {
	struct wn_core *core;
	void *public, *private;
	struct wn_replay replay;
	const u8 *at, *end;
	u8 out[64 << 10] __attribute__((aligned(8)));
};

static void *pages(u64 bytes)
{
	const size_t whole = (size_t)((bytes + PAGE - 1) / PAGE * PAGE);
	void *at = aligned_alloc(PAGE, whole);

	return at ? memset(at, 0, whole) : NULL;
}

static bool begin(struct replayer *r)
{
	struct wn_core_ident ident;
	struct wn_core_size size;
	struct wn_bounds bounds;

	if (wn_replay_read_begin(r->at, (u32)(r->end - r->at), &bounds, &ident) ||
	    wn_core_size(&bounds, &size))
		return false;
	r->public = pages(size.public_bytes);
	r->private = pages(size.private_bytes);
	if (!r->public || !r->private)
		return false;
	r->core = wn_core_init(r->public, r->private, &bounds, &ident);
	if (!r->core)
		return false;
	wn_replay_begin(r->core, &r->replay, r->out, sizeof(r->out));
	return true;
}

struct replayer *replayer_new(const uint8_t *bytes, uint64_t len)
{
	struct replayer *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->at = bytes;
	r->end = bytes + len;
	if (begin(r))
		return r;
	replayer_free(r);
	return NULL;
}

void replayer_free(struct replayer *r)
{
	if (!r)
		return;
	free(r->public);
	free(r->private);
	free(r);
}

static enum record_kind kind_of(u8 kind)
{
	switch (kind) {
	case WN_INPUT_OP:
		return RECORD_OP;
	case WN_INPUT_GROUP:
		return RECORD_GROUP;
	case WN_INPUT_DIGEST:
		return RECORD_DIGEST;
	}
	return RECORD_OTHER;
}

static void describe(const u8 *at, struct record *to)
{
	*to = (struct record){
		.kind = kind_of(at[WN_INPUT_AT_KIND]),
		.client = wn_get_le16(at + WN_INPUT_AT_CLIENT),
		.res = (s64)wn_get_le64(at + WN_INPUT_AT_RESULT),
		.body = at + WN_INPUT_HEAD,
		.bytes = wn_get_le32(at + WN_INPUT_AT_BODY),
	};
	if (to->kind == RECORD_OP || to->kind == RECORD_GROUP) {
		to->body += ARENAS;
		to->bytes -= ARENAS;
	}
}

int64_t replayer_next(struct replayer *r, struct record *record)
{
	const u64 left = (u64)(r->end - r->at);
	s64 n;

	if (!left)
		return 0;
	do {
		n = wn_replay_next(r->core, r->at, left < 1u << 30 ? (u32)left : 1u << 30);
	} while (n == -EAGAIN);
	if (n <= 0)
		return n ? n : -ENODATA;
	describe(r->at, record);
	r->at += n;
	return 1;
}

/* A broken invariant of the core, which no journal brings about: a failure. */
void wn_port_report(const char *file, int line, const char *what)
{
	(void)file;
	(void)line;
	(void)what;
	abort();
}
