// SPDX-License-Identifier: MIT
/* The programs of examples/, each compiled in here as a function, do what they say. */
#include "common.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <wn.h>

#include "harness.h"
#include "storm.h"

int hello_main(int argc, char **argv);
int prefork_main(int argc, char **argv);
int tasks_main(int argc, char **argv);
int batch_main(int argc, char **argv);
int taskboard_main(int argc, char **argv);
int broadcast_main(int argc, char **argv);

FIXTURE(examples)
{
	struct wt_mount m;
	const char *path;
};

FIXTURE_SETUP(examples)
{
	int null = open("/dev/null", O_RDONLY);

	/* hello keeps its client until its input ends. */
	ASSERT_GE(null, 0);
	ASSERT_EQ(STDIN_FILENO, dup2(null, STDIN_FILENO));
	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	self->path = wt_path(&self->m, "d");
	ASSERT_EQ(0, wn_domain_create(self->path, 0600, NULL));
}

FIXTURE_TEARDOWN(examples)
{
	wt_umount(&self->m);
}

typedef int main_fn(int argc, char **argv);

/* As from a shell: EXAMPLE PATH A B, as far as these are given. */
static int run(main_fn *example, const char *path, const char *a, const char *b)
{
	const char *args[] = { "example", path, a, b, NULL };
	int n = 1;

	while (args[n])
		n++;
	return example(n, (char **)args);
}

TEST_F(examples, hello)
{
	EXPECT_EQ(0, run(hello_main, self->path, "1000", NULL));
	EXPECT_EQ(1, run(hello_main, wt_path(&self->m, "none"), NULL, NULL));
	EXPECT_EQ(2, run(hello_main, NULL, NULL, NULL));
}

TEST_F(examples, prefork)
{
	if (wt_is_embedded())
		SKIP(return, "an engine in this process has no children");
	EXPECT_EQ(0, run(prefork_main, self->path, "8", "200"));
}

TEST_F(examples, tasks)
{
	EXPECT_EQ(0, run(tasks_main, self->path, "50", NULL));
	/* They are there already. */
	EXPECT_EQ(1, run(tasks_main, self->path, "50", NULL));
}

TEST_F(examples, batch)
{
	EXPECT_EQ(0, run(batch_main, self->path, "5000", NULL));
	EXPECT_EQ(1, run(batch_main, self->path, "5000", NULL));
}

TEST_F(examples, taskboard)
{
	if (wt_is_embedded())
		SKIP(return, "an engine in this process has no children");
	EXPECT_EQ(0, run(taskboard_main, wt_path(&self->m, "board"), "1000", "4000"));
	EXPECT_EQ(1, run(taskboard_main, wt_path(&self->m, "board"), "1000", "4000"));
	EXPECT_EQ(2, run(taskboard_main, wt_path(&self->m, "board"), "1", "4000"));
}

/* ------------------------------------------------------ all of a story in one process */

struct part {
	const char *path, *what;
	pthread_t thread;
	int res;
};

static void *play(void *arg)
{
	struct part *p = arg;

	p->res = run(broadcast_main, p->path, p->what, NULL);
	return NULL;
}

static int begin(struct part *p, const char *path, const char *what)
{
	p->path = path;
	p->what = what;
	p->res = -1;
	return pthread_create(&p->thread, NULL, play, p);
}

/* How often this was printed. */
static unsigned int printed(int out, const char *what)
{
	static char text[1 << 16];
	ssize_t n = pread(out, text, sizeof(text) - 1, 0);
	unsigned int times = 0;
	const char *at = text;

	text[n < 0 ? 0 : n] = 0;
	for (; (at = strstr(at, what)); at++)
		times++;
	return times;
}

#define SAY(text)	EXPECT_EQ(strlen(text), write(in[1], text, strlen(text)))

TEST_F(examples, broadcast)
{
	struct part says, early, late, noise;
	int in[2], out, before;
	FILE *file = tmpfile();

#ifdef __SANITIZE_THREAD__
	SKIP(return, "pages are not read-only there");
#endif
	ASSERT_NE(NULL, file);
	out = fileno(file);
	ASSERT_EQ(0, pipe(in));
	fflush(stdout);
	before = dup(STDOUT_FILENO);
	ASSERT_LE(0, before);
	ASSERT_EQ(STDIN_FILENO, dup2(in[0], STDIN_FILENO));
	ASSERT_EQ(STDOUT_FILENO, dup2(out, STDOUT_FILENO));
	/* They print in turn: each is waited for. */
	EXPECT_EQ(0, begin(&says, self->path, "say"));
	SAY("first\nsecond\n");
	EXPECT_EQ(0, begin(&early, self->path, "hear"));
	EXPECT_TRUE(WS_EVENTUALLY(printed(out, "first\nsecond\n") == 1));
	EXPECT_EQ(0, begin(&noise, self->path, "scribble"));
	EXPECT_TRUE(WS_EVENTUALLY(printed(out, " windows written to\n") == 1));
	EXPECT_EQ(0, begin(&late, self->path, "hear"));
	EXPECT_TRUE(WS_EVENTUALLY(printed(out, "first\nsecond\n") == 2));
	SAY("last\n");
	close(in[1]);
	close(STDIN_FILENO);
	pthread_join(says.thread, NULL);
	pthread_join(early.thread, NULL);
	pthread_join(late.thread, NULL);
	pthread_join(noise.thread, NULL);
	fflush(stdout);
	dup2(before, STDOUT_FILENO);
	EXPECT_EQ(0, says.res | early.res | late.res | noise.res);
	EXPECT_EQ(2, printed(out, "3 lines heard, 0 lost\n"));
	EXPECT_EQ(1, printed(out, "3 lines said\n"));
	/* Its ring, entries, slots, arena and seat; of all others nothing. */
	EXPECT_EQ(1, printed(out, "5 of 12 windows written to\n"));
	fclose(file);
}

WT_MAIN
