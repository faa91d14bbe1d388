// SPDX-License-Identifier: MIT
/* What the state is, in 256 bits; and what must be sampled to have a part in it. */
#include "internal.h"

#include <string.h>

WN_API __s64 wn_sample(struct wn *wn, __u64 node, __u64 cell)
{
	struct wn_sqe sqe = {};

	wn_prep_sample(&sqe, node, cell, 0);
	return wn_do(wn, &sqe, NULL, NULL);
}

WN_API __s64 wn_sample_all(struct wn *wn)
{
	struct wn_sqe sqe = {};
	__s64 cursor = 0;

	do {
		memset(&sqe, 0, sizeof(sqe));
		wn_prep_sample_all(&sqe, (__u64)cursor, 0);
		cursor = wn_do(wn, &sqe, NULL, NULL);
	} while (cursor && !WN_RES_IS_ERROR(cursor));
	return cursor;
}

static int digest_of(struct wn *wn, const struct wn_sqe *ask, __u8 digest[WN_DIGEST_BYTES])
{
	struct wn_sqe sqe;
	__u32 out;
	__s64 res = wn_out_alloc(wn, WN_DIGEST_BYTES, &out);

	if (res)
		return (int)res;
	/* While others change more than a call hashes it goes on. */
	do {
		sqe = *ask;
		sqe.w[0] |= out;
		res = wn_do(wn, &sqe, NULL, NULL);
	} while (res == 1);
	if (!res)
		memcpy(digest, wn_out(wn, out), WN_DIGEST_BYTES);
	wn_out_free(wn, out, WN_DIGEST_BYTES);
	return (int)res;
}

WN_API int wn_digest(struct wn *wn, __u8 digest[WN_DIGEST_BYTES])
{
	struct wn_sqe sqe = {};

	wn_prep_digest(&sqe, 0, 0);
	return digest_of(wn, &sqe, digest);
}

WN_API int wn_digest_merge(struct wn *wn, __u64 node, __u8 digest[WN_DIGEST_BYTES])
{
	struct wn_sqe sqe = {};

	wn_prep_digest_merge(&sqe, node, 0, 0);
	return digest_of(wn, &sqe, digest);
}
