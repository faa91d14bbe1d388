/* SPDX-License-Identifier: MIT */
/* Clients of an instance's domains, as /proc/PID/fdinfo tells of those that one may see. */
#ifndef WN_CLIENTS_H
#define WN_CLIENTS_H

#include "cmd.h"

struct wn_client_row {
	int pid;
	char comm[32];
	char domain[WN_NAME_BYTES];
	char state[16];
	__u64 number, bytes;
	__u64 sq_entries, sq_pending, cq_entries, cq_unread, inbox_unread;
};

/* How many, or -errno; free *rows. root: before /proc, for tests. */
int wn_clients(const char *root, const char *mount, struct wn_client_row **rows);

#endif
