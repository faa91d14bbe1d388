# SPDX-License-Identifier: MIT
# What guest/tests is made of.
# shellcheck shell=bash

open_channels() {
	stty -F /dev/ttyS1 raw -echo
	stty -F /dev/ttyS2 raw -echo
	exec 3>/dev/ttyS1 4>/dev/ttyS2
}

# The last word comes after everything else has left the machine: stty waits for its port to be drained.
close_channels() {
	stty -F /dev/ttyS2 raw -echo
	verdict all done
	stty -F /dev/ttyS1 raw -echo
}

verdict() { printf '%s %s\n' "$VM_NONCE" "$*" >&3; }

section_begin() { printf '\n@@%s begin %s\n' "$VM_NONCE" "$1" >&4; }
section_end() { printf '\n@@%s end %s\n' "$VM_NONCE" "$1" >&4; }

# set_knob VALUE FILE...   where the kernel has it
set_knob() {
	local value=$1 file; shift
	for file; do [ ! -w "$file" ] || echo "$value" > "$file"; done
}

# A wounded kernel stops at once. Set only now, so that what Linux itself says while booting does not count.
strict_kernel() {
	set_knob 1 /proc/sys/kernel/panic_on_oops
	set_knob "$VM_PANIC_ON_WARN" /proc/sys/kernel/panic_on_warn
	set_knob 1 /proc/sys/kernel/hung_task_panic
	set_knob 60 /proc/sys/kernel/hung_task_timeout_secs
	set_knob 10 /proc/sys/kernel/hung_task_check_interval_secs
	set_knob 1 /proc/sys/kernel/softlockup_panic
	set_knob 1 /proc/sys/kernel/panic_on_rcu_stall
	set_knob '8 4 1 7' /proc/sys/kernel/printk
	set_knob 1 /proc/sys/kernel/sysrq
	# An emulated CPU may wait long for its turn on a busy host.
	set_knob 20 /proc/sys/kernel/watchdog_thresh
	set_knob 60 /sys/module/rcupdate/parameters/rcu_cpu_stall_timeout
	# Injected failures are reported by the tests; the kernel need not print a stack for each.
	set_knob 0 /sys/kernel/debug/fail*/verbose
	# Only modules are watched for races, so every 2,000th access can be instead of every 4,000th. (A test that wants closer
	# watching lowers it further; at 200 programs that hammer the rings take ten times as long.)
	set_knob 2000 /sys/module/kcsan/parameters/skip_watch
}

# take_log NAME   send the kernel log since the last call. Marks in the log itself bound the pieces, so nothing between
# two calls is lost; the host treats a missing first mark as an overflow.
log_marks=0
take_log() {
	local last=$log_marks
	log_marks=$((log_marks + 1))
	echo "wn-vm $VM_NONCE mark $log_marks after $1" > /dev/kmsg
	section_begin "log-$1"
	if [ "$last" -eq 0 ]; then
		dmesg --color=never >&4
	else
		dmesg --color=never | sed -n "/wn-vm $VM_NONCE mark $last /,\$p" >&4
	fi
	section_end "log-$1"
}

load_module() {
	section_begin out-load
	if [ -z "$VM_MODULE_NAME" ]; then
		echo "no module asked for" >&4
	elif [ "$VM_MODPROBE" -eq 1 ]; then
		# shellcheck disable=SC2086
		modprobe "$VM_MODULE_NAME" $VM_MODULE_ARGS >&4 2>&1
	else
		# shellcheck disable=SC2086
		insmod "$VM_MODULE" $VM_MODULE_ARGS >&4 2>&1
	fi
	local status=$?
	section_end out-load
	return $status
}

# A test may have unloaded the module itself. One that is still busy is an error: something of a test outlived it.
unload_module() {
	section_begin out-end
	local status=0 try
	if [ -n "$VM_MODULE_NAME" ] && [ -d "/sys/module/$VM_MODULE_NAME" ] && [ "$VM_UNLOAD" -eq 1 ]; then
		awk '$3 ~ /worknode/ { print $2 }' /proc/mounts | while IFS= read -r mounted; do umount "$mounted"; done
		for try in 1 2 3 4 5; do
			status=0
			rmmod "$VM_MODULE_NAME" >&4 2>&1 && break
			status=$?
			sleep 0.2
		done
		[ "$status" -eq 0 ] || echo "rmmod $VM_MODULE_NAME failed $try times; its use count is $(cat "/sys/module/$VM_MODULE_NAME/refcnt" 2>/dev/null)" >&4
	fi
	section_end out-end
	return $status
}

