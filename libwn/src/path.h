/* SPDX-License-Identifier: MIT */
/* Paths of instances and domains. */
#ifndef WN_PATH_H
#define WN_PATH_H

#include <fcntl.h>

#define WN_PATH_BYTES	4096

/* The control file of an instance: 0 or -ENAMETOOLONG. */
int wn_path_control(char path[WN_PATH_BYTES], const char *mount);

/*
 * A domain's path is its instance and its name; a name alone lies in
 * /dev/worknode. *name points into path. 0, -EINVAL (no name), -ENAMETOOLONG.
 */
int wn_path_split(const char *path, char mount[WN_PATH_BYTES], const char **name);

/*
 * A domain's path for system calls: a name alone lies in /dev/worknode, never in
 * the current folder. 0, -EINVAL (no name), -ENAMETOOLONG.
 */
int wn_path_domain(char full[WN_PATH_BYTES], const char *path);

#endif
