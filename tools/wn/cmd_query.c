// SPDX-License-Identifier: MIT
#include "cmd.h"

#include <stdio.h>

#include <wn.h>

static void print_ops(const struct wn_query *q, const char *between)
{
	const char *sep = "";
	int i;

	for (i = 0; i <= WN_OP_MAX; i++) {
		if (!(q->ops[i / 64] & 1ULL << i % 64))
			continue;
		printf("%s%d", sep, i);
		sep = between;
	}
}

int cmd_query(const struct wn_options *opt, int argc, char **argv)
{
	struct wn_query q;
	int err;

	if (argc > 1)
		return wn_usage(argv[0], "", "query takes no arguments");
	err = wn_query(opt->mount, &q);
	if (err)
		return wn_fail("cannot ask the module", opt->mount, err);
	if (opt->json) {
		printf("{\"version\":\"%.16s\",\"abi\":%u,\"layout\":%u,\"page_size\":%u,",
		       (const char *)q.version, q.abi, q.layout, q.page_size);
		printf("\"features\":%llu,\"ops\":[", (unsigned long long)q.features);
		print_ops(&q, ",");
		printf("]}\n");
		return WN_EXIT_OK;
	}
	printf("version   %.16s\n", (const char *)q.version);
	printf("abi       %u (layout %u)\n", q.abi, q.layout);
	printf("pages     %u bytes\n", q.page_size);
	printf("features  %#llx\n", (unsigned long long)q.features);
	printf("ops       ");
	print_ops(&q, " ");
	printf("\n");
	return WN_EXIT_OK;
}
