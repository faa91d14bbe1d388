// SPDX-License-Identifier: MIT
/*
 * News for whoever wants them, also for those whom nobody trusts:
 *
 *	broadcast DOMAIN say		each line of the input, to all who listen
 *	broadcast DOMAIN hear		print them, until who says them ends
 *	broadcast DOMAIN scribble	hear nothing, and write wherever that is possible
 *
 * A fan: the speaker writes each line once, listeners read it from the speaker's page,
 * which is read-only for them, each at its own pace. Who comes late begins with the oldest
 * line that is there still; who is too slow loses some, is told how many, and holds nobody
 * up. Users other than the domain's owner may only read.
 */
#include "board.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define NEWS	"broadcast"
#define BYTES	65536		/* of lines that are kept */
#define LINE	1024

/* 0 or an error. */
static __s64 say(struct wn *wn, const char *path)
{
	const __u32 rights[WN_CLASSES] = { WN_RIGHT_ALL, WN_RIGHT_READ, WN_RIGHT_READ };
	__s64 err = wn_domain_set_classes(path, rights), node;
	unsigned long long lines = 0;
	struct wn_lane fan;
	char line[LINE];

	node = err ? err : board_node(wn, 0, NEWS);
	/* One at a time: it goes with this client. */
	err = WN_RES_IS_ERROR(node) ? node : board_claim(wn, (__u64)node, "speaker");
	if (WN_RES_IS_ERROR(err))
		return err;
	err = wn_fan_make(wn, &fan, (__u64)node, 0, BYTES, WN_FAN_SEATS, 0);
	if (err)
		return err;
	for (; !err && fgets(line, sizeof(line), stdin); lines++)
		err = wn_fan_send(&fan, line, (__u32)strcspn(line, "\n"), 0);
	printf("%llu lines said\n", lines);
	wn_lane_close(&fan);
	return err;
}

/* A seat; where nobody speaks yet, when somebody does: 0 or an error. */
static __s64 sit_down(struct wn *wn, struct wn_lane *seat)
{
	__s64 node, err;

	do {
		node = wn_lookup(wn, 0, NEWS);
		err = WN_RES_IS_ERROR(node) ? node : wn_fan_join(wn, seat, (__u64)node, 0, 0);
	} while (err == -ENOENT && board_nap(10000000));
	return err;
}

static __s64 hear(struct wn_lane *seat)
{
	unsigned long long lines = 0, all_lost = 0;
	char line[LINE];
	__u64 lost;
	__s64 len;

	do {
		len = wn_fan_read(seat, line, sizeof(line), NULL, &lost);
		if (len >= 0) {
			board_print(line, (size_t)len);
			putchar('\n');
			lines++;
			all_lost += lost;
		} else if (len == -EAGAIN) {
			fflush(stdout);
			len = wn_lane_wait(seat, 0, 0);
		}
	} while (len >= 0 || len == -EINTR || len == -EAGAIN);
	printf("%llu lines heard, %llu lost\n", lines, all_lost);
	return len == -ENOLINK ? 0 : len;	/* all was said */
}

/* Noise all over a window: whether it could be written. EFAULT comes in place of a signal. */
static bool spoil(int noise, void *at, __u64 bytes)
{
	return read(noise, at, bytes) > 0;
}

/* Into each page that this client has mapped, again and again, as long as there is news. */
static __s64 scribble(struct wn *wn, struct wn_lane *seat)
{
	const int noise = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
	unsigned int i, written, all, rounds = 0;

	if (noise < 0)
		return -errno;
	do {
		while (wn_get_sqe(wn))
			;
		written = all = 0;
		for (i = 0; i < wn->nr_regions; i++, all++)
			written += spoil(noise, wn->maps[i], wn->regions[i].bytes);
		for (i = 0; i < 2; i++, all++)
			written += spoil(noise, seat->maps[i], seat->regions[i].bytes);
		/* Have the engine look at it, and the speaker. */
		wn_submit(wn);
		while (wn_peek_cqe(wn))
			wn_cqe_seen(wn);
		wn_lane_wake(seat);
		if (!rounds++)
			printf("%u of %u windows written to\n", written, all);
		fflush(stdout);
	} while (!wn_lane_ended(seat));
	close(noise);
	printf("%u times\n", rounds);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc == 3 ? argv[2] : "";
	const bool says = !strcmp(what, "say"), hears = !strcmp(what, "hear");
	struct wn_lane seat;
	struct wn wn;
	__s64 err;

	if (!says && !hears && strcmp(what, "scribble")) {
		fprintf(stderr, "usage: broadcast DOMAIN say | hear | scribble\n");
		return 2;
	}
	err = wn_open(&wn, argv[1], NULL);
	if (err)
		return board_fail("broadcast", argv[1], err);
	err = says ? say(&wn, argv[1]) : sit_down(&wn, &seat);
	if (!err && !says) {
		err = hears ? hear(&seat) : scribble(&wn, &seat);
		wn_lane_close(&seat);
	}
	wn_close(&wn);
	return err ? board_fail("broadcast", what, err) : 0;
}
