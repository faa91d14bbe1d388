/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * The layout of every struct of the ABI, pinned: size of the struct, offset and
 * size of each field. Compiled into the module, and by the tests as C and C++,
 * at 64 and 32 bits. A line here changes only together with the golden dump.
 */
#include <linux/worknode.h>

#ifdef __cplusplus
#define ASSERT(cond) static_assert(cond, #cond)
#else
#define ASSERT(cond) _Static_assert(cond, #cond)
#endif

#define SIZE(type, bytes) ASSERT(sizeof(struct type) == (bytes))
#define FIELD(type, field, at, bytes)					\
	ASSERT(__builtin_offsetof(struct type, field) == (at) &&	\
	       sizeof(((struct type *)0)->field) == (bytes))

SIZE(wn_bounds, 88);
FIELD(wn_bounds, nodes, 0, 4);
FIELD(wn_bounds, children, 4, 4);
FIELD(wn_bounds, depth, 8, 4);
FIELD(wn_bounds, cells, 12, 4);
FIELD(wn_bounds, set_elems, 16, 4);
FIELD(wn_bounds, elems, 20, 4);
FIELD(wn_bounds, replicas, 24, 4);
FIELD(wn_bounds, clients, 28, 4);
FIELD(wn_bounds, caps, 32, 4);
FIELD(wn_bounds, slots, 36, 4);
FIELD(wn_bounds, sq_entries, 40, 4);
FIELD(wn_bounds, cq_entries, 44, 4);
FIELD(wn_bounds, inbox_entries, 48, 4);
FIELD(wn_bounds, group_ops, 52, 4);
FIELD(wn_bounds, idem_keys, 56, 4);
FIELD(wn_bounds, lanes, 60, 4);
FIELD(wn_bounds, subs, 64, 4);
FIELD(wn_bounds, timers, 68, 4);
FIELD(wn_bounds, log_records, 72, 4);
FIELD(wn_bounds, backlog, 76, 4);
FIELD(wn_bounds, slab_bytes, 80, 8);

SIZE(wn_query, 88);
FIELD(wn_query, size, 0, 4);
FIELD(wn_query, flags, 4, 4);
FIELD(wn_query, abi, 8, 4);
FIELD(wn_query, layout, 12, 4);
FIELD(wn_query, features, 16, 8);
FIELD(wn_query, ops, 24, 32);
FIELD(wn_query, cell_types, 56, 8);
FIELD(wn_query, page_size, 64, 4);
FIELD(wn_query, reserved, 68, 4);
FIELD(wn_query, version, 72, 16);

SIZE(wn_bounds_query, 112);
FIELD(wn_bounds_query, size, 0, 4);
FIELD(wn_bounds_query, flags, 4, 4);
FIELD(wn_bounds_query, which, 8, 4);
FIELD(wn_bounds_query, reserved, 12, 4);
FIELD(wn_bounds_query, bytes, 16, 8);
FIELD(wn_bounds_query, bounds, 24, 88);

SIZE(wn_token_ask, 32);
FIELD(wn_token_ask, node, 0, 8);
FIELD(wn_token_ask, expires, 8, 8);
FIELD(wn_token_ask, rights, 16, 4);
FIELD(wn_token_ask, flags, 20, 4);
FIELD(wn_token_ask, reserved, 24, 8);

SIZE(wn_token, 64);
FIELD(wn_token, cap, 0, 8);
FIELD(wn_token, node, 8, 8);
FIELD(wn_token, expires, 16, 8);
FIELD(wn_token, rights, 24, 4);
FIELD(wn_token, epoch, 28, 4);
FIELD(wn_token, tag, 32, 32);

SIZE(wn_token_got, 16);
FIELD(wn_token_got, res, 0, 8);
FIELD(wn_token_got, index, 8, 4);
FIELD(wn_token_got, rights, 12, 4);

SIZE(wn_cap_export, 96);
FIELD(wn_cap_export, size, 0, 4);
FIELD(wn_cap_export, flags, 4, 4);
FIELD(wn_cap_export, node, 8, 8);
FIELD(wn_cap_export, cap, 16, 4);
FIELD(wn_cap_export, uses, 20, 4);
FIELD(wn_cap_export, fd, 24, 4);
FIELD(wn_cap_export, reserved, 28, 4);
FIELD(wn_cap_export, grant, 32, 64);

