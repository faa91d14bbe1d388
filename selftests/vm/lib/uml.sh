# SPDX-License-Identifier: MIT
# A guest as User-Mode Linux: a host process in a read-only view of the host, with the same three ports as under QEMU.
# shellcheck shell=bash

start_uml() {
	local image cpu append
	image=$("$VM_DIR/kernel" "$OPT_KERNEL" --path image)
	cpu=$((RANDOM % $(nproc)))	# one CPU: system calls are handed over by ptrace, which is dear across CPUs
	RUN_HOW="User-Mode Linux, $OPT_MEM"
	append="root=/dev/root rootfstype=hostfs rootflags=/ ro init=$VM_DIR/guest/init quiet panic=-1 oops=panic log_buf_len=4M"
	append+=" printk.devkmsg=on con=null con0=null,fd:1 ssl=null ssl1=null,fd:5 ssl2=null,fd:6"
	append+=" ubd0=/dev/null umid=wn uml_dir=$PRIVATE/ wn.job=$JOB_DIR"
	[ "$OPT_KEEP_GOING" -eq 0 ] || append+=" kasan_multi_shot"

	rm -f "$PRIVATE"/port*
	mkfifo "$PRIVATE/port0" "$PRIVATE/port1" "$PRIVATE/port2"
	# Whoever follows them may be faster than these three: the files are there, and empty, before.
	: > "$RUN_DIR/console.log"; : > "$RUN_DIR/verdict.log"; : > "$RUN_DIR/data.log"
	cat "$PRIVATE/port0" > "$RUN_DIR/console.log" & HELPER_PIDS+=($!)
	cat "$PRIVATE/port1" > "$RUN_DIR/verdict.log" & HELPER_PIDS+=($!)
	cat "$PRIVATE/port2" > "$RUN_DIR/data.log" & HELPER_PIDS+=($!)
	# UML writes to pipes: it wants to poll its ports, and a plain file cannot be polled. Its memory is a file in TMPDIR.
	# shellcheck disable=SC2086
	(
		ulimit -c 0
		cd "$PRIVATE" || exit 125
		TMPDIR=$PRIVATE/mem exec setpriv --pdeathsig KILL unshare --mount "$VM_DIR/lib/readonly-host" "$PRIVATE" \
			taskset -c "$cpu" "$image" "mem=$OPT_MEM" $append $OPT_APPEND
	) < /dev/null > "$PRIVATE/port0" 2> "$RUN_DIR/uml.log" 5> "$PRIVATE/port1" 6> "$PRIVATE/port2" &
	GUEST_PID=$!
}
