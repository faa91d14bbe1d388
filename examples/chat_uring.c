// SPDX-License-Identifier: MIT
/*
 * chat_uring DOMAIN NAME: the event loop of chat.c by io_uring, in the same rooms. A read
 * of the input and a poll of the client's descriptor are on their way all the time; one
 * system call begins what is to be begun anew and waits for whichever ends first.
 *
 * Built where liburing is: pkg-config --cflags --libs liburing.
 */
#include "chat.h"

#include <liburing.h>
#include <poll.h>
#include <unistd.h>

/* io_uring keeps POLLPRI for itself: who asks for it alone is never woken by it. */
#define EVENTS	(POLLPRI | POLLRDBAND)

enum { TYPED = 1, TOLD };

struct loop {
	struct io_uring ring;
	struct chat *chat;
	char bytes[256];
};

/* There is room: no more than two are on their way, of each kind one. */
static void await(struct loop *l, __u64 what)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&l->ring);

	if (what == TYPED)
		io_uring_prep_read(sqe, STDIN_FILENO, l->bytes, sizeof(l->bytes), (__u64)-1);
	else
		io_uring_prep_poll_add(sqe, l->chat->wn.fd, EVENTS);
	io_uring_sqe_set_data64(sqe, what);
}

static __s64 done(struct loop *l, __u64 what, int res)
{
	__s64 err = 0;

	if (res < 0)
		err = res == -EINTR || res == -EAGAIN ? 0 : res;
	else if (what == TYPED)
		err = chat_typed(l->chat, l->bytes, (size_t)res);
	else if (res & POLLHUP)
		err = -ESHUTDOWN;
	/* A poll ends with the first event. It begins with a look: what came meanwhile ends it. */
	else
		chat_hear(l->chat);
	if (!err)
		await(l, what);
	return err;
}

static __s64 loop(struct chat *c)
{
	struct loop l = { .chat = c };
	__s64 err = io_uring_queue_init(4, &l.ring, 0);
	struct io_uring_cqe *cqe;
	__u64 what;
	int res;

	if (err)
		return err;
	await(&l, TYPED);
	await(&l, TOLD);
	while (!err) {
		res = io_uring_submit_and_wait(&l.ring, 1);
		if (res < 0 && res != -EINTR)
			err = res;
		while (!err && !io_uring_peek_cqe(&l.ring, &cqe)) {
			what = io_uring_cqe_get_data64(cqe);
			res = cqe->res;
			io_uring_cqe_seen(&l.ring, cqe);
			err = done(&l, what, res);
		}
	}
	io_uring_queue_exit(&l.ring);
	return err;
}

int main(int argc, char **argv)
{
	return chat_run(argc, argv, loop);
}
