# SPDX-License-Identifier: MIT
# What counts as passed. A test passes when it said 0 and the kernel log since the last one is clean.
# shellcheck shell=bash

# log_complaint NAME MAY_TRACE   what is wrong in NAME's piece of kernel log; nothing when it is clean and whole
log_complaint() {
	local log=$RUN_DIR/tests/$1.dmesg hits
	if ! grep -aq "wn-vm $NONCE mark [0-9]* after $1\$" "$log" || ! head -1 "$log" | grep -aq "wn-vm $NONCE mark"; then
		echo "the kernel log is not whole (overflow, or the guest broke off)"
		return
	fi
	hits=$(scan_log "$log" "$2" | head -5)
	[ -z "$hits" ] || printf 'the kernel log says:\n%s\n' "$hits"
}

leaks_complaint() {
	local file=$RUN_DIR/tests/$1.leaks hits
	[ -s "$file" ] && [ -n "$MODULE_NAME" ] || return 0
	hits=$(scan_leaks "$file" "$MODULE_NAME")
	[ -z "$hits" ] || printf 'kmemleak (%s):\n%s\n' "$1" "$(head -30 <<< "$hits")"
}

judge_load() {
	local complaint
	complaint=$(log_complaint load 0)
	[ "$1" -eq 0 ] || complaint="loading failed with status $1"$'\n'"$complaint"
	if [ -n "$complaint" ]; then
		LOAD_FAILED=1
		complaint+=$'\n'$(cat "$RUN_DIR/tests/load.out")
	fi
	report_load "$complaint"
}

# judge_test NUMBER STATUS...
judge_test() {
	local number=$1 complaint may_trace=0; shift
	case ${TESTS[number - 1]} in "["*"[traces] "*|"[traces] "*) may_trace=1 ;; esac
	complaint=$(log_complaint "$number" $may_trace; leaks_complaint "$number")
	report_test "$number" "$*" "$complaint"
}

judge_end() {
	local complaint
	complaint=$(log_complaint end 0; leaks_complaint loaded; leaks_complaint unloaded)
	[ "$END_STATUS" -eq 0 ] || complaint="unloading failed with status $END_STATUS"$'\n'$(cat "$RUN_DIR/tests/end.out")$'\n'"$complaint"
	report_end "$complaint"
}

# last_piece   the console since the last mark that the guest wrote into its log
last_piece() {
	local first
	first=$(grep -an "wn-vm $NONCE mark" "$RUN_DIR/console.log" | tail -1 | cut -d: -f1) || :
	tail -n "+${first:-1}" "$RUN_DIR/console.log" | tr -d '\r'
}

# death   why a guest did not reach its last word, in one line
death() {
	local line
	line=$(last_piece | grep -aE 'Kernel panic|KASAN:|kernel BUG|Oops|WARNING:|wn-vm: cannot' | grep -avE "$SCAN_FINE" |
		head -3 | paste -sd '|' | sed 's/|/ | /g') || :
	case $OUTCOME in
	timeout) echo "time limit of $OPT_TIMEOUT s reached; guest killed${line:+; its log says: $line}" ;;
	silent)  echo "the guest ended before it said a word${line:+; its log says: $line}" ;;
	died)    echo "the guest died or switched off before its last word${line:+: $line}" ;;
	esac
}

# console_tail   from the first sign of trouble since the last mark, or the last lines when there is none
console_tail() {
	local first
	first=$(last_piece | grep -anE "cut here|=====|$SCAN_BAD" | grep -avE "$SCAN_FINE" | head -1 | cut -d: -f1) || :
	if [ -n "$first" ]; then last_piece | sed -n "$first,$((first + 60))p"; else last_piece | tail -n 25; fi
	[ ! -s "$RUN_DIR/qemu.log" ] || sed 's/^/qemu: /' "$RUN_DIR/qemu.log"
	[ ! -s "$RUN_DIR/uml.log" ] || tail -n 5 "$RUN_DIR/uml.log" | sed 's/^/uml: /'
}
