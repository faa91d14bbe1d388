// SPDX-License-Identifier: MIT
#include "json.h"

#include <string.h>

#include "text.h"

static void string(FILE *to, const char *s, size_t len)
{
	unsigned int n;
	size_t at;

	fputc('"', to);
	for (at = 0; at < len; at += n) {
		const unsigned char c = (unsigned char)s[at];

		n = wn_text_utf8(s + at, len - at);
		if (!n) {
			fprintf(to, "\\udc%02x", c);
			n = 1;
		} else if (c == '"' || c == '\\') {
			fprintf(to, "\\%c", c);
		} else if (c < 0x20 || c == 0x7f) {
			fprintf(to, "\\u%04x", c);
		} else {
			fwrite(s + at, 1, n, to);
		}
	}
	fputc('"', to);
}

static void member(struct wn_json *j, const char *key)
{
	if (j->some)
		fputc(',', j->to);
	j->some = true;
	if (!key)
		return;
	string(j->to, key, strlen(key));
	fputc(':', j->to);
}

static void open(struct wn_json *j, const char *key, char bracket)
{
	member(j, key);
	fputc(bracket, j->to);
	j->some = false;
	j->depth++;
}

void wn_json_begin(struct wn_json *j, const char *schema)
{
	char name[64];

	j->depth = 0;
	j->some = false;
	open(j, NULL, '{');
	snprintf(name, sizeof(name), "wn.%s/1", schema);
	wn_json_string(j, "schema", name);
}

void wn_json_end(struct wn_json *j)
{
	wn_json_close(j, '}');
	fputc('\n', j->to);
}

void wn_json_object(struct wn_json *j, const char *key)
{
	open(j, key, '{');
}

void wn_json_array(struct wn_json *j, const char *key)
{
	open(j, key, '[');
}

void wn_json_close(struct wn_json *j, char bracket)
{
	fputc(bracket, j->to);
	j->some = true;
	j->depth--;
}

void wn_json_u64(struct wn_json *j, const char *key, __u64 value)
{
	member(j, key);
	fprintf(j->to, "%llu", (unsigned long long)value);
}

void wn_json_s64(struct wn_json *j, const char *key, __s64 value)
{
	member(j, key);
	fprintf(j->to, "%lld", (long long)value);
}

void wn_json_hex(struct wn_json *j, const char *key, __u64 value)
{
	member(j, key);
	fprintf(j->to, "\"0x%llx\"", (unsigned long long)value);
}

void wn_json_double(struct wn_json *j, const char *key, double value)
{
	member(j, key);
	fprintf(j->to, "%.3f", value);
}

void wn_json_bool(struct wn_json *j, const char *key, bool value)
{
	member(j, key);
	fputs(value ? "true" : "false", j->to);
}

void wn_json_null(struct wn_json *j, const char *key)
{
	member(j, key);
	fputs("null", j->to);
}

void wn_json_string(struct wn_json *j, const char *key, const char *s)
{
	wn_json_bytes(j, key, s, strlen(s));
}

void wn_json_bytes(struct wn_json *j, const char *key, const void *bytes, size_t len)
{
	member(j, key);
	string(j->to, bytes, len);
}
