# SPDX-License-Identifier: MIT
# Saying it. For a list: one TAP line a test. For a single command: its own output and exit status, complaints on stderr.
# shellcheck shell=bash

EXIT_LOG=123 EXIT_TIMEOUT=124 EXIT_DIED=125

test_name() { sed -E 's/^(\[[a-z]+(=[^]]*)?\] +)+//' <<< "${TESTS[$1 - 1]}"; }

complain() { printf '%s\n' "$1" | sed '/^$/d; s/^/vm: /' >&2; }

report_load() {
	local what="boot $BOOT_RELEASE in $BOOT_SECONDS s${MODULE_NAME:+, load $MODULE_NAME}"
	if [ "$MODE" = single ]; then
		[ -z "$1" ] || { complain "$what: $1"; SINGLE_STATUS=$EXIT_DIED; }
	elif [ "$BOOTS" -gt 1 ]; then	# said before; a failure now shows in the tests that cannot run
		[ -z "$1" ] || tap_note "boot $BOOTS: $1"
	elif [ -n "$1" ]; then
		tap_fail "$what" "$1"
	else
		tap_pass "$what"
	fi
}

report_test() {
	local number=$1 status=$2 complaint=$3 name
	if [ "$MODE" = single ]; then
		SINGLE_STATUS=$status
		if [ -n "$complaint" ]; then
			complain "$complaint"
			[ "$status" != 0 ] && [ "$status" != 4 ] || SINGLE_STATUS=$EXIT_LOG
		fi
		return
	fi
	name=$(test_name "$number")
	if [ -n "$complaint" ]; then tap_fail "$name" "exit status $status; $complaint"
	elif [ "$status" = 0 ]; then tap_pass "$name"
	elif [ "$status" = 4 ]; then tap_skip "$name" "$(skip_reason "$number")"
	else tap_fail "$name" "exit status $status"
	fi
	if [ "$OPT_VERBOSE" -eq 1 ] || [ "${TAP_LAST:-}" = fail ]; then tap_file "$RUN_DIR/tests/$number.out"; fi
}

skip_reason() {
	local reason
	reason=$(grep -aoE 'SKIP.*' "$RUN_DIR/tests/$1.out" | tail -1 | sed -E 's/^SKIP:? *//') || :
	[ -n "$reason" ] || reason=$(tail -n 1 "$RUN_DIR/tests/$1.out")
	echo "${reason:-no reason given}"
}

report_end() {
	if [ "$MODE" = single ]; then
		[ -z "$1" ] || { complain "$1"; [ "$SINGLE_STATUS" != 0 ] && [ "$SINGLE_STATUS" != 4 ] || SINGLE_STATUS=$EXIT_LOG; }
	elif [ -n "$1" ]; then
		tap_fail "$(end_name)" "$1"
	else
		tap_pass "$(end_name)"
	fi
}

end_name() { echo "${MODULE_NAME:+unload $MODULE_NAME, }kernel log to the end${MODULE_NAME:+, leaks}"; }

# The guest is gone. What ran, failed; what had not run is said to be failed too, unless a new boot will run it.
report_death() {
	local why; why=$(death)
	if [ "$MODE" = single ]; then
		complain "$why"
		console_tail >&2
		[ "$OUTCOME" = timeout ] && SINGLE_STATUS=$EXIT_TIMEOUT || SINGLE_STATUS=$EXIT_DIED
		return
	fi
	if [ "$REACHED" = boot ] || [ "$REACHED" = load ]; then
		[ "$BOOTS" -gt 1 ] || tap_fail "boot${MODULE_NAME:+, load $MODULE_NAME}" "$why"
		tap_note "boot $BOOTS: $why"
	elif [ "$RUNNING" -gt 0 ]; then
		section "out-$RUNNING" > "$RUN_DIR/tests/$RUNNING.out"
		last_piece > "$RUN_DIR/tests/$RUNNING.dmesg"
		tap_fail "$(test_name "$RUNNING")" "$why"
		tap_file "$RUN_DIR/tests/$RUNNING.out"
		NEXT_TEST=$((RUNNING + 1))
	elif [ "$NEXT_TEST" -gt ${#TESTS[@]} ]; then
		tap_fail "$(end_name)" "$why"
		ENDED=1
	else
		tap_note "$why"
	fi
	tap_note "end of the guest's console (all of it: $RUN_DIR/console.log):"
	console_tail | sed 's/^/#   /'
}

report_not_run() {
	while [ "$NEXT_TEST" -le ${#TESTS[@]} ]; do
		tap_fail "$(test_name "$NEXT_TEST")" "not run: $1"
		NEXT_TEST=$((NEXT_TEST + 1))
	done
	[ "$ENDED" -eq 1 ] || tap_fail "$(end_name)" "not reached: $1"
	ENDED=1
}
