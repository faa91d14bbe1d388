// SPDX-License-Identifier: MIT
/* Erlang: one process of the VM sends 64 bytes to another; the VM begins anew each run. */
#include <stdio.h>
#include <stdlib.h>

#include "peers.h"

static const char program[] =
	"Sink = fun S(0, To) -> To ! done; S(N, To) -> receive _ -> S(N - 1, To) end end, "
	"Send = fun S(_, _, 0) -> ok; S(P, M, N) -> P ! M, S(P, M, N - 1) end, "
	"N = %u, Me = self(), M = list_to_binary(lists:duplicate(64, $x)), "
	"Once = fun() -> P = spawn(fun() -> Sink(N, Me) end), T = erlang:monotonic_time(nanosecond), "
	"Send(P, M, N), receive done -> ok end, erlang:monotonic_time(nanosecond) - T end, "
	"Once(), io:format(\"~w~n\", [Once()]), halt().";

void erlang_one_way(struct bench_sample *s, const void *arg)
{
	const unsigned int n = (unsigned int)bench_scale(200000);
	char command[1024], text[64] = "";
	FILE *f;
	int len;

	len = snprintf(command, sizeof(command), "command -v erl >/dev/null && erl +S 2 -noshell -eval '");
	len += snprintf(command + len, sizeof(command) - (size_t)len, program, n);
	snprintf(command + len, sizeof(command) - (size_t)len, "' 2>/dev/null");
	/* Our own words. NOLINTNEXTLINE(cert-env33-c) */
	f = popen(command, "r");
	if (!f || !fgets(text, sizeof(text), f))
		s->missing = "erlang-base";
	if (f)
		pclose(f);
	s->value = atof(text) / n;
}
