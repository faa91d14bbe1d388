// SPDX-License-Identifier: MIT
#include "text.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

unsigned int wn_text_utf8(const char *s, size_t left)
{
	const unsigned char *c = (const unsigned char *)s;
	static const __u32 least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned int n, i;
	__u32 code;

	if (!left)
		return 0;
	if (c[0] < 0x80)
		return 1;
	n = c[0] >= 0xf0 && c[0] < 0xf8 ? 4 : c[0] >= 0xe0 && c[0] < 0xf0 ? 3 :
	    c[0] >= 0xc2 && c[0] < 0xe0 ? 2 : 0;
	if (!n || n > left)
		return 0;
	code = c[0] & (0xff >> (n + 1));
	for (i = 1; i < n; i++) {
		if ((c[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (c[i] & 0x3f);
	}
	if (code < least[n] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	return n;
}

/* Controls of C1 (U+0080 to U+009F) are commands, too; so is what turns the text's direction. */
static bool is_command(const char *s, unsigned int n)
{
	const unsigned char *c = (const unsigned char *)s;

	if (n == 1)
		return c[0] < 0x20 || c[0] == 0x7f;
	if (n == 2)
		return c[0] == 0xc2 && c[1] < 0xa0;
	if (n == 3 && c[0] == 0xe2 && c[1] == 0x80)
		return c[2] >= 0xa8 && c[2] <= 0xae;
	return n == 3 && c[0] == 0xe2 && c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9;
}

unsigned int wn_text_safe(FILE *to, const char *bytes, size_t len)
{
	unsigned int columns = 0, n, i;
	size_t at = 0;

	while (at < len) {
		n = wn_text_utf8(bytes + at, len - at);
		if (n && !is_command(bytes + at, n)) {
			fwrite(bytes + at, 1, n, to);
			columns++;
			at += n;
			continue;
		}
		for (i = 0; i < (n ? n : 1); i++)
			columns += (unsigned int)fprintf(to, "\\x%02x", (unsigned char)bytes[at++]);
	}
	return columns;
}

bool wn_text_number(const char *s, __u64 max, __u64 *value)
{
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	*value = strtoull(s, &end, 0);
	return !*end && !errno && *value <= max;
}

bool wn_text_signed(const char *s, __s64 *value)
{
	const bool minus = *s == '-';
	__u64 n;

	if (!wn_text_number(s + minus, minus ? 1ULL << 63 : LLONG_MAX, &n))
		return false;
	*value = (__s64)(minus ? 0 - n : n);
	return true;
}

bool wn_text_time(const char *s, __u64 *ns)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = {
		{ "", 1e9 }, { "s", 1e9 }, { "ms", 1e6 }, { "us", 1e3 }, { "ns", 1 },
		{ "m", 60e9 }, { "h", 3600e9 },
	};
	double value;
	char *end;
	size_t i;

	if (*s < '0' || *s > '9')
		return false;
	value = strtod(s, &end);
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].name))
			continue;
		value *= units[i].ns;
		/* Some 30 years: an absolute deadline never overflows. */
		if (!(value >= 0 && value < 1e18))
			return false;
		*ns = (__u64)value;
		return true;
	}
	return false;
}

bool wn_text_mode(const char *s, unsigned int *mode)
{
	unsigned int v = 0;

	if (!*s || strlen(s) > 4 || strspn(s, "01234567") != strlen(s))
		return false;
	for (; *s; s++)
		v = v * 8 + (unsigned int)(*s - '0');
	*mode = v;
	return v <= 0777;
}

int wn_text_word(const char *s, const char *const *words)
{
	int i;

	for (i = 0; words[i]; i++)
		if (!strcmp(s, words[i]))
			return i;
	return -1;
}

void wn_text_colour(FILE *to, bool on, const char *colour)
{
	if (on)
		fprintf(to, "\033[%sm", colour);
}

void wn_text_plain(FILE *to, bool on)
{
	if (on)
		fputs("\033[0m", to);
}
