// SPDX-License-Identifier: MIT
/*
 * Ops of any kind from three clients, alone and in groups, with arenas, slots and time:
 * bytes decide all. What is refused changes no bit of the state; whatever was done, the
 * world can be emptied again and then nothing is left of it.
 */
#include "fuzz.h"

#include "kmod/core/work.h"
#include "selftests/unit/world.h"

#define CLIENTS 3
#define IN_BYTES 512
#define KNOWN 16	/* handles that ops answered with, last */
#define GROUP 8

static u64 known[KNOWN], slots_of[CLIENTS][4];
static u32 nr_known;
static u8 in[IN_BYTES];

static struct wn_bounds small(void)
{
	struct wn_bounds b = world_bounds(24);

	b.children = 8;
	b.depth = 5;
	b.cells = 10;
	b.set_elems = 6;
	b.elems = 20;
	b.replicas = 3;
	b.slots = 4;
	b.group_ops = GROUP;
	b.subs = 3;
	b.timers = 4;
	b.log_records = 8;
	b.backlog = 16;
	b.slab_bytes = 2048;
	return b;
}

static u64 handle(struct fuzz *f)
{
	const u8 which = fuzz_byte(f);
	u64 any;

	if (which < 0xf8)
		return which ? known[(which - 1u) % KNOWN] : 0;
	fuzz_bytes(f, &any, sizeof(any));
	return any;
}

/* Two slots. */
static void take_op(struct fuzz *f, struct wn_sqe *sqe)
{
	static const u8 wanted[] = {
		WN_OP_NODE_CREATE, WN_OP_NODE_CREATE, WN_OP_NODE_DESTROY, WN_OP_NODE_MOVE,
		WN_OP_NODE_RENAME, WN_OP_NODE_SET, WN_OP_LOOKUP, WN_OP_QUERY, WN_OP_NODE_READ,
		WN_OP_CELL_CREATE, WN_OP_CELL_CREATE, WN_OP_CELL_DESTROY, WN_OP_CELL_UPDATE,
		WN_OP_CELL_UPDATE, WN_OP_CELL_UPDATE, WN_OP_CELL_READ, WN_OP_CELL_DELTA,
		WN_OP_CELL_MERGE,
	};
	const u8 opcode = fuzz_byte(f);
	u8 what, words;

	memset(sqe, 0, 2 * sizeof(*sqe));
	/* By name, or any number. */
	sqe->opcode = opcode < 128 ? wanted[opcode % sizeof(wanted)] : opcode & 0x7f;
	what = fuzz_byte(f);
	sqe->flags = what & (WN_SQE_IF_VERSION | WN_SQE_IDEM | WN_SQE_WIDE);
	if (what & 0x80)
		sqe->cap = fuzz_byte(f);
	words = fuzz_byte(f);
	sqe->op_flags = words & 1 ? fuzz_half(f) : fuzz_byte(f);
	sqe->node = handle(f);
	if (words & 2)
		sqe->arg = words & 4 ? fuzz_number(f) : handle(f);
	if (words & 8)
		sqe->w[0] = fuzz_number(f) | (words & 0x80 ? fuzz_number(f) << 32 : 0);
	if (words & 16)
		sqe->w[1] = fuzz_number(f) | (words & 0x80 ? fuzz_number(f) << 16 : 0);
	if (words & 32 || sqe->flags & WN_SQE_IDEM)
		sqe->w[2] = fuzz_number(f);
	if (sqe->flags & WN_SQE_IF_VERSION)
		sqe->version = fuzz_byte(f);
	if (sqe->flags & WN_SQE_WIDE)
		fuzz_bytes(f, sqe + 1, words & 0x40 ? sizeof(*sqe) : 2);
}

static void learn(const struct wn_sqe *sqe, const struct wn_op_result *result)
{
	if (!WN_RES_IS_ERROR(result->res) && (u64)result->res >= 1ULL << WN_HANDLE_INDEX_BITS &&
	    sqe->opcode != WN_OP_NOP)
		known[nr_known++ % KNOWN] = (u64)result->res;
}

