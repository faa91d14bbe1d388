// SPDX-License-Identifier: MIT
#include "cmd.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <linux/membarrier.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "opts.h"
#include "session.h"
#include "text.h"

enum { FINE, WARN, BAD };

static const char *const words[] = { "ok", "warn", "fail" };
static const char *const colours[] = { WN_GREEN, WN_YELLOW, WN_RED };

struct doctor {
	struct wn_ctx *ctx;
	const char *root;	/* before paths of /proc, /sys, /lib */
	struct utsname kernel;
	int worst;
	bool loaded;
};

/* One finding: what was looked at, how it is, what to do about it. */
__attribute__((format(printf, 4, 6)))
static void say(struct doctor *d, const char *name, int how, const char *text, const char *advice,
		...)
{
	struct wn_ctx *ctx = d->ctx;
	char line[PATH_MAX + 128];
	va_list args;

	va_start(args, advice);
	vsnprintf(line, sizeof(line), text, args);
	va_end(args);
	if (how > d->worst)
		d->worst = how;
	if (how == FINE)
		advice = NULL;
	if (ctx->json) {
		wn_json_object(&ctx->j, NULL);
		wn_json_string(&ctx->j, "name", name);
		wn_json_string(&ctx->j, "status", words[how]);
		wn_json_string(&ctx->j, "text", line);
		if (advice)
			wn_json_string(&ctx->j, "advice", advice);
		wn_json_close(&ctx->j, '}');
		return;
	}
	wn_text_colour(ctx->out, ctx->colour, colours[how]);
	fprintf(ctx->out, "%-5s", words[how]);
	wn_text_plain(ctx->out, ctx->colour);
	fprintf(ctx->out, " %-12s ", name);
	wn_text_safe(ctx->out, line, strlen(line));
	fputc('\n', ctx->out);
	if (advice)
		fprintf(ctx->out, "%18s -> %s\n", "", advice);
}

static void path_of(const struct doctor *d, char *path, const char *name)
{
	snprintf(path, PATH_MAX, "%s%s", d->root, name);
}

static bool there(const struct doctor *d, const char *name)
{
	char path[PATH_MAX];

	path_of(d, path, name);
	return !access(path, F_OK);
}

/* The file's first bytes, as a string; false: none. */
static bool contents(const struct doctor *d, const char *name, char *text, size_t bytes)
{
	char path[PATH_MAX];
	size_t n;
	FILE *f;

	path_of(d, path, name);
	f = fopen(path, "re");
	if (!f)
		return false;
	n = fread(text, 1, bytes - 1, f);
	fclose(f);
	text[n] = 0;
	text[strcspn(text, "\n")] = 0;
	return true;
}

/* Whether a line of a file holds the text. */
static bool mentions(const struct doctor *d, const char *name, const char *text)
{
	char path[PATH_MAX], *line = NULL;
	size_t room = 0;
	bool found = false;
	FILE *f;

	path_of(d, path, name);
	f = fopen(path, "re");
	if (!f)
		return false;
	while (!found && getline(&line, &room, f) >= 0)
		found = strstr(line, text);
	free(line);
	fclose(f);
	return found;
}

static void module(struct doctor *d)
{
	char version[64] = "";

	d->loaded = there(d, "/sys/module/worknode") || mentions(d, "/proc/filesystems", WN_FS_NAME);
	if (d->loaded && contents(d, "/sys/module/worknode/version", version, sizeof(version)))
		say(d, "module", FINE, "worknode %s is loaded", NULL, version);
	else if (d->loaded)
		say(d, "module", FINE, "worknode is a part of this kernel", NULL);
	else
		say(d, "module", BAD, "worknode is not loaded", "modprobe worknode (as root)");
}

