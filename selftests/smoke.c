// SPDX-License-Identifier: MIT
/* The smallest whole path: mount, create, two processes, one op each, remove. */
#include "common.h"

#include <fcntl.h>
#include <unistd.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "harness.h"

static int one_op(void *path)
{
	struct wt_client c;
	long res = wt_client_open(&c, path, 0, 0);

	if (res)
		return res;
	res = wt_nop(&c, 0xfeedULL << 32);
	wt_client_close(&c);
	return res;
}

TEST(path)
{
	struct wt_client here;
	struct wt_mount m;
	struct stat st;
	const char *d;

	ASSERT_EQ(0, wt_mount(&m, NULL));
	ASSERT_EQ(0, wt_create(&m, "demo"));
	d = wt_path(&m, "demo");
	ASSERT_EQ(0, stat(d, &st));
	EXPECT_GT(st.st_size, 0);

	/* One client lives here while another process comes and goes. */
	ASSERT_EQ(0, wt_client_open(&here, d, 0, 0));
	EXPECT_EQ(0, wt_in_child(0, one_op, (void *)d));
	EXPECT_EQ(0, wt_nop(&here, 42));
	EXPECT_EQ(1, wt_info(here.fd).clients);

	EXPECT_EQ(0, unlink(d));
	EXPECT_EQ(0, wt_nop(&here, 43));	/* a file lives until its last close */
	wt_client_close(&here);
	EXPECT_EQ(0, wt_used(&m));
	close(m.control);
	EXPECT_EQ(0, umount2(m.dir, 0));
	rmdir(m.dir);
}

WT_MAIN
