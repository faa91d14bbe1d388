// SPDX-License-Identifier: MIT
#include "fan_fixture.h"

#include <string.h>

static int open_all(struct wt_fan *f)
{
	__s64 node;
	int err, i;

	f->d = wt_path(&f->m, "d");
	err = wn_domain_create(f->d, 0600, NULL);
	err = err ? err : wn_open(&f->p, f->d, NULL);
	for (i = 0; !err && i <= WT_FAN_SEATS; i++)
		err = wn_open(&f->c[i], f->d, NULL);
	if (err)
		return err;
	node = wn_create(&f->p, 0, "fan");
	if (WN_RES_IS_ERROR(node))
		return (int)node;
	f->node = (__u64)node;
	return 0;
}

int wt_fan_open(struct wt_fan *f)
{
	int err;

	memset(f, 0, sizeof(*f));
	err = wt_mount(&f->m, NULL);
	if (err)
		return err;
	err = open_all(f);
	if (err)
		wt_fan_close(f);
	return err;
}

void wt_fan_close(struct wt_fan *f)
{
	int i;

	wn_lane_close(&f->out);
	for (i = 0; i <= WT_FAN_SEATS; i++) {
		wn_lane_close(&f->in[i]);
		wn_close(&f->c[i]);
	}
	wn_close(&f->p);
	wt_umount(&f->m);
}

int wt_fan_make(struct wt_fan *f, __u32 flags)
{
	return wn_fan_make(&f->p, &f->out, f->node, 0, WT_FAN_BYTES, WT_FAN_SEATS, flags);
}

int wt_fan_join(struct wt_fan *f, int i, __u32 flags)
{
	return wn_fan_join(&f->c[i], &f->in[i], f->node, 0, flags);
}

bool wt_fan_has_files(const struct wt_fan *f)
{
	return f->p.fd >= 0;
}

uint32_t wt_fan_len(uint64_t n)
{
	return 8 + (uint32_t)(n * 2654435761u >> 7) % 300;
}

int wt_fan_put(struct wn_lane *l, uint64_t n)
{
	char bytes[512];
	int err;

	memset(bytes, (int)(n & 0xff), sizeof(bytes));
	memcpy(bytes, &n, sizeof(n));
	if (n % 2)
		return wn_fan_send(l, bytes, wt_fan_len(n), (uint16_t)n);
	err = wn_fan_put(l, bytes, wt_fan_len(n), (uint16_t)n);
	return err ? err : wn_lane_commit(l);
}

int64_t wt_fan_take(struct wn_lane *l, __u64 *lost)
{
	unsigned char bytes[512];
	uint16_t type;
	uint64_t n;
	int64_t len = wn_fan_read(l, bytes, sizeof(bytes), &type, lost);
	uint32_t i;

	if (len < 0)
		return len;
	memcpy(&n, bytes, sizeof(n));
	if (len != wt_fan_len(n) || type != (uint16_t)n)
		return -EBADMSG;
	for (i = 8; i < len; i++)
		if (bytes[i] != (n & 0xff))
			return -EBADMSG;
	return (int64_t)n;
}

int64_t wt_fan_take_or_wait(struct wn_lane *l, __u64 *lost)
{
	int64_t n;
	int err;

	while ((n = wt_fan_take(l, lost)) == -EAGAIN) {
		err = wn_lane_wait(l, 0, wn_deadline(WT_FAN_PATIENT));
		if (err)
			return err;
	}
	return n;
}

int wt_fan_put_or_wait(struct wn_lane *l, uint64_t n)
{
	int err;

	while ((err = wt_fan_put(l, n)) == -EAGAIN) {
		err = wn_lane_wait(l, wt_fan_len(n), wn_deadline(WT_FAN_PATIENT));
		if (err)
			return err;
	}
	return err;
}
