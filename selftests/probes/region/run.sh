#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# selftests/probes/region/run.sh [KERNEL ...]: builds the probe module and its
# test program and runs them in the guests (6.12 and 6.1 if none is named).
#
#   SUBJECTS="futex pins"  only these; all: see run.c
#
# The facts (lines "# fact ...") and tests of each kernel end up in
# build/probes/region/RELEASE/facts; they are printed too.
set -euo pipefail

here=$(dirname -- "$(readlink -f -- "$0")")
top=$(readlink -f -- "$here/../../..")
all="futex cgroup revoke race huge pins flags"

# In the guest, where /tmp is writable and the host's files are visible.
guest()	# OUT NBD SUBJECT
{
	[ -e /dev/nbd0 ] || [ -z "$2" ] || insmod "$2" || :
	[ -e /dev/wn_probe_inode ] || insmod "$1/wn_probe_region.ko"
	"$1/run" "$3"
}

if [ "${1-}" = --guest ]; then
	shift
	guest "$@"
	exit
fi

[ $# -gt 0 ] || set -- 6.12 6.1
status=0
for kernel in "$@"; do
	words=$("$top/scripts/kdir" "${kernel/icount/6.12}")
	eval "$words"
	# shellcheck disable=SC2154 # release, dir come from eval
	out=$top/build/probes/region/$release
	make --no-print-directory -s -C "$here" OUT="$out" "$out/run"
	make --no-print-directory -s -C "$here" OUT="$out" module KDIR="$dir"

	modules=$("$top/selftests/vm/kernel" "$kernel" --path modules)
	nbd=	# the debug kernels have none: what needs it is skipped
	[ -z "$modules" ] || nbd=$(find "$modules" -name 'nbd.ko*' -print -quit)
	log=$out/log-$kernel
	rm -rf "$log"
	mkdir -p "$log"
	for subject in ${SUBJECTS:-$all}; do
		attributes='[timeout=300]'
		# An out-of-memory kill is what that one asks for.
		[ "$subject" != cgroup ] || attributes+=' [traces]'
		echo "$attributes $here/run.sh --guest $out '$nbd' $subject"
	done >"$log/list"
	"$top/selftests/vm/run" --kernel "$kernel" --module none --mem 1G --log "$log" \
		--list "$log/list" || status=1
	cat "$log"/tests/*.out >"$out/facts-$kernel"
	grep -E '^# fact|^(not )?ok' "$out/facts-$kernel"
done
exit $status
