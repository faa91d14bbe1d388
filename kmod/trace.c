// SPDX-License-Identifier: GPL-2.0-only
#include "main.h"

#include "core/core.h"
#include "core/op.h"
#include "core/port.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/*
 * The core's hooks, behind the test that somebody listens. The id is a constant of
 * the public page, which only the engine can write.
 */
static u64 id(const struct wn_core *core)
{
	return core->public->domain;
}

void wn_trace_op_on(const struct wn_core *core, u32 client, const struct wn_sqe *sqe,
		    const struct wn_op_result *result, bool posted)
{
	trace_wn_apply(id(core), client, sqe->opcode, sqe->node, result->res, result->hlc);
	if (WN_RES_IS_ERROR(result->res))
		trace_wn_refuse(id(core), client, sqe->opcode, sqe->node, result->res);
	if (posted)
		trace_wn_complete(id(core), client, sqe->user_data, result->res);
}

void wn_trace_cap_on(const struct wn_core *core, u32 client, u32 index, u32 rights, u64 node,
		     s64 err)
{
	trace_wn_cap_use(id(core), client, index, rights, node, err);
}

void wn_trace_audit_on(const struct wn_core *core, u32 client, u32 index, u64 node, u32 what,
		       u32 err)
{
	trace_wn_audit(id(core), client, index, node, what, err);
}

void wn_trace_event_on(const struct wn_core *core, u32 client, const struct wn_event *event)
{
	trace_wn_deliver(id(core), client, event->kind, event->priority, event->node,
			 event->trace, event->hlc);
}

void wn_trace_fold_on(const struct wn_core *core, u32 client, u32 slot, u32 cell, u64 value)
{
	trace_wn_fold(id(core), client, slot, cell, value);
}
