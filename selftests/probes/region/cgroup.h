/* SPDX-License-Identifier: MIT */
/* Memory cgroups of our own below one parent "p", in a mount of our own. */
#ifndef WN_PROBE_CGROUP_H
#define WN_PROBE_CGROUP_H

#include <stdbool.h>

bool cgroup_setup(void);
void cgroup_teardown(void);

void cgroup_new(const char *group);	/* "p/NAME" */
void cgroup_remove(const char *group);
bool cgroup_enter(const char *group);	/* the calling process */

const char *cgroup_file(const char *group, const char *file);
long cgroup_kb(const char *group);	/* memory.current */

#endif
