/* SPDX-License-Identifier: MIT */
/* Where and when the figures were taken. */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include "json.h"

void machine_line(FILE *to);
void machine_json(struct json *j);
/* Tasks that want a CPU, over the last minute. */
double machine_load(void);

#endif
