/* SPDX-License-Identifier: MIT */
/* What the library's files share. */
#ifndef WN_INTERNAL_H
#define WN_INTERNAL_H

#include <wn.h>

/* Exported; everything else is hidden. */
#define WN_API __attribute__((visibility("default")))

/*
 * A word that is 1 in this process and 0 in its forked children, or NULL if the
 * kernel cannot do that.
 */
const volatile __u32 *wn_fork_word(void);

#endif
