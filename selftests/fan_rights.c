// SPDX-License-Identifier: MIT
/* A consumer's seat, or all of a fan, goes with the right to it. */
#include "fan_fixture.h"

#include "harness.h"

FIXTURE(fan_rights)
{
	struct wt_fan f;
};

FIXTURE_SETUP(fan_rights)
{
	ASSERT_EQ(0, wt_fan_open(&self->f));
}

FIXTURE_TEARDOWN(fan_rights)
{
	wt_fan_close(&self->f);
}

/* With the right to it a seat goes, or all of the fan. */
TEST_F(fan_rights, revoked)
{
	const struct wn_grant may = { .rights = WN_RIGHT_READ | WN_RIGHT_EMIT };
	uint32_t to_read, to_make;
	int64_t reader, maker;
	__u64 lost;

	maker = wn_cap_grant(&self->f.c[0], 0, self->f.node, self->f.p.client + 1, &may, &to_make);
	reader = wn_cap_grant(&self->f.p, 0, self->f.node, self->f.c[1].client + 1, &may, &to_read);
	ASSERT_FALSE(WN_RES_IS_ERROR(maker) || WN_RES_IS_ERROR(reader));
	ASSERT_EQ(0, wn_fan_make(&self->f.p, &self->f.out, self->f.node, to_make, WT_FAN_BYTES,
				 WT_FAN_SEATS, WN_FAN_HOLDS));
	ASSERT_EQ(0, wn_fan_join(&self->f.c[1], &self->f.in[1], self->f.node, to_read, 0));
	ASSERT_EQ(0, wt_fan_join(&self->f, 2, 0));
	ASSERT_EQ(0, wt_fan_put(&self->f.out, 0));
	ASSERT_EQ(0, wn_cap_revoke(&self->f.p, 0, (uint64_t)reader));
	EXPECT_EQ(-EKEYREVOKED, wt_fan_take(&self->f.in[1], &lost));
	EXPECT_EQ(0, self->f.in[1].own->pos);
	EXPECT_EQ(0, wt_fan_take(&self->f.in[2], &lost));
	EXPECT_EQ(0, wt_fan_put(&self->f.out, 1));
	EXPECT_EQ(1, wt_fan_take(&self->f.in[2], &lost));
	ASSERT_EQ(0, wn_cap_revoke(&self->f.c[0], 0, (uint64_t)maker));
	EXPECT_EQ(-EKEYREVOKED, wt_fan_put(&self->f.out, 2));
	EXPECT_EQ(-EKEYREVOKED, wt_fan_take(&self->f.in[2], &lost));
	EXPECT_EQ(-ENOENT, wt_fan_join(&self->f, 3, 0));
}

#define MANY	24	/* more than are taken in one go */

struct many {
	struct wn wn[MANY];
	struct wn_lane in[MANY];
	int64_t branch;
};

/*
 * A fan whose second consumer reads by the right that every client has; the first one was
 * granted another, and hands it on to many. 0 or -errno.
 */
static int seat_many(struct wt_fan *f, struct many *many, uint64_t expires)
{
	struct wn_grant may = { .rights = WN_RIGHT_READ | WN_RIGHT_GRANT, .expires = expires };
	uint32_t index, leaf;
	int64_t cap;
	int err, i;

	err = wn_fan_make(&f->p, &f->out, f->node, 0, WT_FAN_BYTES, MANY + 1, WN_FAN_HOLDS);
	err = err ? err : wt_fan_join(f, 1, 0);
	if (err)
		return err;
	many->branch = wn_cap_grant(&f->p, 0, f->node, f->c[0].client + 1, &may, &index);
	if (WN_RES_IS_ERROR(many->branch))
		return (int)many->branch;
	may.rights = WN_RIGHT_READ;
	for (i = 0; !err && i < MANY; i++) {
		err = wn_open(&many->wn[i], f->d, NULL);
		if (err)
			break;
		cap = wn_cap_grant(&f->c[0], index, f->node, many->wn[i].client + 1, &may, &leaf);
		err = WN_RES_IS_ERROR(cap) ? (int)cap :
		      wn_fan_join(&many->wn[i], &many->in[i], f->node, leaf, 0);
	}
	return err;
}

static void unseat(struct many *many)
{
	int i;

	for (i = 0; i < MANY; i++) {
		wn_lane_close(&many->in[i]);
		wn_close(&many->wn[i]);
	}
}

/* All are taken, when the revocation is told to be done. */
TEST_F(fan_rights, many_revoked)
{
	struct many many = { .branch = 0 };
	struct wt_fan *f = &self->f;
	__u64 lost;
	int i;

	ASSERT_EQ(0, seat_many(f, &many, 0));
	ASSERT_EQ(0, wt_fan_put(&f->out, 0));
	ASSERT_EQ(0, wn_cap_revoke(&f->p, 0, (uint64_t)many.branch));
	for (i = 0; i < MANY; i++)
		EXPECT_EQ(-EKEYREVOKED, wt_fan_take(&many.in[i], &lost));
	unseat(&many);
	/* Who had it by another right has it still. */
	EXPECT_EQ(0, wt_fan_take(&f->in[1], &lost));
	EXPECT_EQ(0, wt_fan_put(&f->out, 1));
	EXPECT_EQ(1, wt_fan_take(&f->in[1], &lost));
}

