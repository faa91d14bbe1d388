/* SPDX-License-Identifier: MIT */
/*
 * The core in this program, that does again what a journal says. A source of its own: the
 * core's headers and libwn's do not go together.
 */
#ifndef WN_TEST_REPLAYER_H
#define WN_TEST_REPLAYER_H

#include <stdint.h>

struct replayer;

enum record_kind { RECORD_OP, RECORD_GROUP, RECORD_DIGEST, RECORD_OTHER };

struct record {
	enum record_kind kind;
	uint32_t client;
	int64_t res;
	const uint8_t *body;	/* entries of an op or group; or the digest */
	uint32_t bytes;
};

/* A core as the first record wants it, or NULL. The bytes are 8-aligned and stay. */
struct replayer *replayer_new(const uint8_t *bytes, uint64_t len);
void replayer_free(struct replayer *r);

/* 1: a record that came out as it is written; 0: that was all; or what the replay says. */
int64_t replayer_next(struct replayer *r, struct record *record);

#endif
