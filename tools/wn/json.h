/* SPDX-License-Identifier: MIT */
/*
 * Writing JSON, a value after the other; commas come by themselves. key is NULL
 * within arrays.
 *
 * Strings: names and values are bytes. What is no UTF-8 becomes \udcNN, byte NN, as
 * Python's "surrogateescape" has it: nothing is lost. Handles and masks are strings
 * "0x..", numbers that count are numbers, of up to 64 bits.
 */
#ifndef WN_JSON_H
#define WN_JSON_H

#include <stdbool.h>
#include <stdio.h>
#include <linux/types.h>

struct wn_json {
	FILE *to;
	unsigned int depth;
	bool some;		/* the innermost has a member already */
};

/* A document, which is an object that says what it is: "schema": "wn.NAME/1". */
void wn_json_begin(struct wn_json *j, const char *schema);
void wn_json_end(struct wn_json *j);

void wn_json_object(struct wn_json *j, const char *key);
void wn_json_array(struct wn_json *j, const char *key);
void wn_json_close(struct wn_json *j, char bracket);	/* '}' or ']' */

void wn_json_u64(struct wn_json *j, const char *key, __u64 value);
void wn_json_s64(struct wn_json *j, const char *key, __s64 value);
void wn_json_hex(struct wn_json *j, const char *key, __u64 value);
void wn_json_double(struct wn_json *j, const char *key, double value);
void wn_json_bool(struct wn_json *j, const char *key, bool value);
void wn_json_null(struct wn_json *j, const char *key);
void wn_json_string(struct wn_json *j, const char *key, const char *s);
void wn_json_bytes(struct wn_json *j, const char *key, const void *bytes, size_t len);

#endif
