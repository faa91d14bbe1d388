# SPDX-License-Identifier: MIT
# Small things that every script of the virtual-machine runner uses. Sourced, never run.
# VM_DIR is the folder of the runner, set by the script that sources this file.

# shellcheck shell=bash
shopt -s inherit_errexit
VM_TOP=$(cd "$VM_DIR/../.." && pwd)
VM_CACHE=${WORKNODE_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/worknode}/vm
VM_KERNELS="6.1 6.12 debug kcsan uml uml-debug icount"

say() { printf '%s\n' "vm: $*" >&2; }
die() { printf '%s\n' "vm: error: $*" >&2; exit "${DIE_STATUS:-1}"; }

# need_commands PROGRAM:PACKAGE...   all that is missing is named at once, with the line that installs it
need_commands() {
	local pair missing=() packages=()
	for pair; do
		if ! PATH=$PATH:/usr/sbin:/sbin:/usr/lib/qemu command -v "${pair%%:*}" >/dev/null; then
			missing+=("${pair%%:*}"); packages+=("${pair#*:}")
		fi
	done
	[ ${#missing[@]} -eq 0 ] && return 0
	die "missing: ${missing[*]}; as root: apt-get install --no-install-recommends $(printf '%s\n' "${packages[@]}" | sort -u | tr '\n' ' ')"
}

# with_lock NAME COMMAND...   run COMMAND while nobody else holds NAME; says so when it must wait
with_lock() {
	local name=$1 fd; shift
	mkdir -p "$VM_CACHE"
	exec {fd}>"$VM_CACHE/$name.lock"
	if ! flock -n "$fd"; then
		say "waiting for another run that is preparing '$name' ..."
		flock "$fd"
	fi
	# The lock must not be inherited by what outlives us, so children get the descriptor closed. No "|| ..." here: it
	# would switch off errexit in everything below.
	"$@" {fd}>&-
	exec {fd}>&-
}
