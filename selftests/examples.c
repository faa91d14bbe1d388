// SPDX-License-Identifier: MIT
/* The programs of examples/, each compiled in here as a function, do what they say. */
#include "common.h"

#include <fcntl.h>
#include <unistd.h>
#include <wn.h>

#include "harness.h"

int hello_main(int argc, char **argv);
int prefork_main(int argc, char **argv);
int tasks_main(int argc, char **argv);
int batch_main(int argc, char **argv);
int taskboard_main(int argc, char **argv);

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

WT_MAIN
