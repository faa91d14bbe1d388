// SPDX-License-Identifier: MIT
#include "top.h"

#ifdef WN_NCURSES
#include <ncurses.h>
#include <unistd.h>

#include "session.h"
#include "stop.h"

struct screen {
	enum wn_top_key key;
	bool backwards, quit;
};

static void put(int y, int attr, const char *line)
{
	attron(attr);
	mvaddnstr(y, 0, line, COLS > 0 ? COLS : 80);
	attroff(attr);
}

static void draw(const struct wn_ctx *ctx, const struct wn_frame *f, const struct screen *s)
{
	char line[512];
	int y = 0, i, half = LINES / 2 > 4 ? LINES / 2 : 4;

	erase();
	snprintf(line, sizeof(line), "wn top  %s  domains %d  clients seen %d  sorted by %s%s  "
		 "(s: sort, r: reverse, q: quit)", ctx->mount, f->n, f->nr_clients,
		 wn_top_keys[s->key], s->backwards ? ", backwards" : "");
	put(y++, A_BOLD, line);
	wn_top_head(line, sizeof(line));
	put(y++, A_REVERSE, line);
	for (i = 0; i < f->n && y < half; i++) {
		wn_top_line(&f->rows[i], line, sizeof(line));
		put(y++, f->rows[i].refused > 0 ? A_BOLD : A_NORMAL, line);
	}
	y++;
	wn_top_client_head(line, sizeof(line));
	put(y++, A_REVERSE, line);
	for (i = 0; i < f->nr_clients && y < LINES; i++) {
		wn_top_client_line(&f->clients[i], line, sizeof(line));
		put(y++, A_NORMAL, line);
	}
	refresh();
}

/* Keys until the next frame is due. */
static void keys(struct screen *s, struct wn_frame *f, const struct wn_ctx *ctx, __u64 until)
{
	__u64 now;
	int c;

	while (!s->quit && !wn_stopped() && (now = wn_deadline(0)) < until) {
		timeout((until - now) / 1000000 < 200 ? (int)((until - now) / 1000000) + 1 : 200);
		c = getch();
		if (c == ERR)
			continue;
		if (c == 'q' || c == 'Q' || c == 27)
			s->quit = true;
		else if (c == 's')
			s->key = s->key == WN_TOP_NAME ? WN_TOP_OPS : s->key + 1;
		else if (c == 'r')
			s->backwards = !s->backwards;
		wn_frame_sort(f, s->key, s->backwards);
		draw(ctx, f, s);
	}
}

int wn_top_screen(struct wn_ctx *ctx, const char *root, __u64 interval, enum wn_top_key key,
		  __u64 frames)
{
	struct screen s = { .key = key };
	struct wn_frame f = {}, before = {};
	SCREEN *term;
	int err = 0;

	term = newterm(NULL, stdout, stdin);
	if (!term)
		return wn_fail_text(WN_EXIT_FAILED, "cannot draw", "the terminal",
				    "TERM names none that is known here; wn top --frames 1 needs none");
	set_term(term);
	cbreak();
	noecho();
	curs_set(0);
	wn_stop_begin();
	while (!s.quit && !wn_stopped() && frames--) {
		err = wn_frame_take(ctx, root, before.rows ? &before : NULL, &f);
		if (err)
			break;
		wn_frame_sort(&f, s.key, s.backwards);
		draw(ctx, &f, &s);
		keys(&s, &f, ctx, wn_deadline(interval));
		wn_frame_free(&before);
		before = f;
	}
	wn_stop_end();
	endwin();
	delscreen(term);
	wn_frame_free(&before);
	return err ? wn_fail("cannot look at the domains", ctx->mount, err) : WN_EXIT_OK;
}

#else

int wn_top_screen(struct wn_ctx *ctx, const char *root, __u64 interval, enum wn_top_key key,
		  __u64 frames)
{
	return wn_fail_text(WN_EXIT_FAILED, "cannot draw", "top",
			    "wn was built without ncurses; wn top --frames N needs none");
}

#endif