SIZE(wn_cap_redeem, 32);
FIELD(wn_cap_redeem, size, 0, 4);
FIELD(wn_cap_redeem, flags, 4, 4);
FIELD(wn_cap_redeem, fd, 8, 4);
FIELD(wn_cap_redeem, index, 12, 4);
FIELD(wn_cap_redeem, handle, 16, 8);
FIELD(wn_cap_redeem, reserved, 24, 8);

SIZE(wn_class_table, 88);
FIELD(wn_class_table, size, 0, 4);
FIELD(wn_class_table, flags, 4, 4);
FIELD(wn_class_table, name, 8, 64);
FIELD(wn_class_table, rights, 72, 12);
FIELD(wn_class_table, reserved, 84, 4);

SIZE(wn_journal_take, 104);
FIELD(wn_journal_take, size, 0, 4);
FIELD(wn_journal_take, flags, 4, 4);
FIELD(wn_journal_take, name, 8, 64);
FIELD(wn_journal_take, addr, 72, 8);
FIELD(wn_journal_take, bytes, 80, 4);
FIELD(wn_journal_take, state, 84, 4);
FIELD(wn_journal_take, position, 88, 8);
FIELD(wn_journal_take, left, 96, 8);

SIZE(wn_domain_create, 168);
FIELD(wn_domain_create, size, 0, 4);
FIELD(wn_domain_create, flags, 4, 4);
FIELD(wn_domain_create, mode, 8, 4);
FIELD(wn_domain_create, journal_kb, 12, 4);
FIELD(wn_domain_create, name, 16, 64);
FIELD(wn_domain_create, bounds, 80, 88);

SIZE(wn_domain_info, 128);
FIELD(wn_domain_info, size, 0, 4);
FIELD(wn_domain_info, flags, 4, 4);
FIELD(wn_domain_info, id, 8, 8);
FIELD(wn_domain_info, bytes, 16, 8);
FIELD(wn_domain_info, client_bytes, 24, 8);
FIELD(wn_domain_info, clients, 32, 4);
FIELD(wn_domain_info, nodes, 36, 4);
FIELD(wn_domain_info, bounds, 40, 88);

SIZE(wn_region, 24);
FIELD(wn_region, type, 0, 4);
FIELD(wn_region, flags, 4, 4);
FIELD(wn_region, offset, 8, 8);
FIELD(wn_region, bytes, 16, 8);

SIZE(wn_setup, 448);
FIELD(wn_setup, size, 0, 4);
FIELD(wn_setup, flags, 4, 4);
FIELD(wn_setup, sq_entries, 8, 4);
FIELD(wn_setup, cq_entries, 12, 4);
FIELD(wn_setup, inbox_entries, 16, 16);
FIELD(wn_setup, client, 32, 4);
FIELD(wn_setup, nr_regions, 36, 4);
FIELD(wn_setup, bytes, 40, 8);
FIELD(wn_setup, arena_in, 48, 8);
FIELD(wn_setup, arena_out, 56, 8);
FIELD(wn_setup, regions, 64, 384);

SIZE(wn_restrict, 40);
FIELD(wn_restrict, size, 0, 4);
FIELD(wn_restrict, flags, 4, 4);
FIELD(wn_restrict, ops, 8, 32);

SIZE(wn_enable, 8);
FIELD(wn_enable, size, 0, 4);
FIELD(wn_enable, flags, 4, 4);

SIZE(wn_epoch_wait, 48);
FIELD(wn_epoch_wait, size, 0, 4);
FIELD(wn_epoch_wait, flags, 4, 4);
FIELD(wn_epoch_wait, node, 8, 8);
FIELD(wn_epoch_wait, seen, 16, 8);
FIELD(wn_epoch_wait, deadline, 24, 8);
FIELD(wn_epoch_wait, epoch, 32, 8);
FIELD(wn_epoch_wait, cap, 40, 4);
FIELD(wn_epoch_wait, reserved, 44, 4);

SIZE(wn_eventfd_args, 16);
FIELD(wn_eventfd_args, size, 0, 4);
FIELD(wn_eventfd_args, flags, 4, 4);
FIELD(wn_eventfd_args, fd, 8, 4);
FIELD(wn_eventfd_args, reserved, 12, 4);

