// SPDX-License-Identifier: MIT
/* libwn's fast paths: mapped state, slots, lanes; and its rings with the engine behind. */
#include <stdio.h>
#include <string.h>

#include "../support/domain.h"
#include "quick.h"

static struct wn wn;
static struct wn_counter counter;
static struct wn_lane producer, consumer;
static __u64 node, cell;

static void begin(void)
{
	struct wn_lane_fds fds;

	if (node)
		return;
	domain_make("embed:quick", NULL);
	client_open(&wn, "embed:quick", NULL);
	node = good(wn_create(&wn, 0, "node"), "wn_create");
	good(wn_bind(&wn, node, WN_POLICY_FAIL), "wn_bind");
	cell = good(wn_cell_create(&wn, node, 1, WN_CELL_PNCOUNTER, 0), "wn_cell_create");
	good(wn_counter_attach(&counter, &wn, node, cell), "attach");
	good(wn_lane_make(&fds, 16384), "wn_lane_make");
	good(wn_lane_map(&producer, fds.producer, true), "wn_lane_map");
	good(wn_lane_map(&consumer, fds.consumer, false), "wn_lane_map");
	wn_lane_fds_close(&fds);
}

static void adds(unsigned int n)
{
	while (n--) {
		wn_counter_add(&counter, 1);
		__asm__ volatile("" : : : "memory");
	}
}

static void sums(unsigned int n)
{
	__u64 value;

	while (n--)
		good(wn_counter_read(&wn, node, cell, &value), "wn_counter_read");
}

static void reads(unsigned int n)
{
	struct wn_node_rec rec;

	while (n--)
		good(wn_node_read(&wn, node, &rec), "wn_node_read");
}

static void lookups(unsigned int n)
{
	while (n--)
		good(wn_lookup(&wn, 0, "node"), "wn_lookup");
}

static void records(unsigned int n, unsigned int batch)
{
	__u32 len;

	for (; n; n -= batch) {
		for (unsigned int i = 0; i < batch; i++)
			memset(wn_lane_reserve(&producer, 64), 1, 64);
		wn_lane_commit(&producer);
		for (unsigned int i = 0; i < batch; i++)
			if (!wn_lane_peek(&consumer, &len))
				quick_die("a record is missing");
		wn_lane_consume(&consumer);
	}
}

static void records1(unsigned int n)
{
	records(n, 1);
}

static void records16(unsigned int n)
{
	records(n, 16);
}

/* Without the engine: an entry taken, filled; a completion read and given back. */
static void entries(unsigned int n)
{
	struct wn copy = wn;

	while (n--) {
		wn_prep_set_word(wn_get_sqe(&copy), node, 0, n, n);
		copy.sq_tail--;
		__asm__ volatile("" : : : "memory");
	}
}

static void rings(unsigned int n, unsigned int batch)
{
	for (; n; n -= batch) {
		for (unsigned int i = 0; i < batch; i++)
			wn_prep_set_word(wn_get_sqe(&wn), node, 0, n, i);
		submit_and_check(&wn, batch);
	}
}

static void rings1(unsigned int n)
{
	rings(n, 1);
}

static void rings16(unsigned int n)
{
	rings(n, 16);
}

static void events(unsigned int n)
{
	for (; n; n -= 16) {
		unsigned int seen = 0;

		for (unsigned int i = 0; i < 16; i++)
			wn_prep_emit_word(wn_get_sqe(&wn), node, 0, 1, n, i);
		submit_and_check(&wn, 16);
		for (; wn_peek_event(&wn); seen++)
			wn_event_seen(&wn);
		if (seen != 16)
			quick_die("events are missing");
	}
}

const struct quick quick_libwn[] = {
	{ "libwn: wn_counter_add", begin, adds, 20000, 2000 },
	{ "libwn: wn_counter_read, one attached", begin, sums, 4000 },
	{ "libwn: wn_node_read", begin, reads, 4000, 200 },
	{ "libwn: wn_lookup", begin, lookups, 4000, 100 },
	{ "libwn: an entry taken and filled", begin, entries, 4000 },
	{ "lane: a record of 64 B, alone", begin, records1, 4000, 200 },
	{ "lane: a record of 64 B, 16 at a time", begin, records16, 4096 },
	{ "embedded: NODE_SET, alone", begin, rings1, 2000, 100 },
	{ "embedded: NODE_SET, 16 a submission", begin, rings16, 4096, 128 },
	{ "embedded: an event emitted and read, 16 a submission", begin, events, 4096 },
	{ 0 }
};
