/* SPDX-License-Identifier: MIT */
/*
 * What is said between a host and its clients: a SOCK_SEQPACKET connection for each
 * open file, an ask and its answer, one at a time. Structs of ioctls lie in the body.
 */
#ifndef WN_EMBED_WIRE_H
#define WN_EMBED_WIRE_H

#include "kmod/core/port.h"

#define WN_WIRE_BODY	4096
#define WN_WIRE_FDS	64	/* in one packet */

#define WN_WIRE_OPEN	1	/* body: a name; value: open(2)'s flags */
#define WN_WIRE_AGAIN	2	/* value: the domain's id */
#define WN_WIRE_CALL	3	/* value: WN_IOC_*; body: its struct, or arg where it is a number */
#define WN_WIRE_MAP	4	/* value: WN_REGION_*. File by file */
#define WN_WIRE_REMOVE	5	/* body: a name */
#define WN_WIRE_LANE	6	/* value: WN_REGION_* of a lane; answer: struct wn_wire_part.
				 * arg: 0, or of a fan's seats 1 + which page the producer sees */

/* Files that lie in a row in the window, from offset on. */
struct wn_wire_part {
	u64 offset;
	u64 bytes;
};

struct wn_wire_ask {
	u32 what;
	u32 bytes;		/* of body that count */
	u64 value;
	u64 arg;
	u8 body[WN_WIRE_BODY];
};

struct wn_wire_answer {
	s32 ret;
	u32 files;		/* MAP: how many there are in all; this and what follows bring them */
	u64 value;		/* OPEN: the domain's id; MAP: bytes of each file; LANE: WN_EMBED_WHO */
	u64 offset;		/* MAP: where the region begins in the file */
	u32 bytes;		/* of body that count */
	u32 writable;		/* MAP */
	u8 body[WN_WIRE_BODY];
};

#define WN_WIRE_HEAD(msg)	__builtin_offsetof(msg, body)

#endif
