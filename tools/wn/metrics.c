// SPDX-License-Identifier: MIT
#include "metrics.h"

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "process.h"
#include "sample.h"
#include "session.h"
#include "text.h"

struct one {
	const char *name;
	struct wn_sample s;
	int err;
};

struct all {
	struct one *of;
	int n;
};

/* A label's value: what is no UTF-8 becomes '?', as the format wants it. */
static void label(FILE *to, const char *s)
{
	const size_t len = strlen(s);
	unsigned int n;
	size_t at;

	for (at = 0; at < len; at += n) {
		n = wn_text_utf8(s + at, len - at);
		if (!n) {
			fputc('?', to);
			n = 1;
		} else if (s[at] == '\n') {
			fputs("\\n", to);
		} else if (s[at] == '"' || s[at] == '\\') {
			fprintf(to, "\\%c", s[at]);
		} else {
			fwrite(s + at, 1, n, to);
		}
	}
}

static void head(FILE *to, const char *name, const char *type, const char *help)
{
	fprintf(to, "# HELP worknode_%s %s\n# TYPE worknode_%s %s\n", name, help, name, type);
}

static void line(FILE *to, const char *name, const char *domain, const char *more, __u64 value)
{
	fprintf(to, "worknode_%s{domain=\"", name);
	label(to, domain);
	fprintf(to, "\"%s} %llu\n", more, (unsigned long long)value);
}

/* What is there now and how much there may be: fields of the sample. */
#define AT(field)	offsetof(struct wn_sample, field)

static const struct {
	const char *name, *type, *help;
	size_t at;
	bool wide;		/* 64 bits */
} fields[] = {
	{ "domain_clients", "gauge", "Clients that are set up.", AT(info.clients), false },
	{ "domain_clients_limit", "gauge", "Clients that there may be.", AT(info.bounds.clients), false },
	{ "domain_nodes", "gauge", "Nodes in use.", AT(info.nodes), false },
	{ "domain_nodes_limit", "gauge", "Nodes that there may be.", AT(info.bounds.nodes), false },
	{ "domain_bytes", "gauge", "Memory of the domain, clients apart.", AT(info.bytes), true },
	{ "domain_client_bytes", "gauge", "Memory of its clients.", AT(info.client_bytes), true },
	{ "domain_changes_total", "counter", "Changes applied.", AT(changes), true },
};

#define FIELDS	(sizeof(fields) / sizeof(fields[0]))

static const struct {
	const char *name;
	size_t at;
} bounds[] = {
#define BOUND(f)	{ #f, offsetof(struct wn_bounds, f) }
	BOUND(children), BOUND(depth), BOUND(cells), BOUND(set_elems), BOUND(elems), BOUND(replicas),
	BOUND(caps), BOUND(slots), BOUND(sq_entries), BOUND(cq_entries), BOUND(inbox_entries),
	BOUND(group_ops), BOUND(idem_keys), BOUND(lanes), BOUND(subs), BOUND(timers),
	BOUND(log_records), BOUND(backlog),
};

static __u64 field(const struct wn_sample *s, size_t at, bool wide)
{
	return wide ? *(const __u64 *)((const char *)s + at) :
		      *(const __u32 *)((const char *)s + at);
}

static void print_fields(FILE *to, const struct all *all)
{
	size_t f;
	int i;

	for (f = 0; f < FIELDS; f++) {
		head(to, fields[f].name, fields[f].type, fields[f].help);
		for (i = 0; i < all->n; i++)
			if (!all->of[i].err)
				line(to, fields[f].name, all->of[i].name, "",
				     field(&all->of[i].s, fields[f].at, fields[f].wide));
	}
}

static void print_stats(FILE *to, const struct all *all)
{
	char name[64];
	int i, k;

	for (k = 0; wn_stat_names[k].name; k++) {
		snprintf(name, sizeof(name), "domain_%s_total", wn_stat_names[k].name);
		head(to, name, "counter", wn_stat_names[k].help);
		for (i = 0; i < all->n; i++)
			if (!all->of[i].err)
				line(to, name, all->of[i].name, "", all->of[i].s.stats[k]);
	}
}

