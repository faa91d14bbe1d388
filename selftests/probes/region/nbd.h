/* SPDX-License-Identifier: MIT */
/*
 * A block device of 2 MB whose other end is ours: requests at or above
 * NBD_HELD are answered only when told, so that a direct I/O can be kept in
 * flight while the memory it goes to changes hands.
 */
#ifndef WN_PROBE_NBD_H
#define WN_PROBE_NBD_H

#include <stdbool.h>
#include <sys/types.h>

#define NBD_HELD	(1 << 20)
#define NBD_BYTE	0x5a	/* what reads of it give */

struct nbd {
	int fd;		/* the device, O_DIRECT */
	int seen;	/* a byte comes when a held request arrived */
	int go;		/* a byte sent lets it be answered */
	pid_t server, owner;
};

bool nbd_start(struct nbd *n);
void nbd_stop(struct nbd *n);

#endif
