/* SPDX-License-Identifier: MIT */
/* Counters of an instance as Prometheus reads them (text format 0.0.4). */
#ifndef WN_METRICS_H
#define WN_METRICS_H

#include "cmd.h"

/* 0 or -errno: then the module cannot be asked, which the text says, too. */
int wn_metrics(struct wn_ctx *ctx, FILE *to);

/* Whether the module can be asked: 0 or -errno. */
int wn_metrics_ready(struct wn_ctx *ctx);

#endif
