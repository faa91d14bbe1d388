# SPDX-License-Identifier: MIT
# What the guest is told: a folder with env (for the runner's own scripts), environment (for the tests) and tests.
# shellcheck shell=bash

put() { printf "%s='%s'\n" "$1" "${2//\'/\'\\\'\'}"; }

make_job() {
	local modules cwd
	modules=$(job_modules)
	cwd=$(pwd -P)
	case "$JOB_DIR$VM_DIR" in *[[:space:]]*) die "the path of the tree or of --log has a space in it; the kernel's command line cannot carry that" ;; esac
	mkdir -p "$JOB_DIR"
	printf '%s\n' "${TESTS[@]}" > "$JOB_DIR/tests"
	{
		put VM_NONCE "$NONCE"
		put VM_CWD "$cwd"
		put VM_FIRST "$NEXT_TEST"
		put VM_MODULE "$MODULE"
		put VM_MODULE_NAME "$MODULE_NAME"
		put VM_MODULE_ARGS "$OPT_MODULE_ARGS"
		put VM_MODPROBE "$OPT_MODPROBE"
		put VM_MODULES "$modules"
		put VM_UNLOAD "$OPT_UNLOAD"
		put VM_LEAKS "$OPT_LEAKS"
		put VM_TEST_TIMEOUT "$OPT_TEST_TIMEOUT"
		put VM_PANIC_ON_WARN "$((1 - OPT_KEEP_GOING))"
		# With counted time early timer ticks disturb what is measured; waiting costs nearly nothing there.
		put VM_SETTLE "$([ "$OPT_KERNEL" = icount ] && echo 20 || echo 0)"
		put VM_NEEDED "$VM_TOP $cwd $JOB_DIR ${modules:-} ${MODULE:+$(dirname "$MODULE")}$OPT_SHARE"
	} > "$JOB_DIR/env"
	{
		printf 'HOME=/run/home\nTMPDIR=/tmp\nLANG=C.UTF-8\nTERM=dumb\nWN_VM=%q\n' "$OPT_KERNEL"
		[ -z "$MODULE" ] || printf 'WN_MODULE=%q\n' "$MODULE"
		local name
		while IFS= read -r name; do
			case $name in WN_MODULE|WN_VM) continue ;; esac
			printf '%s=%q\n' "$name" "${!name}"
		done < <(compgen -e | grep -E '^(WN|KSFT|WORKNODE)_' || :)
	} > "$JOB_DIR/environment"
}

# The folder that becomes /lib/modules/RELEASE in the guest. With --modprobe it also holds what this machine has installed for that
# release (by DKMS, say), indexed together.
job_modules() {
	local stock release both root
	stock=$("$VM_DIR/kernel" "$OPT_KERNEL" --path modules)
	release=$("$VM_DIR/kernel" "$OPT_KERNEL" --path release)
	if [ "$OPT_MODPROBE" -eq 0 ]; then echo "$stock"; return; fi
	[ -d "/lib/modules/$release/updates" ] || [ -d "/lib/modules/$release/extra" ] ||
		die "--modprobe: nothing is installed below /lib/modules/$release/updates or extra"
	root=$RUN_DIR/modules both=$RUN_DIR/modules/lib/modules/$release
	mkdir -p "$both"
	local part
	for part in updates extra; do
		[ ! -d "/lib/modules/$release/$part" ] || cp -rL "/lib/modules/$release/$part" "$both/"
	done
	[ -z "$stock" ] || ln -s "$stock/kernel" "$both/kernel"
	for part in modules.order modules.builtin modules.builtin.modinfo; do
		if [ -n "$stock" ] && [ -e "$stock/$part" ]; then cp "$stock/$part" "$both/"; else : > "$both/$part"; fi
	done
	depmod -b "$root" "$release" >&2
	echo "$both"
}
