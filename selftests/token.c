// SPDX-License-Identifier: MIT
/* Tokens through the library: made, passed on as bytes, redeemed, forged, ended. */
#include "common.h"

#include <string.h>
#include <time.h>
#include <wn.h>

#include "harness.h"
#include "pair.h"

FIXTURE(token)
{
	struct wt_pair p;
};

FIXTURE_SETUP(token)
{
	ASSERT_EQ(0, wt_pair_open(&self->p));
}

FIXTURE_TEARDOWN(token)
{
	wt_pair_close(&self->p);
}

static __u64 realtime_in(__s64 ns)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (__u64)((__s64)t.tv_sec * 1000000000 + t.tv_nsec + ns);
}

static __s64 redeem(struct wn *wn, const struct wn_token *token)
{
	struct wn_token_got got = {};
	int n = wn_token_redeem(wn, token, 1, &got);

	return n < 0 ? n : got.res;
}

TEST_F(token, bytes_are_enough)
{
	const struct wn_token_ask ask = { .node = self->p.node, .rights = WN_RIGHT_READ };
	struct wn_token token, copy;
	struct wn_token_got got;
	struct wn_cap_info info;
	__s64 mine;
	__u32 index;
	const struct wn_grant look = { .rights = WN_RIGHT_READ | WN_RIGHT_GRANT };

	mine = wn_cap_grant(&self->p.all, 0, self->p.node, 0, &look, &index);
	ASSERT_FALSE(WN_RES_IS_ERROR(mine));
	ASSERT_EQ(1, wn_token_make(&self->p.all, (__u16)index, &ask, 1, &token));
	memcpy(&copy, &token, 64);
	ASSERT_EQ(1, wn_token_redeem(&self->p.other, &copy, 1, &got));
	ASSERT_FALSE(WN_RES_IS_ERROR(got.res));
	ASSERT_EQ(0, wn_cap_read(&self->p.other, (__u16)got.index, 0, &info));
	EXPECT_EQ((__u64)got.res, info.handle);
	EXPECT_EQ(WN_RIGHT_READ, info.rights);
	EXPECT_EQ(self->p.node, info.node);
	EXPECT_EQ(2, info.depth);
	/* The capability that it was made under goes, and all with it. */
	ASSERT_EQ(0, wn_cap_revoke(&self->p.all, 0, (__u64)mine));
	EXPECT_EQ(-EKEYREVOKED, wn_cap_read(&self->p.other, (__u16)got.index, 0, &info));
	EXPECT_EQ(-EKEYREVOKED, redeem(&self->p.other, &token));
}

TEST_F(token, batches)
{
	struct wn_token_ask asks[WN_TOKENS_MAX + 1];
	struct wn_token tokens[WN_TOKENS_MAX + 1];
	struct wn_token_got got[WN_TOKENS_MAX + 1];
	int i;

	for (i = 0; i <= WN_TOKENS_MAX; i++)
		asks[i] = (struct wn_token_ask){ .rights = 1U << i % 9 };
	EXPECT_EQ(-EINVAL, wn_token_make(&self->p.all, 0, asks, WN_TOKENS_MAX + 1, tokens));
	EXPECT_EQ(-EINVAL, wn_token_make(&self->p.all, 0, asks, 0, tokens));
	ASSERT_EQ(WN_TOKENS_MAX, wn_token_make(&self->p.all, 0, asks, WN_TOKENS_MAX, tokens));
	tokens[7].rights |= WN_RIGHT_ADMIN;
	ASSERT_EQ(WN_TOKENS_MAX - 1, wn_token_redeem(&self->p.other, tokens, WN_TOKENS_MAX, got));
	for (i = 0; i < WN_TOKENS_MAX; i++) {
		EXPECT_EQ(i == 7, got[i].res == -EBADMSG);
		EXPECT_EQ(i == 7 ? 0 : 1U << i % 9, got[i].rights);
	}
	/* The room in the arenas is given back. */
	for (i = 0; i < 100; i++)
		ASSERT_EQ(WN_TOKENS_MAX,
			  wn_token_make(&self->p.all, 0, asks, WN_TOKENS_MAX, tokens));
}

