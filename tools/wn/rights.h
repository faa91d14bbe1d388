/* SPDX-License-Identifier: MIT */
/* Rights by name. */
#ifndef WN_RIGHTS_H
#define WN_RIGHTS_H

#include <stdbool.h>
#include <linux/types.h>

#define WN_RIGHTS_HELP	"rights are all, or of read,emit,priority,write,create,destroy," \
			"grant,revoke,attach,admin"

/* Names by bit, NULL behind the last. */
extern const char *const wn_rights[];

/* "read,write", "all". */
bool wn_rights_of(const char *s, __u32 *mask);

#endif