SIZE(wn_lane_info, 64);
FIELD(wn_lane_info, lane, 0, 4);
FIELD(wn_lane_info, flags, 4, 4);
FIELD(wn_lane_info, producer, 8, 4);
FIELD(wn_lane_info, consumer, 12, 4);
FIELD(wn_lane_info, node, 16, 8);
FIELD(wn_lane_info, bytes, 24, 4);
FIELD(wn_lane_info, fill, 28, 4);
FIELD(wn_lane_info, written, 32, 8);
FIELD(wn_lane_info, reserved, 40, 24);

SIZE(wn_lane_list, 2064);
FIELD(wn_lane_list, size, 0, 4);
FIELD(wn_lane_list, flags, 4, 4);
FIELD(wn_lane_list, next, 8, 4);
FIELD(wn_lane_list, count, 12, 4);
FIELD(wn_lane_list, lanes, 16, 2048);

SIZE(wn_poll_args, 16);
FIELD(wn_poll_args, size, 0, 4);
FIELD(wn_poll_args, flags, 4, 4);
FIELD(wn_poll_args, idle_us, 8, 4);
FIELD(wn_poll_args, cpu, 12, 4);

SIZE(wn_enter, 32);
FIELD(wn_enter, size, 0, 4);
FIELD(wn_enter, flags, 4, 4);
FIELD(wn_enter, to_submit, 8, 4);
FIELD(wn_enter, min_complete, 12, 4);
FIELD(wn_enter, deadline, 16, 8);
FIELD(wn_enter, completed, 24, 4);
FIELD(wn_enter, reserved, 28, 4);

SIZE(wn_user_ring, 256);
FIELD(wn_user_ring, sq_tail, 0, 4);
FIELD(wn_user_ring, pad0, 4, 60);
FIELD(wn_user_ring, cq_head, 64, 4);
FIELD(wn_user_ring, pad1, 68, 60);
FIELD(wn_user_ring, inbox_head, 128, 16);
FIELD(wn_user_ring, pad2, 144, 48);
FIELD(wn_user_ring, flags, 192, 4);
FIELD(wn_user_ring, pad3, 196, 60);

SIZE(wn_kern_ring, 384);
FIELD(wn_kern_ring, sq_head, 0, 4);
FIELD(wn_kern_ring, pad0, 4, 60);
FIELD(wn_kern_ring, cq_tail, 64, 4);
FIELD(wn_kern_ring, pad1, 68, 60);
FIELD(wn_kern_ring, inbox_tail, 128, 16);
FIELD(wn_kern_ring, pad2, 144, 48);
FIELD(wn_kern_ring, flags, 192, 4);
FIELD(wn_kern_ring, pad3, 196, 60);
FIELD(wn_kern_ring, sq_entries, 256, 4);
FIELD(wn_kern_ring, cq_entries, 260, 4);
FIELD(wn_kern_ring, inbox_entries, 264, 16);
FIELD(wn_kern_ring, pad4, 280, 40);
FIELD(wn_kern_ring, refused, 320, 8);
FIELD(wn_kern_ring, credit, 328, 4);
FIELD(wn_kern_ring, pad5, 332, 52);

SIZE(wn_sqe, 64);
FIELD(wn_sqe, opcode, 0, 1);
FIELD(wn_sqe, flags, 1, 1);
FIELD(wn_sqe, cap, 2, 2);
FIELD(wn_sqe, op_flags, 4, 4);
FIELD(wn_sqe, user_data, 8, 8);
FIELD(wn_sqe, node, 16, 8);
FIELD(wn_sqe, arg, 24, 8);
FIELD(wn_sqe, version, 32, 8);
FIELD(wn_sqe, w, 40, 24);

SIZE(wn_cqe, 32);
FIELD(wn_cqe, user_data, 0, 8);
FIELD(wn_cqe, res, 8, 8);
FIELD(wn_cqe, hlc, 16, 8);
FIELD(wn_cqe, flags, 24, 4);
FIELD(wn_cqe, aux, 28, 4);

SIZE(wn_event, 64);
FIELD(wn_event, node, 0, 8);
FIELD(wn_event, hlc, 8, 8);
FIELD(wn_event, trace, 16, 8);
FIELD(wn_event, badge, 24, 8);
FIELD(wn_event, type, 32, 4);
FIELD(wn_event, kind, 36, 1);
FIELD(wn_event, priority, 37, 1);
FIELD(wn_event, len, 38, 1);
FIELD(wn_event, flags, 39, 1);
FIELD(wn_event, data, 40, 24);

