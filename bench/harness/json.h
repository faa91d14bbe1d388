/* SPDX-License-Identifier: MIT */
/* JSON, written as it comes: commas and quotes are its business, nesting the caller's. */
#ifndef BENCH_JSON_H
#define BENCH_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
	FILE *to;		/* NULL: nothing is written */
	int deep;
	int filled;		/* a bit each level: something stands there */
};

/* key: NULL in arrays and at the top. */
void json_open(struct json *j, const char *key, char kind);	/* '{' or '[' */
void json_close(struct json *j, char kind);			/* '}' or ']' */
void json_text(struct json *j, const char *key, const char *value);
void json_real(struct json *j, const char *key, double value);
void json_count(struct json *j, const char *key, uint64_t value);
void json_flag(struct json *j, const char *key, bool value);

#endif