static void file(struct doctor *d)
{
	char dep[PATH_MAX], build[PATH_MAX];
	int how = d->loaded ? WARN : BAD;

	snprintf(dep, sizeof(dep), "/lib/modules/%s/modules.dep", d->kernel.release);
	snprintf(build, sizeof(build), "/lib/modules/%s/build/Makefile", d->kernel.release);
	if (mentions(d, dep, "/worknode.ko"))
		say(d, "file", FINE, "modprobe finds the module for Linux %s", NULL, d->kernel.release);
	else
		say(d, "file", how, "no module is installed for Linux %s",
		    "install worknode-dkms, or: make dkms-install", d->kernel.release);
	if (there(d, build))
		say(d, "headers", FINE, "the kernel's headers are there", NULL);
	else
		say(d, "headers", WARN, "no headers of Linux %s: DKMS cannot build for it",
		    "install the linux-headers package of this kernel", d->kernel.release);
}

/* Where only signed modules are taken. */
static void signature(struct doctor *d)
{
	char text[128] = "", taint[16] = "";
	bool enforced;

	enforced = contents(d, "/sys/module/module/parameters/sig_enforce", text, sizeof(text)) &&
		   *text == 'Y';
	if (contents(d, "/sys/kernel/security/lockdown", text, sizeof(text)) && !strstr(text, "[none]"))
		enforced = true;
	contents(d, "/sys/module/worknode/taint", taint, sizeof(taint));
	if (!enforced)
		say(d, "signature", FINE, "this kernel takes modules without a signature%s", NULL,
		    strchr(taint, 'E') ? "; ours has none" : "");
	else if (d->loaded)
		say(d, "signature", FINE, "this kernel wants signed modules, and took ours", NULL);
	else
		say(d, "signature", BAD, "this kernel takes signed modules only (Secure Boot)",
		    "enrol DKMS's key: mokutil --import /var/lib/dkms/mok.pub; see Secure Boot in the operations guide");
}

/* Who may make domains is told by the mode of a file: the mount's options gid= and mode=. */
static void control(struct doctor *d)
{
	char path[PATH_MAX], join[128];
	const struct group *group;
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", d->ctx->mount, WN_FS_CONTROL);
	if (!access(path, R_OK | W_OK)) {
		say(d, "control", FINE, "you may make domains", NULL);
		return;
	}
	if (!stat(path, &st) && st.st_gid && (st.st_mode & 0060) == 0060) {
		group = getgrgid(st.st_gid);
		if (group) {
			snprintf(join, sizeof(join),
				 "join its group: usermod -aG %s USER, and log in anew; or have root make them",
				 group->gr_name);
			say(d, "control", WARN, "you may not make domains, members of the group %s may",
			    join, group->gr_name);
			return;
		}
	}
	say(d, "control", WARN, "only the owner of %s may make domains",
	    "have root make them; or mount as dev-worknode.mount does, with gid=worknode,mode=660",
	    path);
}

static void instance(struct doctor *d)
{
	const char *mount = d->ctx->mount;
	struct statfs st;

	if (statfs(mount, &st) || (__u64)st.f_type != WN_FS_MAGIC) {
		say(d, "instance", BAD, "worknodefs is not mounted at %s",
		    "systemctl start dev-worknode.mount, or: mount -t worknodefs worknode DIR", mount);
		return;
	}
	say(d, "instance", FINE, "%s holds %llu of %llu domains, %llu of %llu MB", NULL, mount,
	    (unsigned long long)(st.f_files - st.f_ffree), (unsigned long long)st.f_files,
	    (unsigned long long)(st.f_blocks - st.f_bfree) * (unsigned long long)st.f_bsize >> 20,
	    (unsigned long long)st.f_blocks * (unsigned long long)st.f_bsize >> 20);
	if (!st.f_ffree)
		say(d, "domains", WARN, "no more domains can be made there",
		    "mount -o remount,max=N DIR, or wn domain rm");
	if (st.f_blocks && st.f_bfree * 10 < st.f_blocks)
		say(d, "memory", WARN, "more than nine tenths of the instance's memory are in use",
		    "mount -o remount,size=BYTES DIR, or wn domain rm");
	control(d);
}

