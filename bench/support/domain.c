// SPDX-License-Identifier: MIT
#include "domain.h"

#include <stdio.h>
#include <stdlib.h>
#include <wn_embed.h>

static void failed(const char *what, int err)
{
	fprintf(stderr, "wnbench: %s: %s\n", what, wn_strerror(err));
	exit(1);
}

static void begin(void)
{
	static bool begun;

	if (begun)
		return;
	begun = true;
	good(wn_embed_init(0), "wn_embed_init");
}

__u64 good(__s64 res, const char *what)
{
	if (WN_RES_IS_ERROR(res))
		failed(what, (int)res);
	return (__u64)res;
}

void domain_make(const char *path, const struct wn_bounds *bounds)
{
	begin();
	good(wn_domain_create(path, 0600, bounds), path);
}

void domain_drop(const char *path)
{
	good(wn_domain_remove(path), path);
}

static struct wn_bounds bounds_of(unsigned int which)
{
	struct wn_bounds_query q = { 0 };

	begin();
	good(wn_bounds("embed:", which, &q), "wn_bounds");
	return q.bounds;
}

struct wn_bounds domain_bounds(void)
{
	return bounds_of(WN_BOUNDS_DEFAULT);
}

struct wn_bounds domain_limits(void)
{
	return bounds_of(WN_BOUNDS_LIMIT);
}

void client_open(struct wn *wn, const char *path, const struct wn_params *params)
{
	begin();
	good(wn_open(wn, path, params), path);
}

void submit_and_check(struct wn *wn, unsigned int completions)
{
	const struct wn_cqe *cqe;
	__u32 pos, n = 0;

	good(wn_submit(wn), "wn_submit");
	wn_for_each_cqe(wn, pos, cqe) {
		if (WN_RES_IS_ERROR(cqe->res))
			failed("an op", (int)cqe->res);
		n++;
	}
	if (n != completions)
		failed("completions", -EPROTO);
	wn_cq_advance(wn, n);
}
