// SPDX-License-Identifier: MIT
#include "clients.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

struct list {
	struct wn_client_row *rows;
	int n, room;
};

static const struct {
	const char *name;
	size_t at;
} fields[] = {
	{ "wn-client:", offsetof(struct wn_client_row, number) },
	{ "wn-bytes:", offsetof(struct wn_client_row, bytes) },
	{ "wn-sq-entries:", offsetof(struct wn_client_row, sq_entries) },
	{ "wn-cq-entries:", offsetof(struct wn_client_row, cq_entries) },
	{ "wn-sq-pending:", offsetof(struct wn_client_row, sq_pending) },
	{ "wn-cq-unread:", offsetof(struct wn_client_row, cq_unread) },
	{ "wn-inbox-unread:", offsetof(struct wn_client_row, inbox_unread) },
};

static void line_of(struct wn_client_row *row, const char *line)
{
	size_t i, len;

	if (!strncmp(line, "wn-state:", 9)) {
		line += 9 + strspn(line + 9, " \t");
		snprintf(row->state, sizeof(row->state), "%.*s", (int)strcspn(line, "\n"), line);
	}
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		len = strlen(fields[i].name);
		if (!strncmp(line, fields[i].name, len))
			*(__u64 *)((char *)row + fields[i].at) = strtoull(line + len, NULL, 10);
	}
}

/* False: that is no client. */
static bool read_row(const char *path, struct wn_client_row *row)
{
	FILE *f = fopen(path, "re");
	char line[256];

	if (!f)
		return false;
	while (fgets(line, sizeof(line), f))
		line_of(row, line);
	fclose(f);
	return *row->state;
}

static bool append(struct list *l, const struct wn_client_row *row)
{
	if (l->n == l->room) {
		int room = l->room ? 2 * l->room : 64;
		void *more = realloc(l->rows, (size_t)room * sizeof(*l->rows));

		if (!more)
			return false;
		l->rows = more;
		l->room = room;
	}
	l->rows[l->n++] = *row;
	return true;
}

static void comm_of(const char *root, const char *pid, char *comm, size_t bytes)
{
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "%s/proc/%.16s/comm", root, pid);
	f = fopen(path, "re");
	*comm = 0;
	if (!f)
		return;
	if (fgets(comm, (int)bytes, f))
		comm[strcspn(comm, "\n")] = 0;
	fclose(f);
}

/* Files of one process that lie below the mount. */
static int process(const char *root, const char *mount, const char *pid, struct list *l)
{
	char dir[PATH_MAX / 2], path[PATH_MAX], target[PATH_MAX];
	const size_t len = strlen(mount);
	const struct dirent *d;
	ssize_t n;
	DIR *fds;
	int err = 0;

	snprintf(dir, sizeof(dir), "%s/proc/%.16s/fd", root, pid);
	fds = opendir(dir);
	/* Somebody else's, or gone. */
	if (!fds)
		return 0;
	while (!err && (d = readdir(fds))) {
		struct wn_client_row row = { .pid = atoi(pid) };

		snprintf(path, sizeof(path), "%s/%.32s", dir, d->d_name);
		n = readlink(path, target, sizeof(target) - 1);
		if (n <= (ssize_t)len + 1)
			continue;
		target[n] = 0;
		if (strncmp(target, mount, len) || target[len] != '/')
			continue;
		snprintf(row.domain, sizeof(row.domain), "%.63s", target + len + 1);
		snprintf(path, sizeof(path), "%.2000s/proc/%.16s/fdinfo/%.32s", root, pid, d->d_name);
		if (!read_row(path, &row))
			continue;
		comm_of(root, pid, row.comm, sizeof(row.comm));
		if (!append(l, &row))
			err = -ENOMEM;
	}
	closedir(fds);
	return err;
}

int wn_clients(const char *root, const char *mount, struct wn_client_row **rows)
{
	struct list l = {};
	const struct dirent *d;
	char path[PATH_MAX];
	DIR *proc;
	int err = 0;

	*rows = NULL;
	snprintf(path, sizeof(path), "%s/proc", root);
	proc = opendir(path);
	if (!proc)
		return -errno;
	while (!err && (d = readdir(proc)))
		if (d->d_name[0] >= '1' && d->d_name[0] <= '9')
			err = process(root, mount, d->d_name, &l);
	closedir(proc);
	if (err) {
		free(l.rows);
		return err;
	}
	*rows = l.rows;
	return l.n;
}