static void apply(struct fuzz *f, struct world *w, u8 *before)
{
	struct wn_sqe slots[2 * GROUP];
	struct wn_op_result results[GROUP];
	const struct wn_op_env env = {
		.client = fuzz_byte(f) % (CLIENTS + 1), .now = &w->now, .out = w->out,
		.out_bytes = WORLD_OUT_BYTES, .in = in, .in_bytes = IN_BYTES,
	};
	const u32 n = env.client == CLIENTS ? 1 + fuzz_byte(f) % GROUP : 1;
	bool good;
	u32 i;

	for (i = 0; i < n; i++)
		take_op(f, &slots[2 * i]);
	memcpy(before, w->private, w->core->state_bytes);
	if (env.client < CLIENTS) {
		wn_op_apply(w->core, &env, slots, results);
		good = !WN_RES_IS_ERROR(results[0].res) || results[0].flags & WN_CQE_AGAIN;
	} else {
		const struct wn_op_env first = {
			.client = 0, .now = &w->now, .in = in, .in_bytes = IN_BYTES,
		};

		good = wn_op_apply_group(w->core, &first, slots, n, results);
	}
	if (!good)
		FUZZ_CHECK(!memcmp(before, w->private, w->core->state_bytes));
	for (i = 0; good && i < n; i++)
		learn(&slots[2 * i], &results[i]);
}

static void open_client(struct fuzz *f, struct world *w, u32 client)
{
	struct wn_core_open first = { .rights = WN_RIGHT_ALL, .slots = slots_of[client] };

	if (f) {
		first.node = handle(f);
		first.rights = fuzz_half(f) & WN_RIGHT_ALL;
		first.quota_nodes = fuzz_byte(f) & 7;
	}
	(void)wn_core_client_open(w->core, client, &first);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct fuzz f = { data, data + len };
	const struct wn_bounds bounds = small();
	struct world w;
	u8 *before;
	u32 client, i;

	if (len > 4096)
		return -1;
	memset(known, 0, sizeof(known));
	memset(slots_of, 0, sizeof(slots_of));
	nr_known = 0;
	fuzz_bytes(&f, in, len > 64 ? 32 : 0);
	world_init(&w, &bounds, 1);
	before = malloc(w.core->state_bytes);
	wn_core_client_close(w.core, 0);
	for (client = 0; client < CLIENTS; client++)
		open_client(NULL, &w, client);
	known[nr_known++] = w.core->root;
	while (fuzz_has(&f)) {
		const u8 what = fuzz_byte(&f);

		client = what % CLIENTS;
		switch (what >> 4) {
		case 0:
			w.now.realtime += fuzz_number(&f) * 1000000;
			w.now.boottime += fuzz_byte(&f) * 100;
			break;
		case 1:
			(void)wn_work_slice(w.core, &w.now);
			break;
		case 2:
			(void)wn_core_slice(w.core, what & 15);
			break;
		case 3:
			if (wn_core_client_is_open(&w.core->clients[client]))
				wn_core_client_close(w.core, client);
			else
				open_client(&f, &w, client);
			break;
		case 4:
			slots_of[client][what >> 2 & 3] = fuzz_number(&f);
			break;
		case 5:
			/* An answer comes back as a delta, a vector, a key. */
			memcpy(in, w.out + (what & 8) * 2, IN_BYTES);
			break;
		case 6:
			i = fuzz_half(&f) % IN_BYTES;
			fuzz_bytes(&f, in + i, what & 15 && i + 16 <= IN_BYTES ? what & 15 : 1);
			break;
		default:
			apply(&f, &w, before);
		}
	}

	/* All nodes go, and with them all that hung on them; and the root's cells. */
	for (client = 0; client < CLIENTS; client++)
		wn_core_client_close(w.core, client);
	/* A number has another life when nothing of the last is left. */
	for (i = 0; i < 64 && wn_work_slice(w.core, &w.now); i++)
		;
	open_client(NULL, &w, 0);
	FUZZ_CHECK(wn_core_client_is_open(&w.core->clients[0]));
	for (i = 1; i < bounds.nodes; i++)
		world_op(&w, 0, OP(.opcode = WN_OP_NODE_DESTROY,
				   .node = wn_pool_handle(&w.core->nodes, i)), NULL);
	for (i = 0; i < bounds.cells; i++)
		world_op(&w, 0, OP(.opcode = WN_OP_CELL_DESTROY, .node = w.core->root,
				   .arg = wn_pool_handle(&w.core->cells.pool, i)), NULL);
	for (i = 0; i < 64 && wn_work_slice(w.core, &w.now); i++)
		;
	FUZZ_CHECK(i < 64);
	FUZZ_CHECK(wn_pool_count(&w.core->nodes) == 1);
	FUZZ_CHECK(!wn_pool_count(&w.core->cells.pool) && !w.core->cells.rows_used);
	FUZZ_CHECK(!w.core->cells.elems.used && !w.core->cells.slab.used);
	free(before);
	world_deinit(&w);
	return 0;
}
