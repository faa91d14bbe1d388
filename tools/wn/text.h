/* SPDX-License-Identifier: MIT */
/* Numbers, bytes and colours for people. */
#ifndef WN_TEXT_H
#define WN_TEXT_H

#include <stdbool.h>
#include <stdio.h>
#include <linux/types.h>

/*
 * Bytes that others chose, as they are where they are printable UTF-8; the rest, control
 * characters first of all, as \xNN: names must not command a terminal. How many columns.
 */
unsigned int wn_text_safe(FILE *to, const char *bytes, size_t len);

/* Length of the UTF-8 character at s, of at most left bytes; 0: it is none. */
unsigned int wn_text_utf8(const char *s, size_t left);

/* A whole number up to max: decimal, 0x.., 0..; false: it is none. */
bool wn_text_number(const char *s, __u64 max, __u64 *value);

/* The same, and it may be negative. */
bool wn_text_signed(const char *s, __s64 *value);

/* ns of "90", "1.5", "250ms", "10s", "5m", "2h"; seconds if no unit is given. */
bool wn_text_time(const char *s, __u64 *ns);

/* Permission bits, octal, 0777 at most. */
bool wn_text_mode(const char *s, unsigned int *mode);

/* Which of the words s is, or -1. The last of words is NULL. */
int wn_text_word(const char *s, const char *const *words);

/* ANSI colours, or nothing. */
#define WN_BOLD		"1"
#define WN_DIM		"2"
#define WN_RED		"31"
#define WN_GREEN	"32"
#define WN_YELLOW	"33"
#define WN_CYAN		"36"

void wn_text_colour(FILE *to, bool on, const char *colour);
void wn_text_plain(FILE *to, bool on);

#endif
