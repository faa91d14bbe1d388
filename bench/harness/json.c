// SPDX-License-Identifier: MIT
#include "json.h"

#include <math.h>

static void quoted(struct json *j, const char *s)
{
	fputc('"', j->to);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			fputc('\\', j->to);
		if ((unsigned char)*s < ' ')
			fprintf(j->to, "\\u%04x", (unsigned int)(unsigned char)*s);
		else
			fputc(*s, j->to);
	}
	fputc('"', j->to);
}

static void begin(struct json *j, const char *key)
{
	if (j->deep) {
		fputs(j->filled & 1 << j->deep ? ",\n" : "\n", j->to);
		for (int i = 0; i < j->deep; i++)
			fputc(' ', j->to);
	}
	j->filled |= 1 << j->deep;
	if (key) {
		quoted(j, key);
		fputs(": ", j->to);
	}
}

void json_open(struct json *j, const char *key, char kind)
{
	if (!j->to)
		return;
	begin(j, key);
	fputc(kind, j->to);
	j->deep++;
	j->filled &= ~(1 << j->deep);
}

void json_close(struct json *j, char kind)
{
	if (!j->to)
		return;
	j->deep--;
	fputc(kind, j->to);
	if (!j->deep)
		fputc('\n', j->to);
}

void json_text(struct json *j, const char *key, const char *value)
{
	if (!j->to)
		return;
	begin(j, key);
	quoted(j, value);
}

void json_real(struct json *j, const char *key, double value)
{
	if (!j->to)
		return;
	begin(j, key);
	if (isfinite(value))
		fprintf(j->to, "%.6g", value);
	else
		fputs("null", j->to);
}

void json_flag(struct json *j, const char *key, bool value)
{
	if (!j->to)
		return;
	begin(j, key);
	fputs(value ? "true" : "false", j->to);
}

void json_count(struct json *j, const char *key, uint64_t value)
{
	if (!j->to)
		return;
	begin(j, key);
	fprintf(j->to, "%llu", (unsigned long long)value);
}
