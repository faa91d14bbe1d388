// SPDX-License-Identifier: MIT
/* The dumps in debugfs: what they tell, who may read them, and that they go with the domain. */
#include "common.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <wn.h>

#include "harness.h"
#include "storm.h"

#define TOP	"/sys/kernel/debug/worknode"
#define TEXT	(1U << 20)
#define IS_ERROR(res)	WN_RES_IS_ERROR(res)

static const char * const files[] = {
	"domain", "stats", "memory", "clients", "lanes", "tree", "caps", "subs", "queues",
	"promises",
};

#define FILES	ARRAY_SIZE(files)

FIXTURE(debugfs)
{
	struct wt_mount m;
	struct wn wn;
	char dir[64];		/* of the mount's dumps */
	char *text;
};

/* DOMAIN/FILE, of this mount or at the top. */
static const char *dump(const char *dir, const char *domain, const char *file)
{
	static __thread char path[320];

	snprintf(path, sizeof(path), "%s/%s%s%s", dir, domain, *file ? "/" : "", file);
	return path;
}

FIXTURE_SETUP(debugfs)
{
	struct stat st;

	if (access(TOP, F_OK))
		wt_skip_all("debugfs is not mounted on /sys/kernel/debug");
	self->text = malloc(TEXT);
	ASSERT_NE(NULL, self->text);
	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	ASSERT_EQ(0, stat(self->m.dir, &st));
	snprintf(self->dir, sizeof(self->dir), TOP "/%u:%u", major(st.st_dev), minor(st.st_dev));
	ASSERT_EQ(0, wt_create(&self->m, "d"));
	ASSERT_EQ(0, wn_open(&self->wn, wt_path(&self->m, "d"), NULL));
}

FIXTURE_TEARDOWN(debugfs)
{
	wn_close(&self->wn);
	wt_umount(&self->m);
	free(self->text);
}

static const char *show(FIXTURE_DATA(debugfs) *self, const char *file)
{
	self->text[0] = 0;
	wt_read_file(dump(self->dir, "d", file), self->text, TEXT);
	return self->text;
}

/* Whether a file says so, in any of its lines. */
#define SAYS(file, ...) ({							\
		char want_[256];						\
										\
		snprintf(want_, sizeof(want_), __VA_ARGS__);			\
		strstr(show(self, file), want_) != NULL;			\
	})

TEST_F(debugfs, what_a_domain_holds)
{
	struct wn *wn = &self->wn, other;
	const struct wn_queue queue = { .lease = 1000000000, .credit = 1 };
	struct wn_lane p, c;
	__u64 node, work;

	ASSERT_EQ(0, wn_open(&other, wt_path(&self->m, "d"), NULL));
	node = (__u64)wn_create(wn, 0, "a\n\tb");
	work = (__u64)wn_create(wn, node, "work");
	ASSERT_FALSE(IS_ERROR(node) || IS_ERROR(work));
	ASSERT_EQ(0, wn_bind(wn, node, WN_POLICY_FAIL));
	ASSERT_EQ(0, wn_bind_queue(wn, work, &queue));
	ASSERT_FALSE(IS_ERROR(wn_subscribe(wn, node, WN_SUB_TREE, 0)));
	ASSERT_FALSE(IS_ERROR(wn_timer(wn, node, 0, wn_deadline(3600000000000ULL), 0, 0)));
	ASSERT_EQ(0, wn_lane_connect(&other, &p, node, 0, 4096));

	EXPECT_TRUE(SAYS("domain", "clients=2/64 nodes=3/8192 lanes=1/"));
	EXPECT_TRUE(SAYS("stats", "clients=2\n"));
	EXPECT_TRUE(SAYS("stats", "worst opcode=%d steps=", WN_OP_NODE_CREATE));
	EXPECT_TRUE(SAYS("memory", "nodes used=3 of=8192"));
	EXPECT_TRUE(SAYS("clients", "client=%u state=enabled pid=%d ", wn->client, getpid()));
	EXPECT_TRUE(SAYS("clients", "client=%u state=enabled", other.client));
	EXPECT_TRUE(SAYS("tree", "node=%#llx parent=%#llx children=0 ", (unsigned long long)work,
			 (unsigned long long)node));
	EXPECT_TRUE(SAYS("tree", " reader=%u name=a\\n\\tb\n", wn->client));
	EXPECT_TRUE(SAYS("tree", " queue=0 name=work"));
	EXPECT_TRUE(SAYS("caps", "client=%u cap=0 state=live rights=", wn->client));
	EXPECT_TRUE(SAYS("subs", "sub=0 client=%u cap=0 node=%#llx", wn->client,
			 (unsigned long long)node));
	EXPECT_TRUE(SAYS("queues", "queue=0 node=%#llx", (unsigned long long)work));
	EXPECT_TRUE(SAYS("promises", "kind=timer client=%u", wn->client));
	EXPECT_TRUE(SAYS("lanes", "lane=0 producer=%u consumer=%u node=%#llx bytes=4096 fill=0 pending",
			 other.client, wn->client, (unsigned long long)node));
	ASSERT_NE(NULL, wn_lane_reserve(&p, 24));
	ASSERT_EQ(0, wn_lane_commit(&p));
	ASSERT_EQ(0, wn_lane_accept(wn, &c, NULL, 1));
	EXPECT_TRUE(SAYS("lanes", "bytes=4096 fill=32 accepted"));
	/* Nonsense there harms nobody. */
	((volatile struct wn_lane_side *)p.maps[1])->pos = 0xfffffffffffffff8ULL;
	EXPECT_TRUE(SAYS("lanes", "bytes=4096 fill=4096 accepted"));
	wn_lane_close(&p);
	EXPECT_TRUE(SAYS("lanes", "accepted producer-gone"));
	wn_lane_close(&c);
	EXPECT_STREQ("", show(self, "lanes"));
	wn_close(&other);
}