/* A right that ends by itself ends what was had by it: seats. */
TEST_F(fan_rights, expired)
{
	/* Long enough for all of them to come. */
	const uint64_t expires = wn_deadline(3000000000ull);
	struct many many = { .branch = 0 };
	struct wt_fan *f = &self->f;
	__u64 lost;
	int i;

	ASSERT_EQ(0, seat_many(f, &many, expires));
	ASSERT_GT(expires, wn_deadline(0)) {
		TH_LOG("this machine is too slow");
	}
	/* Nobody calls the engine meanwhile. */
	for (i = 0; i < MANY; i++) {
		EXPECT_EQ(-EKEYREVOKED, wn_lane_wait(&many.in[i], 0, wn_deadline(WT_FAN_PATIENT)));
		EXPECT_LE(expires, wn_deadline(0));
		EXPECT_EQ(-EKEYREVOKED, wt_fan_take(&many.in[i], &lost));
	}
	unseat(&many);
	EXPECT_EQ(0, wt_fan_put(&f->out, 0));
	EXPECT_EQ(0, wt_fan_take(&f->in[1], &lost));
}

/* The producer's: each consumer is told, and who comes finds none. */
TEST_F(fan_rights, producer_expired)
{
	const struct wn_grant may = {
		.rights = WN_RIGHT_EMIT, .expires = wn_deadline(500000000),
	};
	struct wt_fan *f = &self->f;
	struct wn_lane other;
	uint32_t index;

	ASSERT_FALSE(WN_RES_IS_ERROR(wn_cap_grant(&f->p, 0, f->node, f->c[2].client + 1, &may,
						  &index)));
	ASSERT_EQ(0, wn_fan_make(&f->c[2], &f->out, f->node, index, WT_FAN_BYTES, WT_FAN_SEATS, 0));
	ASSERT_EQ(0, wt_fan_join(f, 1, 0));
	ASSERT_GT(may.expires, wn_deadline(0)) {
		TH_LOG("this machine is too slow");
	}
	EXPECT_EQ(-EKEYREVOKED, wn_lane_wait(&f->in[1], 0, wn_deadline(WT_FAN_PATIENT)));
	EXPECT_EQ(-EKEYREVOKED, wt_fan_put(&f->out, 0));
	EXPECT_EQ(-ENOENT, wt_fan_join(f, 3, 0));
	EXPECT_EQ(-EKEYEXPIRED, wn_fan_make(&f->c[2], &other, f->node, index, WT_FAN_BYTES,
					    WT_FAN_SEATS, 0));
}

/* Who hands on a right to the node: to that client. 0 or -errno. */
static int hand_on(struct wt_fan *f, struct wn *granter, uint64_t right, struct wn *to,
		   uint32_t *index)
{
	const struct wn_grant may = { .rights = right | WN_RIGHT_GRANT };
	int err = wn_open(granter, f->d, NULL);
	int64_t cap;

	if (err)
		return err;
	cap = wn_cap_grant(&f->p, 0, f->node, granter->client + 1, &may, index);
	if (!WN_RES_IS_ERROR(cap))
		cap = wn_cap_grant(granter, *index, f->node, to->client + 1, &may, index);
	return WN_RES_IS_ERROR(cap) ? (int)cap : 0;
}

/* Its end takes back what it granted, though nobody calls the engine: a seat, or all. */
TEST_F(fan_rights, granter_dies)
{
	struct wt_fan *f = &self->f;
	struct wn reads, makes;
	uint32_t index;
	__u64 lost;

	ASSERT_EQ(0, hand_on(f, &makes, WN_RIGHT_EMIT, &f->c[2], &index));
	ASSERT_EQ(0, wn_fan_make(&f->c[2], &f->out, f->node, index, WT_FAN_BYTES, WT_FAN_SEATS,
				 WN_FAN_HOLDS));
	ASSERT_EQ(0, hand_on(f, &reads, WN_RIGHT_READ, &f->c[1], &index));
	ASSERT_EQ(0, wn_fan_join(&f->c[1], &f->in[1], f->node, index, 0));
	ASSERT_EQ(0, wt_fan_join(f, 3, 0));
	wn_close(&reads);
	EXPECT_EQ(-EKEYREVOKED, wn_lane_wait(&f->in[1], 0, wn_deadline(WT_FAN_PATIENT)));
	EXPECT_EQ(0, wt_fan_put(&f->out, 0));
	EXPECT_EQ(0, wt_fan_take(&f->in[3], &lost));
	wn_close(&makes);
	EXPECT_EQ(-EKEYREVOKED, wn_lane_wait(&f->in[3], 0, wn_deadline(WT_FAN_PATIENT)));
	EXPECT_EQ(-EKEYREVOKED, wt_fan_put(&f->out, 1));
}

WT_MAIN
