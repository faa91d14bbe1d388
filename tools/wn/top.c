// SPDX-License-Identifier: MIT
#include "top.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"
#include "text.h"

const char *const wn_top_keys[] = {
	"ops", "refused", "clients", "nodes", "bytes", "latency", "name", NULL
};

static const struct wn_top_row *find(const struct wn_frame *f, const struct wn_top_row *row)
{
	int i;

	for (i = 0; f && i < f->n; i++)
		if (f->rows[i].s.info.id == row->s.info.id)
			return &f->rows[i];
	return NULL;
}

static void rates(struct wn_top_row *row, const struct wn_top_row *was)
{
	const struct wn_sample *a, *b = &row->s;

	row->fresh = !was;
	if (!was)
		return;
	a = &was->s;
	row->ops = wn_sample_rate(a->stats[WN_STAT_SUBMITTED], b->stats[WN_STAT_SUBMITTED], a, b);
	row->refused = wn_sample_rate(a->stats[WN_STAT_REFUSED], b->stats[WN_STAT_REFUSED], a, b);
	row->wakeups = wn_sample_rate(a->stats[WN_STAT_WAKEUPS], b->stats[WN_STAT_WAKEUPS], a, b);
	row->changes = wn_sample_rate(a->changes, b->changes, a, b);
}

static int take_rows(struct wn_ctx *ctx, char **names, int n, const struct wn_frame *before,
		     struct wn_frame *f)
{
	char path[PATH_MAX];
	int i;

	f->rows = calloc((size_t)n + 1, sizeof(*f->rows));
	if (!f->rows)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		struct wn_top_row *row = &f->rows[f->n];

		/* Gone meanwhile, or not for us. */
		if (wn_session_path(ctx, names[i], path) || wn_sample_of(path, &row->s, true))
			continue;
		snprintf(row->name, sizeof(row->name), "%s", names[i]);
		rates(row, find(before, row));
		f->n++;
	}
	return 0;
}

int wn_frame_take(struct wn_ctx *ctx, const char *root, const struct wn_frame *before,
		  struct wn_frame *f)
{
	char **names;
	int n, err;

	memset(f, 0, sizeof(*f));
	n = wn_session_names(ctx, &names);
	if (n < 0)
		return n;
	err = take_rows(ctx, names, n, before, f);
	wn_session_free(names, n);
	if (!err && !ctx->embed) {
		f->nr_clients = wn_clients(root, ctx->mount, &f->clients);
		if (f->nr_clients < 0)
			f->nr_clients = 0;
	}
	if (err)
		wn_frame_free(f);
	return err;
}

void wn_frame_free(struct wn_frame *f)
{
	free(f->rows);
	free(f->clients);
	memset(f, 0, sizeof(*f));
}

static enum wn_top_key sort_key;
static bool sort_backwards;

static double weight(const struct wn_top_row *r)
{
	switch (sort_key) {
	case WN_TOP_OPS:
		return r->ops;
	case WN_TOP_REFUSED:
		return r->refused;
	case WN_TOP_CLIENTS:
		return r->s.info.clients;
	case WN_TOP_NODES:
		return r->s.info.nodes;
	case WN_TOP_BYTES:
		return (double)(r->s.info.bytes + r->s.info.client_bytes);
	case WN_TOP_LATENCY:
		return (double)r->s.latency;
	default:
		return 0;
	}
}

static int by_key(const void *a, const void *b)
{
	const struct wn_top_row *x = a, *y = b;
	const double wx = weight(x), wy = weight(y);
	int order = wx < wy ? 1 : wx > wy ? -1 : strcmp(x->name, y->name);

	return sort_backwards ? -order : order;
}

void wn_frame_sort(struct wn_frame *f, enum wn_top_key key, bool backwards)
{
	sort_key = key;
	sort_backwards = backwards;
	if (f->n)
		qsort(f->rows, (size_t)f->n, sizeof(*f->rows), by_key);
}

/* A name that keeps its column, whatever is in it. */
static void fit(char *to, size_t columns, const char *s)
{
	size_t i;

	for (i = 0; i + 1 < columns && s[i]; i++)
		to[i] = s[i] >= 0x20 && s[i] < 0x7f ? s[i] : '?';
	to[i] = 0;
}

void wn_top_head(char *line, size_t bytes)
{
	snprintf(line, bytes, "%-20s %9s %9s %9s %9s %11s %8s %8s", "DOMAIN", "OPS/S", "CHANGES/S",
		 "REFUSED/S", "WAKES/S", "CLIENTS", "NODES", "US/OP");
}

void wn_top_line(const struct wn_top_row *r, char *line, size_t bytes)
{
	char name[21];

	fit(name, sizeof(name), r->name);
	snprintf(line, bytes, "%-20s %9.0f %9.0f %9.0f %9.0f %5u/%-5u %8u %8.1f", name, r->ops,
		 r->changes, r->refused, r->wakeups, r->s.info.clients, r->s.info.bounds.clients,
		 r->s.info.nodes, (double)r->s.latency / 1e3);
}

void wn_top_client_head(char *line, size_t bytes)
{
	snprintf(line, bytes, "%-20s %6s %8s %-16s %-9s %11s %11s %6s %8s", "DOMAIN", "CLIENT", "PID",
		 "PROGRAM", "STATE", "SQ", "CQ", "INBOX", "KB");
}

void wn_top_client_line(const struct wn_client_row *r, char *line, size_t bytes)
{
	char name[21], comm[17];

	fit(name, sizeof(name), r->domain);
	fit(comm, sizeof(comm), r->comm);
	snprintf(line, bytes, "%-20s %6llu %8d %-16s %-9s %5llu/%-5llu %5llu/%-5llu %6llu %8llu", name,
		 (unsigned long long)r->number, r->pid, comm, r->state,
		 (unsigned long long)r->sq_pending, (unsigned long long)r->sq_entries,
		 (unsigned long long)r->cq_unread, (unsigned long long)r->cq_entries,
		 (unsigned long long)r->inbox_unread, (unsigned long long)(r->bytes >> 10));
}
