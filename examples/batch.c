// SPDX-License-Identifier: MIT
/*
 * batch DOMAIN [NR]: many ops for one system call. A group makes a node with its
 * counter's neighbour or neither; then NR changes are prepared, handed over as the
 * ring fills, and their answers read in one go.
 */
#include <stdio.h>
#include <stdlib.h>

#include <wn.h>

static int fail(const char *what, __s64 err)
{
	fprintf(stderr, "batch: %s: %s\n", what, wn_strerror((int)err));
	return 1;
}

/* Two nodes or none: the first error of the group, or the first's handle. */
static __s64 make_pair(struct wn *wn, const char *left, const char *right)
{
	const struct wn_cqe *cqe;
	__s64 first = 0, err = 0;
	struct wn_sqe *sqe;
	void *data;
	int ret, i;

	sqe = wn_get_sqe_wide(wn, &data);
	if (!sqe)
		return -EAGAIN;
	wn_prep_create(sqe, data, 0, left, 0, 0, 0, 0);
	wn_sqe_flags(sqe, WN_SQE_ATOMIC);
	sqe = wn_get_sqe_wide(wn, &data);
	if (!sqe)
		return -EAGAIN;
	wn_prep_create(sqe, data, 0, right, 0, 0, 0, 1);
	ret = wn_submit_and_wait(wn, 2, WN_ENTER_NO_DEADLINE);
	if (ret < 0)
		return ret;
	for (i = 0; i < 2; i++) {
		cqe = wn_peek_cqe(wn);
		if (!cqe)
			return -EPROTO;
		/* The one that did not go says why; the other was cancelled with it. */
		if (WN_RES_IS_ERROR(cqe->res) && cqe->res != -ECANCELED)
			err = cqe->res;
		if (!cqe->user_data)
			first = cqe->res;
		wn_cqe_seen(wn);
	}
	return err ? err : first;
}

/* Read what lies there: how many, or the first error among them. */
static __s64 drain(struct wn *wn)
{
	const struct wn_cqe *cqe;
	unsigned int n = 0;
	__s64 err = 0;
	__u32 pos;

	wn_for_each_cqe(wn, pos, cqe) {
		if (WN_RES_IS_ERROR(cqe->res) && !err)
			err = cqe->res;
		n++;
	}
	wn_cq_advance(wn, n);
	return err ? err : n;
}

int main(int argc, char **argv)
{
	__u64 nr = argc > 2 ? strtoull(argv[2], NULL, 10) : 10000, sent = 0, done = 0;
	struct wn_node_rec rec;
	struct wn_sqe *sqe;
	struct wn wn;
	__s64 node, n;
	int err;

	if (argc < 2) {
		fprintf(stderr, "usage: batch DOMAIN [NR]\n");
		return 2;
	}
	err = wn_open(&wn, argv[1], NULL);
	if (err)
		return fail(argv[1], err);
	node = make_pair(&wn, "left", "right");
	if (WN_RES_IS_ERROR(node))
		return fail("pair", node);
	if (make_pair(&wn, "third", "right") != -EEXIST || wn_lookup(&wn, 0, "third") != -ENOENT)
		return fail("half a pair", 0);
	while (done < nr) {
		while (sent < nr && (sqe = wn_get_sqe(&wn))) {
			sent++;
			wn_prep_set_word(sqe, (__u64)node, 0, sent, sent);
		}
		err = wn_submit_and_wait(&wn, 1, WN_ENTER_NO_DEADLINE);
		n = err < 0 ? err : drain(&wn);
		if (n < 0)
			return fail("change", n);
		done += (__u64)n;
	}
	err = wn_node_read(&wn, (__u64)node, &rec);
	if (err)
		return fail("read", err);
	printf("%llu changes, the last is %llu, in %llu turns of the engine\n",
	       (unsigned long long)done, (unsigned long long)rec.user[0],
	       (unsigned long long)wn.pub->stats[WN_STAT_TURNS]);
	wn_close(&wn);
	return rec.user[0] != nr;
}
