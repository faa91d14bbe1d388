// SPDX-License-Identifier: MIT
/* io_uring: NOPs that a thread of the kernel takes from the ring, on the other CPU. */
#include <liburing.h>

#include "peers.h"

void uring_sqpoll(struct bench_sample *s, const void *arg)
{
	const unsigned int batch = *(const unsigned int *)arg, ops = (unsigned int)bench_scale(200000);
	struct io_uring_params p = {
		.flags = IORING_SETUP_SQPOLL | IORING_SETUP_SQ_AFF, .sq_thread_idle = 1000,
		.sq_thread_cpu = 1,
	};
	struct io_uring_cqe *cqe[256];
	struct io_uring ring;
	uint64_t start;

	if (io_uring_queue_init_params(512, &ring, &p)) {
		s->missing = "this host has no IORING_SETUP_SQPOLL";
		return;
	}
	pin_to(0);
	start = wall_ns();
	for (unsigned int n = 0; n < ops; n += batch) {
		for (unsigned int i = 0; i < batch; i++) {
			struct io_uring_sqe *sqe;

			while (!(sqe = io_uring_get_sqe(&ring)))
				bench_relax();
			io_uring_prep_nop(sqe);
		}
		io_uring_submit(&ring);
		for (unsigned int left = batch, got; left; left -= got) {
			got = io_uring_peek_batch_cqe(&ring, cqe, left);
			io_uring_cq_advance(&ring, got);
			if (!got)
				bench_relax();
		}
	}
	s->ops = ops;
	s->value = (double)(wall_ns() - start) / ops;
	io_uring_queue_exit(&ring);
}
