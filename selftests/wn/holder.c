// SPDX-License-Identifier: MIT
/*
 * holder DOMAIN: what an operator looks at. Two clients with a lane between them, 16 records
 * of it unread; one with five completions unread; one that is refused a hundred times a
 * second. Says "ready", and goes on until it is killed.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <wn.h>

#define RECORDS	16
#define UNREAD	5

static int fail(const char *what, __s64 err)
{
	fprintf(stderr, "holder: %s: %s\n", what, wn_strerror((int)err));
	return 1;
}

static int lane(struct wn *reader, struct wn *writer, struct wn_lane *in, struct wn_lane *out)
{
	__s64 node = wn_create(reader, 0, "sink");
	void *at;
	int err, i;

	if (WN_RES_IS_ERROR(node))
		return (int)node;
	err = wn_bind(reader, (__u64)node, WN_POLICY_FAIL);
	if (!err)
		err = wn_lane_connect(writer, out, (__u64)node, 0, 1 << 16);
	if (!err)
		err = wn_lane_accept(reader, in, NULL, 0);
	for (i = 0; !err && i < RECORDS; i++) {
		at = wn_lane_reserve(out, 56);
		if (!at)
			return -ENOBUFS;
		memset(at, i, 56);
		err = wn_lane_commit(out);
	}
	return err;
}

int main(int argc, char **argv)
{
	struct wn reader, writer, lazy, wrong;
	struct wn_lane in, out;
	struct wn_sqe *sqe;
	int err, i;

	if (argc != 2)
		return 2;
	err = wn_open(&reader, argv[1], NULL);
	if (!err)
		err = wn_open(&writer, argv[1], NULL);
	if (!err)
		err = wn_open(&lazy, argv[1], NULL);
	if (!err)
		err = wn_open(&wrong, argv[1], NULL);
	if (err)
		return fail("open", err);
	err = lane(&reader, &writer, &in, &out);
	if (err)
		return fail("lane", err);
	for (i = 0; i < UNREAD; i++) {
		sqe = wn_get_sqe(&lazy);
		wn_prep(sqe, WN_OP_NOP, 0, 0);
	}
	err = wn_submit(&lazy);
	if (err < 0)
		return fail("submit", err);
	printf("ready\n");
	fflush(stdout);
	for (;;) {
		/* No such node. */
		wn_set_state(&wrong, 0xffffff, 1);
		usleep(10000);
	}
}