static void print_bounds(FILE *to, const struct all *all)
{
	char more[64];
	size_t b;
	int i;

	head(to, "domain_bound", "gauge", "Bounds that the domain was made with.");
	for (i = 0; i < all->n; i++)
		for (b = 0; !all->of[i].err && b < sizeof(bounds) / sizeof(bounds[0]); b++) {
			snprintf(more, sizeof(more), ",bound=\"%s\"", bounds[b].name);
			line(to, "domain_bound", all->of[i].name, more,
			     field(&all->of[i].s, AT(info.bounds) + bounds[b].at, false));
		}
	head(to, "domain_readable", "gauge", "Whether the exporter may open the domain.");
	for (i = 0; i < all->n; i++)
		line(to, "domain_readable", all->of[i].name, "", !all->of[i].err);
}

static void print_instance(struct wn_ctx *ctx, FILE *to, int domains)
{
	struct statfs st;

	head(to, "domains", "gauge", "Domains of the instance.");
	fprintf(to, "worknode_domains %d\n", domains);
	if (ctx->embed || statfs(ctx->mount, &st))
		return;
	head(to, "domains_limit", "gauge", "Domains that the instance may have.");
	fprintf(to, "worknode_domains_limit %llu\n", (unsigned long long)st.f_files);
	head(to, "instance_bytes", "gauge", "Memory that the instance holds.");
	fprintf(to, "worknode_instance_bytes %llu\n",
		(unsigned long long)(st.f_blocks - st.f_bfree) * (unsigned long long)st.f_bsize);
	head(to, "instance_bytes_limit", "gauge", "Memory that the instance may hold.");
	fprintf(to, "worknode_instance_bytes_limit %llu\n",
		(unsigned long long)st.f_blocks * (unsigned long long)st.f_bsize);
}

static void print_domains(FILE *to, char **names, struct wn_ctx *ctx, struct all *all)
{
	char path[PATH_MAX];
	int i, n = 0;

	for (i = 0; i < all->n; i++) {
		struct one *one = &all->of[n];

		if (wn_session_path(ctx, names[i], path))
			continue;
		one->name = names[i];
		one->err = wn_sample_of(path, &one->s, false);
		/* Removed since it was listed. */
		if (one->err != -ENOENT)
			n++;
	}
	all->n = n;
	print_fields(to, all);
	print_stats(to, all);
	print_bounds(to, all);
}

int wn_metrics_ready(struct wn_ctx *ctx)
{
	struct wn_query q;

	return wn_query(ctx->mount, &q);
}

int wn_metrics(struct wn_ctx *ctx, FILE *to)
{
	const __u64 begun = wn_deadline(0);
	struct all all = {};
	struct wn_query q;
	char **names = NULL;
	int err, n = 0;

	err = wn_query(ctx->mount, &q);
	if (!err)
		n = wn_session_names(ctx, &names);
	if (n < 0)
		err = n;
	head(to, "up", "gauge", "Whether the module could be asked.");
	fprintf(to, "worknode_up %d\n", !err);
	if (!err) {
		q.version[sizeof(q.version) - 1] = 0;
		head(to, "info", "gauge", "The module's version.");
		fprintf(to, "worknode_info{version=\"");
		label(to, (const char *)q.version);
		fprintf(to, "\",abi=\"%u\",layout=\"%u\"} 1\n", q.abi, q.layout);
		print_instance(ctx, to, n);
		all.of = calloc((size_t)n + 1, sizeof(*all.of));
		all.n = n;
		if (all.of)
			print_domains(to, names, ctx, &all);
		else
			err = -ENOMEM;
		free(all.of);
	}
	if (n >= 0)
		wn_session_free(names, n);
	head(to, "scrape_seconds", "gauge", "How long it took to gather this.");
	fprintf(to, "worknode_scrape_seconds %.6f\n", (double)(wn_deadline(0) - begun) / 1e9);
	wn_process_metrics(to);
	return err;
}