SIZE(wn_grant, 64);
FIELD(wn_grant, expires, 0, 8);
FIELD(wn_grant, badge, 8, 8);
FIELD(wn_grant, rights, 16, 4);
FIELD(wn_grant, nodes, 20, 4);
FIELD(wn_grant, cells, 24, 4);
FIELD(wn_grant, caps, 28, 4);
FIELD(wn_grant, bytes, 32, 8);
FIELD(wn_grant, reserved, 40, 24);

SIZE(wn_cap_info, 72);
FIELD(wn_cap_info, handle, 0, 8);
FIELD(wn_cap_info, node, 8, 8);
FIELD(wn_cap_info, expires, 16, 8);
FIELD(wn_cap_info, badge, 24, 8);
FIELD(wn_cap_info, rights, 32, 4);
FIELD(wn_cap_info, depth, 36, 4);
FIELD(wn_cap_info, quota, 40, 16);
FIELD(wn_cap_info, used, 56, 16);

SIZE(wn_audit_event, 24);
FIELD(wn_audit_event, handle, 0, 8);
FIELD(wn_audit_event, what, 8, 2);
FIELD(wn_audit_event, error, 10, 2);
FIELD(wn_audit_event, client, 12, 4);
FIELD(wn_audit_event, index, 16, 4);
FIELD(wn_audit_event, reserved, 20, 4);

SIZE(wn_cap_event, 16);
FIELD(wn_cap_event, expires, 0, 8);
FIELD(wn_cap_event, index, 8, 4);
FIELD(wn_cap_event, rights, 12, 4);

SIZE(wn_timer_told, 24);
FIELD(wn_timer_told, timer, 0, 8);
FIELD(wn_timer_told, due, 8, 8);
FIELD(wn_timer_told, count, 16, 8);

SIZE(wn_change, 24);
FIELD(wn_change, sub, 0, 8);
FIELD(wn_change, version, 8, 8);
FIELD(wn_change, what, 16, 4);
FIELD(wn_change, error, 20, 4);

SIZE(wn_area, 16);
FIELD(wn_area, offset, 0, 8);
FIELD(wn_area, stride, 8, 4);
FIELD(wn_area, count, 12, 4);

SIZE(wn_filter, 64);
FIELD(wn_filter, flags, 0, 4);
FIELD(wn_filter, type, 4, 4);
FIELD(wn_filter, state, 8, 4);
FIELD(wn_filter, owner, 12, 4);
FIELD(wn_filter, tags_mask, 16, 8);
FIELD(wn_filter, tags_value, 24, 8);
FIELD(wn_filter, since, 32, 8);
FIELD(wn_filter, prefix, 40, 16);
FIELD(wn_filter, reserved, 56, 8);

SIZE(wn_found, 24);
FIELD(wn_found, cursor, 0, 8);
FIELD(wn_found, until, 8, 8);
FIELD(wn_found, count, 16, 4);
FIELD(wn_found, reserved, 20, 4);

SIZE(wn_node_rec, 192);
FIELD(wn_node_rec, seq, 0, 4);
FIELD(wn_node_rec, flags, 4, 4);
FIELD(wn_node_rec, handle, 8, 8);
FIELD(wn_node_rec, parent, 16, 8);
FIELD(wn_node_rec, version, 24, 8);
FIELD(wn_node_rec, hlc, 32, 8);
FIELD(wn_node_rec, type, 40, 4);
FIELD(wn_node_rec, state, 44, 4);
FIELD(wn_node_rec, tags, 48, 8);
FIELD(wn_node_rec, owner, 56, 4);
FIELD(wn_node_rec, nr_children, 60, 2);
FIELD(wn_node_rec, tier, 62, 1);
FIELD(wn_node_rec, reserved0, 63, 1);
FIELD(wn_node_rec, user, 64, 32);
FIELD(wn_node_rec, first_child, 96, 4);
FIELD(wn_node_rec, next, 100, 4);
FIELD(wn_node_rec, first_cell, 104, 4);
FIELD(wn_node_rec, nr_cells, 108, 4);
FIELD(wn_node_rec, created, 112, 8);
FIELD(wn_node_rec, moved, 120, 8);
FIELD(wn_node_rec, name, 128, 64);