TEST_F(token, refused)
{
	struct wn_token_ask ask = { .node = self->p.node, .rights = WN_RIGHT_READ };
	struct wn_token token, forged;
	struct wn other;
	__u32 good;

	EXPECT_EQ(-EACCES, wn_token_make(&self->p.other, 0, &ask, 1, &token));
	ASSERT_EQ(1, wn_token_make(&self->p.all, 0, &ask, 1, &token));
	forged = token;
	forged.rights = WN_RIGHT_ALL;
	EXPECT_EQ(-EBADMSG, redeem(&self->p.other, &forged));
	forged = token;
	forged.tag[31] ^= 0x80;
	EXPECT_EQ(-EBADMSG, redeem(&self->p.other, &forged));
	memset(forged.tag, 0, 32);
	EXPECT_EQ(-EBADMSG, redeem(&self->p.other, &forged));
	/* Of another domain. */
	ASSERT_EQ(0, wn_domain_create(wt_path(&self->p.m, "e"), 0600, NULL));
	ASSERT_EQ(0, wn_open(&other, wt_path(&self->p.m, "e"), NULL));
	EXPECT_EQ(-EBADMSG, redeem(&other, &token));
	wn_close(&other);
	EXPECT_EQ(0, wn_domain_remove(wt_path(&self->p.m, "e")));
	/* Expired. */
	ask.expires = realtime_in(-1);
	ASSERT_EQ(1, wn_token_make(&self->p.all, 0, &ask, 1, &forged));
	EXPECT_EQ(-EKEYEXPIRED, redeem(&self->p.other, &forged));
	/* By its key. */
	EXPECT_EQ(-EACCES, wn_token_epoch(&self->p.other, 0, WN_EPOCH_NEXT, 0, NULL));
	EXPECT_FALSE(WN_RES_IS_ERROR(redeem(&self->p.other, &token)));
	EXPECT_EQ(2, wn_token_epoch(&self->p.all, 0, WN_EPOCH_NEXT, 2, &good));
	EXPECT_EQ(2, good);
	EXPECT_EQ(-EKEYREVOKED, redeem(&self->p.other, &token));
	EXPECT_EQ(3, self->p.all.pub->stats[WN_STAT_TOKEN_MADE] + 1);
	EXPECT_EQ(1, self->p.all.pub->stats[WN_STAT_TOKEN_REDEEMED]);
	EXPECT_EQ(5, self->p.all.pub->stats[WN_STAT_TOKEN_REFUSED]);
}

/* One that is free outlives who made it. */
TEST_F(token, free_ones)
{
	struct wn_token_ask ask = {
		.node = self->p.node, .rights = WN_RIGHT_READ, .flags = WN_TOKEN_FREE,
	};
	struct wn_token token;

	EXPECT_EQ(-EINVAL, wn_token_make(&self->p.all, 0, &ask, 1, &token));
	ask.expires = realtime_in(3600000000000LL);
	ASSERT_EQ(1, wn_token_make(&self->p.all, 0, &ask, 1, &token));
	wn_close(&self->p.all);
	EXPECT_FALSE(WN_RES_IS_ERROR(redeem(&self->p.other, &token)));
	ASSERT_EQ(0, wn_open(&self->p.all, self->p.path, NULL));
}

/* No process but this one can come in there: no fd is handed over. */
TEST_F(token, embedded_has_no_handover)
{
	const struct wn_grant look = { .rights = WN_RIGHT_READ };

	if (!wt_is_embedded())
		SKIP(return, "the engine is not in this process");
	EXPECT_EQ(-ENOTTY, wn_cap_export(&self->p.all, 0, 0, &look, 1));
	EXPECT_EQ(-ENOTTY, wn_cap_redeem(&self->p.other, 0, NULL));
}

WT_MAIN
