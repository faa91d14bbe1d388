// SPDX-License-Identifier: MIT
/* Rows whose parts are not there yet, and what is out of scope: they are listed all the same. */
#include "rows.h"

const struct bench_row row_tracing = {
	.name = "16", .system = "VeridianOS", .claim = "profiling overhead < 5 %",
	.pending = "instructions with tracepoints off, on, and with a histogram by BPF are counted in a guest: "
		   "make bench",
};

const struct bench_row row_replication = {
	.name = "22", .system = "INOS",
	.claim = "replication > 100 MB/s, failure detected < 1 s, recovered < 5 s",
	.pending = "the cluster stage",
};

const struct bench_row row_at_rest = {
	.name = "23", .system = "INOS",
	.claim = "at rest: ChaCha20-Poly1305 > 100 MB/s, compression > 50 MB/s, both > 30 MB/s",
	.pending = "the journal stage",
};

const struct bench_row row_scope = {
	.name = "scope", .claim = "DPDK line rate, NVMe driver IOPS, an own CPU scheduler, WebRTC/DHT, "
				  "block chains, server-count savings",
	.out_of_scope = "Worknode drives no device, schedules no CPU, speaks no network protocol and keeps "
			"no chain; how many servers somebody saves is no measurement",
};
