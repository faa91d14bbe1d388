// SPDX-License-Identifier: MIT
/* A broken invariant that the core reports is a finding. */
#include "fuzz.h"

void wn_port_report(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: the core reports: %s\n", file, line, what);
	abort();
}