static void versions(struct doctor *d)
{
	struct wn_query q;
	int err = wn_query(d->ctx->mount, &q);

	if (err == -EACCES && !access(d->ctx->mount, X_OK)) {
		say(d, "abi", WARN, "who may not make domains cannot ask which ABI the module speaks",
		    "look as root, or as a member of that group");
		return;
	}
	if (err) {
		say(d, "abi", BAD, "the engine cannot be asked: %s", "see what failed above",
		    wn_strerror(err));
		return;
	}
	if (q.layout != WN_LAYOUT_VERSION)
		say(d, "abi", BAD, "the module's pages have layout %u, this program knows %u",
		    "install module and tools of one version", q.layout, WN_LAYOUT_VERSION);
	else if (q.abi != WN_ABI_VERSION)
		say(d, "abi", WARN, "the module speaks ABI %u, this program %u: what both know works",
		    "install module and tools of one version", q.abi, WN_ABI_VERSION);
	else
		say(d, "abi", FINE, "module and tools speak ABI %u", NULL, q.abi);
}

/* Every domain can be looked into; how full each is. */
static void domains(struct doctor *d)
{
	struct wn_domain_info info;
	char **names, path[PATH_MAX];
	int n = wn_session_names(d->ctx, &names), i;

	for (i = 0; i < n; i++) {
		if (wn_session_path(d->ctx, names[i], path) || wn_domain_info(path, &info))
			continue;
		if (info.nodes >= info.bounds.nodes - info.bounds.nodes / 10)
			say(d, "bound", WARN, "%s has %u of %u nodes",
			    "remove nodes, or make the domain anew with --nodes", names[i], info.nodes,
			    info.bounds.nodes);
		if (info.clients >= info.bounds.clients - info.bounds.clients / 10)
			say(d, "bound", WARN, "%s has %u of %u clients",
			    "close some, or make the domain anew with --clients", names[i], info.clients,
			    info.bounds.clients);
	}
	if (n >= 0)
		wn_session_free(names, n);
}

static void host(struct doctor *d)
{
	const long flags = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
	struct rlimit files;
	char text[64] = "";

	if (flags > 0 && flags & MEMBARRIER_CMD_GLOBAL_EXPEDITED)
		say(d, "membarrier", FINE, "lanes need no fence for a record", NULL);
	else
		say(d, "membarrier", WARN, "membarrier is not there: lanes fence for each record",
		    "use a kernel with CONFIG_MEMBARRIER; a sandbox may forbid the call");
	if (!getrlimit(RLIMIT_NOFILE, &files) && files.rlim_cur < 256)
		say(d, "files", WARN, "this process may open %llu files; each client is one",
		    "ulimit -n, LimitNOFILE=", (unsigned long long)files.rlim_cur);
	if (!there(d, "/proc/self"))
		say(d, "proc", WARN, "/proc is not mounted: wn_reopen after fork cannot work",
		    "mount -t proc proc /proc");
	if (contents(d, "/sys/module/worknode/parameters/pollers", text, sizeof(text)))
		say(d, "pollers", FINE, "polling threads that the host may have: %s", NULL, text);
}

int cmd_doctor(struct wn_ctx *ctx, int argc, char **argv)
{
	struct doctor d = { .ctx = ctx, .root = "" };
	struct wn_opts o;
	int status;

	wn_opts_begin(&o, argc, argv);
	while (wn_opts_next(&o))
		wn_opt_string(&o, "--root", &d.root);
	status = wn_opts_end(&o, 0, 0);
	if (!status)
		status = wn_session_engine(ctx);
	if (status)
		return status;
	uname(&d.kernel);
	ctx->keep = true;
	if (ctx->json) {
		wn_json_begin(&ctx->j, "doctor");
		wn_json_array(&ctx->j, "checks");
	}
	if (!ctx->embed) {
		module(&d);
		file(&d);
		signature(&d);
		instance(&d);
	}
	versions(&d);
	if (!ctx->embed)
		domains(&d);
	host(&d);
	if (ctx->json) {
		wn_json_close(&ctx->j, ']');
		wn_json_string(&ctx->j, "worst", words[d.worst]);
		wn_json_end(&ctx->j);
	}
	return d.worst == BAD ? WN_EXIT_NO_MODULE : WN_EXIT_OK;
}
