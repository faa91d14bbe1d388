/* SPDX-License-Identifier: MIT */
/* Verbs of wn cap about tokens. */
#ifndef WN_TOKEN_H
#define WN_TOKEN_H

#include "cmd.h"

int wn_cap_token(struct wn_ctx *ctx, int argc, char **argv);
int wn_cap_redeem_token(struct wn_ctx *ctx, int argc, char **argv);
int wn_cap_epoch(struct wn_ctx *ctx, int argc, char **argv);

#endif