SIZE(wn_cell_rec, 128);
FIELD(wn_cell_rec, seq, 0, 4);
FIELD(wn_cell_rec, type, 4, 1);
FIELD(wn_cell_rec, flags, 5, 1);
FIELD(wn_cell_rec, len, 6, 2);
FIELD(wn_cell_rec, handle, 8, 8);
FIELD(wn_cell_rec, node, 16, 8);
FIELD(wn_cell_rec, version, 24, 8);
FIELD(wn_cell_rec, hlc, 32, 8);
FIELD(wn_cell_rec, id, 40, 8);
FIELD(wn_cell_rec, value, 48, 8);
FIELD(wn_cell_rec, next, 56, 4);
FIELD(wn_cell_rec, nr_slots, 60, 4);
FIELD(wn_cell_rec, bytes, 64, 64);

SIZE(wn_cell_item, 16);
FIELD(wn_cell_item, key_len, 0, 2);
FIELD(wn_cell_item, val_len, 2, 2);
FIELD(wn_cell_item, reserved, 4, 4);
FIELD(wn_cell_item, value, 8, 8);

SIZE(wn_cell_slots, 64);
FIELD(wn_cell_slots, first, 0, 4);
FIELD(wn_cell_slots, reserved, 4, 60);

SIZE(wn_slot_line, 64);
FIELD(wn_slot_line, next, 0, 64);

SIZE(wn_cell_list, 16);
FIELD(wn_cell_list, cursor, 0, 8);
FIELD(wn_cell_list, count, 8, 4);
FIELD(wn_cell_list, bytes, 12, 4);

SIZE(wn_cell_told, 16);
FIELD(wn_cell_told, cursor, 0, 8);
FIELD(wn_cell_told, bytes, 8, 4);
FIELD(wn_cell_told, reserved, 12, 4);

SIZE(wn_lane_connect, 80);
FIELD(wn_lane_connect, size, 0, 4);
FIELD(wn_lane_connect, flags, 4, 4);
FIELD(wn_lane_connect, node, 8, 8);
FIELD(wn_lane_connect, cap, 16, 4);
FIELD(wn_lane_connect, bytes, 20, 4);
FIELD(wn_lane_connect, lane, 24, 4);
FIELD(wn_lane_connect, consumer, 28, 4);
FIELD(wn_lane_connect, regions, 32, 48);

SIZE(wn_lane_accept, 88);
FIELD(wn_lane_accept, size, 0, 4);
FIELD(wn_lane_accept, flags, 4, 4);
FIELD(wn_lane_accept, node, 8, 8);
FIELD(wn_lane_accept, badge, 16, 8);
FIELD(wn_lane_accept, lane, 24, 4);
FIELD(wn_lane_accept, bytes, 28, 4);
FIELD(wn_lane_accept, producer, 32, 4);
FIELD(wn_lane_accept, reserved, 36, 4);
FIELD(wn_lane_accept, regions, 40, 48);

SIZE(wn_lane_wait, 24);
FIELD(wn_lane_wait, size, 0, 4);
FIELD(wn_lane_wait, flags, 4, 4);
FIELD(wn_lane_wait, lane, 8, 4);
FIELD(wn_lane_wait, reserved, 12, 4);
FIELD(wn_lane_wait, deadline, 16, 8);

SIZE(wn_lane_rec, 8);
FIELD(wn_lane_rec, len, 0, 4);
FIELD(wn_lane_rec, type, 4, 2);
FIELD(wn_lane_rec, flags, 6, 2);

SIZE(wn_lane_side, 128);
FIELD(wn_lane_side, pos, 0, 8);
FIELD(wn_lane_side, pad0, 8, 56);
FIELD(wn_lane_side, flags, 64, 4);
FIELD(wn_lane_side, bell, 68, 4);
FIELD(wn_lane_side, pad1, 72, 56);

SIZE(wn_lane_state, 64);
FIELD(wn_lane_state, flags, 0, 4);
FIELD(wn_lane_state, lane, 4, 4);
FIELD(wn_lane_state, bytes, 8, 8);
FIELD(wn_lane_state, producer, 16, 4);
FIELD(wn_lane_state, consumer, 20, 4);
FIELD(wn_lane_state, pad, 24, 40);

SIZE(wn_loan, 16);
FIELD(wn_loan, buffer, 0, 4);
FIELD(wn_loan, len, 4, 4);
FIELD(wn_loan, type, 8, 4);
FIELD(wn_loan, reserved, 12, 4);

