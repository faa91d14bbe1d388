# SPDX-License-Identifier: MIT
# Following one boot of a guest: read its verdict channel until the last word, its death, or the time limit.
# The channel's lines: SECRET boot RELEASE UPTIME CPUS | load STATUS | start N | exit N STATUS | leaks WHAT COUNT | end STATUS | all done
# For each, judge_* (in judge.sh) is called as soon as all that belongs to it has arrived.
# shellcheck shell=bash

# follow   sets OUTCOME: done, died, silent (ended without a word) or timeout; RUNNING: the test that had been started
follow() {
	local fd part buffer='' rc
	OUTCOME='' RUNNING=0 REACHED=boot
	exec {fd}< <(exec tail -n +1 -s 0.2 --pid="$GUEST_PID" -f "$RUN_DIR/verdict.log" 2>/dev/null)
	HELPER_PIDS+=($!)
	while [ -z "$OUTCOME" ]; do
		if ((SECONDS >= DEADLINE)); then OUTCOME=timeout; break; fi
		rc=0
		IFS= read -r -t 1 -u "$fd" part || rc=$?
		buffer+=$part
		if [ $rc -gt 128 ]; then continue; fi
		if [ $rc -ne 0 ]; then
			if [ "$REACHED" = boot ]; then OUTCOME=silent; else OUTCOME=died; fi
			break
		fi
		case $buffer in "$NONCE "*) follow_word ${buffer#* } ;; esac
		buffer=''
	done
	exec {fd}<&-
}

follow_word() {
	local word=$1; shift
	case $word in
	boot)  REACHED=load; BOOT_RELEASE=$1 BOOT_SECONDS=$2 BOOT_CPUS=$3 ;;
	load)  REACHED=tests; receive load; judge_load "$1" ;;
	start) RUNNING=$1 ;;
	exit)  receive "$1"; RUNNING=0; NEXT_TEST=$(($1 + 1)); judge_test "$@" ;;
	leaks) section "leaks-$1" > "$RUN_DIR/tests/$1.leaks" ;;
	end)   receive end; REACHED=end; END_STATUS=$1 ;;
	all)   [ "$REACHED" = end ] || [ "$REACHED" = tests ] || return 0
		OUTCOME=done ;;
	esac
}

# receive NAME   the data of NAME travel by another port; wait until their last line is there, then keep them
receive() {
	local try
	for ((try = 0; try < 600; try++)); do
		grep -aqxF "@@$NONCE end log-$1" "$RUN_DIR/data.log" && break
		((SECONDS < DEADLINE)) || break
		sleep 0.05
	done
	section "out-$1" > "$RUN_DIR/tests/$1.out"
	section "log-$1" > "$RUN_DIR/tests/$1.dmesg"
}

# section NAME   its lines, without the empty one that the guest puts before the closing mark
section() {
	sed -n "/^@@$NONCE begin $1\$/,/^@@$NONCE end $1\$/{//!p}" "$RUN_DIR/data.log" | sed '${/^$/d}'
}

# stream   for a single command: its output as it comes. An empty line is held back, for it may be the one before the mark.
stream() {
	local line on=0 held=0
	tail -n +1 -s 0.2 --pid="$GUEST_PID" -f "$RUN_DIR/data.log" 2>/dev/null | while IFS= read -r line || [ -n "$line" ]; do
		case $line in
		"@@$NONCE begin out-1") on=1; continue ;;
		"@@$NONCE end out-1") break ;;
		esac
		[ $on -eq 1 ] || continue
		[ $held -eq 0 ] || echo
		held=0
		if [ -z "$line" ]; then held=1; else printf '%s\n' "$line"; fi
	done
}