/* A tree that is longer than any buffer comes whole. */
TEST_F(debugfs, many)
{
	const char *at;
	char name[16];
	int i, lines = 0;

	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "%d", i);
		ASSERT_FALSE(IS_ERROR(wn_create(&self->wn, 0, name)));
	}
	for (at = show(self, "tree"); (at = strstr(at, "node=")); at++)
		lines++;
	EXPECT_EQ(1001, lines);
	EXPECT_TRUE(strstr(self->text, " name=999") != NULL);
}

static int read_as_other(void *path)
{
	char byte[2];

	return wt_read_file(path, byte, sizeof(byte));
}

TEST_F(debugfs, for_root_alone)
{
	struct stat st;
	size_t i;

	for (i = 0; i < FILES; i++) {
		ASSERT_EQ(0, stat(dump(self->dir, "d", files[i]), &st));
		EXPECT_EQ(S_IFREG | 0400, st.st_mode);
	}
	EXPECT_EQ(-EACCES, wt_in_child(WT_ID, read_as_other, (void *)dump(self->dir, "d", "caps")));
}

/* With its name the domain loses its place there; what is open then reads nothing. */
TEST_F(debugfs, lives_as_the_domain_does)
{
	char id[24], byte;
	int fd, old;

	snprintf(id, sizeof(id), "%llu", (unsigned long long)wt_info(self->wn.fd).id);
	old = wt_open(dump(self->dir, "d", "tree"), O_RDONLY);
	ASSERT_LE(0, old);
	EXPECT_EQ(1, read(old, &byte, 1));
	EXPECT_NE(0, access(dump(TOP "/deleted", id, ""), F_OK));
	ASSERT_EQ(0, unlink(wt_path(&self->m, "d")));
	EXPECT_NE(0, access(dump(self->dir, "d", ""), F_OK));
	EXPECT_EQ(-1, read(old, &byte, 1));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(0, access(dump(TOP "/deleted", id, "clients"), R_OK));
	/* Another one may have the name. */
	ASSERT_EQ(0, wt_create(&self->m, "d"));
	EXPECT_FALSE(SAYS("clients", "client="));
	fd = wt_open(dump(TOP "/deleted", id, "clients"), O_RDONLY);
	ASSERT_LE(0, fd);
	EXPECT_EQ(1, read(fd, &byte, 1));
	wn_close(&self->wn);
	EXPECT_EQ(-1, read(fd, &byte, 1));
	EXPECT_EQ(-1, pread(fd, &byte, 1, 100));
	EXPECT_NE(0, access(dump(TOP "/deleted", id, ""), F_OK));
	close(fd);
	close(old);
	ASSERT_EQ(0, wn_open(&self->wn, wt_path(&self->m, "d"), NULL));
}

struct onlooker {
	const char *dir;
	unsigned int seed;
	bool stop;
	unsigned long bytes;
};

static void *look_on(void *arg)
{
	struct onlooker *o = arg;
	char text[4096];
	ssize_t n;
	int fd;

	while (!__atomic_load_n(&o->stop, __ATOMIC_RELAXED)) {
		fd = wt_open(dump(o->dir, "storm", files[rand_r(&o->seed) % FILES]), O_RDONLY);
		while (fd >= 0 && (n = read(fd, text, sizeof(text))) > 0)
			o->bytes += n;
		if (fd >= 0)
			close(fd);
	}
	return NULL;
}

/* Domains, clients, nodes come and go while all is read. */
TEST_F(debugfs, onlookers)
{
	const uint32_t rounds = ws_rounds(2000, 200, 40);
	struct onlooker o[3];
	pthread_t thread[3];
	struct wn wn;
	uint32_t i;

	for (i = 0; i < 3; i++) {
		o[i] = (struct onlooker){ .dir = self->dir, .seed = i };
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, look_on, &o[i]));
	}
	for (i = 0; i < rounds; i++) {
		ASSERT_EQ(0, wt_create(&self->m, "storm"));
		ASSERT_EQ(0, wn_open(&wn, wt_path(&self->m, "storm"), NULL));
		ASSERT_FALSE(IS_ERROR(wn_create(&wn, 0, "x")));
		if (i % 2)
			ASSERT_EQ(0, unlink(wt_path(&self->m, "storm")));
		wn_close(&wn);
		if (i % 2 == 0)
			ASSERT_EQ(0, unlink(wt_path(&self->m, "storm")));
		if (i % 8 == 0)
			usleep(2000);
	}
	for (i = 0; i < 3; i++) {
		__atomic_store_n(&o[i].stop, true, __ATOMIC_RELAXED);
		pthread_join(thread[i], NULL);
		EXPECT_LT(0, o[i].bytes);
	}
	EXPECT_EQ(0, access(dump(self->dir, "d", ""), F_OK));
	EXPECT_NE(0, access(dump(self->dir, "storm", ""), F_OK));
}

WT_MAIN