SIZE(wn_fan_make, 80);
FIELD(wn_fan_make, size, 0, 4);
FIELD(wn_fan_make, flags, 4, 4);
FIELD(wn_fan_make, node, 8, 8);
FIELD(wn_fan_make, cap, 16, 4);
FIELD(wn_fan_make, bytes, 20, 4);
FIELD(wn_fan_make, seats, 24, 4);
FIELD(wn_fan_make, lane, 28, 4);
FIELD(wn_fan_make, regions, 32, 48);

SIZE(wn_fan_join, 96);
FIELD(wn_fan_join, size, 0, 4);
FIELD(wn_fan_join, flags, 4, 4);
FIELD(wn_fan_join, node, 8, 8);
FIELD(wn_fan_join, cap, 16, 4);
FIELD(wn_fan_join, lane, 20, 4);
FIELD(wn_fan_join, bytes, 24, 4);
FIELD(wn_fan_join, seat, 28, 4);
FIELD(wn_fan_join, life, 32, 4);
FIELD(wn_fan_join, fan, 36, 4);
FIELD(wn_fan_join, producer, 40, 4);
FIELD(wn_fan_join, reserved, 44, 4);
FIELD(wn_fan_join, regions, 48, 48);

SIZE(wn_fan_evict, 24);
FIELD(wn_fan_evict, size, 0, 4);
FIELD(wn_fan_evict, flags, 4, 4);
FIELD(wn_fan_evict, lane, 8, 4);
FIELD(wn_fan_evict, seat, 12, 4);
FIELD(wn_fan_evict, life, 16, 4);
FIELD(wn_fan_evict, reserved, 20, 4);

SIZE(wn_fan_state, 320);
FIELD(wn_fan_state, seats, 0, 8);
FIELD(wn_fan_state, nr, 8, 4);
FIELD(wn_fan_state, flags, 12, 4);
FIELD(wn_fan_state, pad, 16, 48);
FIELD(wn_fan_state, life, 64, 256);

SIZE(wn_fan_side, 64);
FIELD(wn_fan_side, floor, 0, 8);
FIELD(wn_fan_side, next, 8, 8);
FIELD(wn_fan_side, check, 16, 8);
FIELD(wn_fan_side, pad, 24, 40);

SIZE(wn_name_bucket, 64);
FIELD(wn_name_bucket, entries, 0, 64);

SIZE(wn_public, 512);
FIELD(wn_public, magic, 0, 8);
FIELD(wn_public, layout, 8, 4);
FIELD(wn_public, header_bytes, 12, 4);
FIELD(wn_public, bytes, 16, 8);
FIELD(wn_public, domain, 24, 8);
FIELD(wn_public, root, 32, 8);
FIELD(wn_public, name_key, 40, 16);
FIELD(wn_public, name_bits, 56, 4);
FIELD(wn_public, reserved, 60, 4);
FIELD(wn_public, epoch, 64, 8);
FIELD(wn_public, hlc, 72, 8);
FIELD(wn_public, pad0, 80, 48);
FIELD(wn_public, areas, 128, 128);
FIELD(wn_public, stats, 256, 256);

/* The constants for those who cannot include structs say the same. */
#define OFFSET(type, field, constant) ASSERT(__builtin_offsetof(struct type, field) == (constant))

OFFSET(wn_user_ring, sq_tail, WN_UR_SQ_TAIL);
OFFSET(wn_user_ring, cq_head, WN_UR_CQ_HEAD);
OFFSET(wn_user_ring, inbox_head, WN_UR_INBOX_HEAD);
OFFSET(wn_user_ring, flags, WN_UR_FLAGS);
OFFSET(wn_kern_ring, sq_head, WN_KR_SQ_HEAD);
OFFSET(wn_kern_ring, cq_tail, WN_KR_CQ_TAIL);
OFFSET(wn_kern_ring, inbox_tail, WN_KR_INBOX_TAIL);
OFFSET(wn_kern_ring, flags, WN_KR_FLAGS);
OFFSET(wn_kern_ring, sq_entries, WN_KR_SQ_ENTRIES);
OFFSET(wn_kern_ring, cq_entries, WN_KR_CQ_ENTRIES);
OFFSET(wn_kern_ring, inbox_entries, WN_KR_INBOX_ENTRIES);
OFFSET(wn_kern_ring, refused, WN_KR_REFUSED);
OFFSET(wn_kern_ring, credit, WN_KR_CREDIT);

ASSERT(WN_HANDLE_INDEX_MASK == (1ULL << WN_HANDLE_INDEX_BITS) - 1);
ASSERT(WN_NAME_BYTES == WN_NAME_MAX + 1);
