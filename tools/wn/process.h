/* SPDX-License-Identifier: MIT */
/* What the exporter itself takes, by the names that Prometheus gives to it. */
#ifndef WN_PROCESS_H
#define WN_PROCESS_H

#include <stdio.h>

/* What cannot be known is left out. */
void wn_process_metrics(FILE *to);

#endif
