// SPDX-License-Identifier: MIT
#include "rights.h"

#include <stddef.h>
#include <string.h>

#include <wn.h>

const char *const wn_rights[] = {
	"read", "emit", "priority", "write", "create", "destroy", "grant", "revoke", "attach", "admin",
	NULL
};

bool wn_rights_of(const char *s, __u32 *mask)
{
	size_t len, i;

	*mask = 0;
	if (!strcmp(s, "all")) {
		*mask = WN_RIGHT_ALL;
		return true;
	}
	for (;; s += len + 1) {
		len = strcspn(s, ",");
		for (i = 0; wn_rights[i]; i++)
			if (strlen(wn_rights[i]) == len && !strncmp(wn_rights[i], s, len))
				break;
		if (!wn_rights[i])
			return false;
		*mask |= 1U << i;
		if (!s[len])
			return true;
	}
}
