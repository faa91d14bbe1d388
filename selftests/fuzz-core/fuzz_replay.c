// SPDX-License-Identifier: MIT
/*
 * A journal from anybody: each record is done or refused, whatever was done before, and no
 * invariant breaks. What was done is written down again meanwhile, and that is a good
 * journal: replayed in a fresh core it leads to the same digest.
 *
 * An input is the bytes of records, each run of zeroes as one and how many more there are.
 * Numbers and lengths are made to fit, so that a record that changed is looked at, too.
 *
 *	WN_FUZZ_SEEDS=DIR fuzz_replay	write journals of random histories to begin with
 */
#include "fuzz.h"

#include "kmod/core/bounds.h"
#include "kmod/core/journal.h"
#include "kmod/core/replay.h"
#include "selftests/unit/anything.h"

#define RECORDS	16384		/* bytes of an input, unpacked */
#define WRITTEN	(1u << 20)

static u8 records[RECORDS] __attribute__((aligned(8)));
static u8 written[WRITTEN] __attribute__((aligned(8)));

int LLVMFuzzerInitialize(int *argc, char ***argv);

static u32 unpack(const u8 *data, size_t len)
{
	u32 at = 0, zeroes;
	size_t i;

	for (i = 0; i < len && at < RECORDS; i++) {
		records[at++] = data[i];
		if (data[i] || ++i == len)
			continue;
		for (zeroes = data[i]; zeroes && at < RECORDS; zeroes--)
			records[at++] = 0;
	}
	return at & ~7u;
}

static void begin(struct world *w, struct wn_replay *replay)
{
	const struct wn_core_ident ident = any_ident(1);
	const struct wn_bounds bounds = any_bounds();

	world_make(w, &bounds, &ident);
	wn_replay_begin(w->core, replay, w->out, WORLD_OUT_BYTES);
}

static s64 next(struct world *w, const u8 *bytes, u32 len)
{
	s64 res;

	do
		res = wn_replay_next(w->core, bytes, len);
	while (res == -EAGAIN);
	return res;
}

/* Record after record; what is refused is stepped over. */
static void replay_all(struct world *w, struct wn_replay *replay, u32 len)
{
	u32 at = 0, bytes;

	while (len - at >= WN_INPUT_HEAD) {
		bytes = wn_get_le32(records + at) & ~7u;
		if (bytes < WN_INPUT_HEAD || bytes > len - at)
			bytes = len - at;
		wn_put_le32(records + at, bytes);
		wn_put_le64(records + at + WN_INPUT_AT_NUMBER, replay->inputs);
		if (next(w, records + at, len - at) == 0)
			fuzz_die("a whole record is not there");
		at += bytes;
	}
}

static void digest_of(struct world *w, u8 digest[WN_BLAKE2S_BYTES])
{
	u32 budget = ~0u;

	FUZZ_CHECK(wn_digest_slice(w->core, &budget));
	wn_digest_state(w->core, digest);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	const struct wn_core_ident ident = any_ident(1);
	u8 first[WN_BLAKE2S_BYTES], second[WN_BLAKE2S_BYTES];
	struct wn_replay replay, copy;
	struct wn_core_ident read;
	struct wn_journal journal;
	struct wn_bounds bounds;
	struct world w, other;
	u32 at, bytes = unpack(data, len);

	if (!wn_replay_read_begin(records, bytes, &bounds, &read))
		FUZZ_CHECK(!wn_bounds_check(&bounds) && read.replica < bounds.replicas);
	begin(&w, &replay);
	wn_journal_begin(w.core, &journal, written, WRITTEN, &ident);
	replay_all(&w, &replay, bytes);
	FUZZ_CHECK(!journal.broken);
	digest_of(&w, first);

	begin(&other, &copy);
	for (at = 0; at < journal.used; at += bytes) {
		bytes = wn_get_le32(written + at);
		FUZZ_CHECK(next(&other, written + at, journal.used - at) == bytes);
	}
	digest_of(&other, second);
	FUZZ_CHECK(!memcmp(first, second, sizeof(first)));
	wn_replay_end(w.core);
	for (at = 0; at < 64 && wn_work_slice(w.core, &w.now); at++)
		;
	FUZZ_CHECK(at < 64);
	world_deinit(&other);
	world_deinit(&w);
	return 0;
}

/* ------------------------------------------------------------ beginnings */

static void write_seed(const char *dir, u32 which)
{
	static struct anything a;
	const struct wn_core_ident ident = any_ident(1);
	const struct wn_bounds all = any_bounds();
	struct wn_journal journal;
	char path[4096];
	u32 at, zeroes, i;
	FILE *file;

	world_make(&a.w, &all, &ident);
	wn_journal_begin(a.w.core, &journal, written, WRITTEN, &ident);
	any_begin(&a, which);
	for (i = 0; i < 4 + which % 60; i++)
		any_step(&a);
	snprintf(path, sizeof(path), "%s/%u", dir, which);
	file = fopen(path, "w");
	if (!file)
		fuzz_die(path);
	for (at = 0; at < journal.used; at += 1 + zeroes) {
		for (zeroes = 0; !written[at] && zeroes < 255 && at + 1 + zeroes < journal.used &&
		     !written[at + 1 + zeroes]; zeroes++)
			;
		fputc(written[at], file);
		if (!written[at])
			fputc((int)zeroes, file);
	}
	fclose(file);
	world_deinit(&a.w);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *dir = getenv("WN_FUZZ_SEEDS");
	u32 i;

	(void)argc;
	(void)argv;
	if (!dir)
		return 0;
	for (i = 0; i < 300; i++)
		write_seed(dir, i);
	exit(0);
}
