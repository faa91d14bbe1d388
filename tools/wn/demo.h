/* SPDX-License-Identifier: MIT */
/* -e: a domain in this process, with a little of everything in it. */
#ifndef WN_DEMO_H
#define WN_DEMO_H

#include <stdbool.h>

#define WN_DEMO_NAME	"demo"

/* Make it at a path; live: a thread goes on changing it. 0 or -errno. */
int wn_demo_make(const char *path, bool live);

#endif
