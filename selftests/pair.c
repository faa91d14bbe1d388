// SPDX-License-Identifier: MIT
#include "pair.h"

#include <string.h>

static int open_both(struct wt_pair *pair)
{
	const __u32 none[WN_CLASSES] = { 0, 0, 0 };
	__s64 node;
	int err;

	err = wn_open(&pair->all, pair->path, NULL);
	if (err)
		return err;
	err = wn_domain_set_classes(pair->path, none);
	err = err ? err : wn_open(&pair->other, pair->path, NULL);
	if (err)
		goto err_all;
	node = wn_create(&pair->all, 0, "n");
	if (WN_RES_IS_ERROR(node)) {
		err = (int)node;
		goto err_other;
	}
	pair->node = (__u64)node;
	return 0;

err_other:
	wn_close(&pair->other);
err_all:
	wn_close(&pair->all);
	return err;
}

int wt_pair_open(struct wt_pair *pair)
{
	int err = wt_mount(&pair->m, NULL);

	if (err)
		return err;
	pair->path = wt_path(&pair->m, "d");
	err = wn_domain_create(pair->path, 0600, NULL);
	err = err ? err : open_both(pair);
	if (err)
		wt_umount(&pair->m);
	return err;
}

void wt_pair_close(struct wt_pair *pair)
{
	wn_close(&pair->other);
	wn_close(&pair->all);
	wn_domain_remove(pair->path);
	wt_umount(&pair->m);
}

int wt_ends_open(const struct wt_mount *m, __u32 lanes, struct wn *p, struct wn *c, __u64 *node)
{
	struct wn_domain_create args = wt_create_args(m->control, "d");
	const char *path = wt_path(m, "d");
	__s64 res;
	int err;

	if (lanes)
		args.bounds.lanes = lanes;
	err = (int)wt_ioctl(m->control, WN_IOC_CREATE, &args);
	err = err ? err : wn_open(p, path, NULL);
	err = err ? err : wn_open(c, path, NULL);
	if (err)
		return err;
	res = wn_create(c, 0, "here");
	if (WN_RES_IS_ERROR(res))
		return (int)res;
	*node = (__u64)res;
	return (int)wn_bind(c, *node, 0);
}

int wt_ends_connect(struct wn *from, struct wn *to, __u64 node, __u32 bytes, struct wn_lane *p,
		    struct wn_lane *c)
{
	int err = wn_lane_connect(from, p, node, 0, bytes);

	return err ? err : wn_lane_accept(to, c, NULL, 1);
}

int wt_pair_send(struct wn_lane *l, __u32 n)
{
	void *to = wn_lane_reserve(l, sizeof(n));

	if (!to)
		return wn_lane_error(l) ? wn_lane_error(l) : -EAGAIN;
	memcpy(to, &n, sizeof(n));
	return wn_lane_commit(l);
}

__s64 wt_pair_take(struct wn_lane *l)
{
	__u32 n, len;
	const void *from = wn_lane_peek(l, &len);

	if (!from)
		return wn_lane_error(l) ? wn_lane_error(l) : -EAGAIN;
	memcpy(&n, from, sizeof(n));
	wn_lane_consume(l);
	return n;
}