# test_attributes LINE   "[a] [b=c] command": sets attr_* and command
test_attributes() {
	command=$1 attr_timeout=$VM_TEST_TIMEOUT attr_leaks=0 attr_alone=0
	local word
	while [[ $command =~ ^\[([a-z]+(=[^]]*)?)\][[:space:]]+(.*)$ ]]; do
		word=${BASH_REMATCH[1]} command=${BASH_REMATCH[3]}
		case $word in
		timeout=*) attr_timeout=${word#timeout=} ;;
		leaks) attr_leaks=1 ;;
		alone) attr_alone=1 ;;
		esac
	done
}

# other_cpus 0|1   all but the first off, or on
other_cpus() { set_knob "$1" /sys/devices/system/cpu/cpu[1-9]*/online; }

# run_test NUMBER LINE   in a cgroup of its own, so that nothing of it can outlive it
run_test() {
	local number=$1 group=/sys/fs/cgroup/wn-test-$1 status child guard=
	local command attr_timeout attr_leaks attr_alone
	test_attributes "$2"
	[ "$attr_alone" -eq 0 ] || other_cpus 0
	mkdir -p "$group"
	rm -f /run/wn/timeout
	verdict start "$number"
	section_begin "out-$number"
	(
		echo "$BASHPID" > "$group/cgroup.procs"
		cd "$VM_CWD" || exit 125
		set -a; . "$job/environment"; set +a
		exec /bin/bash -c "$command"
	) < /dev/null >&4 2>&1 3>&- 4>&- 5<&- &
	child=$!
	if [ "$attr_timeout" -gt 0 ]; then
		guard_test "$attr_timeout" "$group" &
		guard=$!
	fi
	{ wait "$child"; status=$?; } 2>/dev/null	# where bash tells of a killed job
	[ -z "$guard" ] || { kill "$guard"; wait "$guard"; } 2>/dev/null
	if [ -s "$group/cgroup.procs" ]; then
		printf 'processes left behind and killed: %s\n' "$(names_of < "$group/cgroup.procs")" >&4
	fi
	end_group "$group"
	[ ! -e /run/wn/timeout ] || status="timeout after $attr_timeout s"
	section_end "out-$number"
	[ "$attr_alone" -eq 0 ] || other_cpus 1
	[ "$attr_leaks" -eq 0 ] || leaks_report "$number"
	take_log "$number"
	verdict exit "$number" "$status"
}

names_of() {
	local pid
	while read -r pid; do cat "/proc/$pid/comm"; done 2>/dev/null | tr '\n' ' '
}

# Beyond its time limit a test is killed, after the kernel has said what everything is waiting for.
guard_test() {
	[ -p /run/wn/never ] || mkfifo /run/wn/never
	read -r -t "$1" <> /run/wn/never
	touch /run/wn/timeout
	echo w > /proc/sysrq-trigger
	echo 1 > "$2/cgroup.kill"
} 2>/dev/null

end_group() {
	local try
	for try in 1 2 3 4 5 6 7 8 9 10; do
		! grep -q 'populated 1' "$1/cgroup.events" && rmdir "$1" && return
		echo 1 > "$1/cgroup.kill"
		sleep 0.1
	done 2>/dev/null
}

leaks_forget() {
	[ ! -w /sys/kernel/debug/kmemleak ] || echo clear > /sys/kernel/debug/kmemleak
}

# An object counts as lost only when it is older than 5 seconds and its contents did not change between two scans.
leaks_report() {
	[ -w /sys/kernel/debug/kmemleak ] || return 0
	sleep 6
	echo scan > /sys/kernel/debug/kmemleak
	echo scan > /sys/kernel/debug/kmemleak
	section_begin "leaks-$1"
	cat /sys/kernel/debug/kmemleak >&4
	section_end "leaks-$1"
	verdict leaks "$1" "$(grep -c '^unreferenced object' /sys/kernel/debug/kmemleak)"
}
