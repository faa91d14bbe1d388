# SPDX-License-Identifier: MIT
# Our own kernels: configure from fragments, check that every line took, build, keep what module builds need.
# shellcheck shell=bash

BUILD_RECIPE=1	# raise when the way of building changes, so that cached kernels are built anew

build_fragments() {
	case $1 in
	debug)     echo common x86 sanitize debug ;;
	kcsan)     echo common x86 kcsan ;;
	uml)       echo common um ;;
	uml-debug) echo common um sanitize um-debug ;;
	*) die "no fragments for a kernel called '$1'" ;;
	esac
}

build_arch() { case $1 in uml*) echo um ;; *) echo x86_64 ;; esac; }

# gcc-12 is Debian 12's compiler and the one the stock kernels are built with. Its plain name is preferred, because external
# modules are built with it by default and kbuild warns when the names differ.
build_compiler() {
	if [ "$(gcc -dumpversion 2>/dev/null)" = 12 ]; then echo gcc
	elif command -v gcc-12 >/dev/null; then echo gcc-12
	else die "gcc-12 is missing; as root: apt-get install --no-install-recommends gcc-12"
	fi
}

# The fragment as a whole; the release name tells the kernels apart, and so their modules.
merged_fragment() {
	local part
	for part in $(build_fragments "$1"); do cat "$VM_DIR/frag/$part.config"; done
	echo "CONFIG_LOCALVERSION=\"-wn-$1\""
	echo "CONFIG_LOCALVERSION_AUTO=n"
}

# A word for the cache key, where a source edit (see source.sh) matters to this kernel.
build_source_edit() { case $1 in uml*) echo " registers-12288" ;; esac; }

# What differs from a plain make, as environment. With KCSAN only modules are watched, not the kernel: races of Linux with
# itself are not ours to judge, and would drown ours. Barriers are still reported by the whole kernel, else a lock taken
# there would look like no lock to the weak-memory model.
build_environment() {
	case $1 in kcsan) echo "KCSAN_SANITIZE=n KCSAN_INSTRUMENT_BARRIERS=y" ;; esac
}

build_key() {
	{
		echo "$BUILD_RECIPE $(source_version) $(build_environment "$1")$(build_source_edit "$1")"
		"$(build_compiler)" --version | head -1
		merged_fragment "$1" | sed -e '/^#/d' -e '/^$/d'
	} | sha256sum | cut -c1-12
}

build_dir() { echo "$VM_CACHE/$1-$(build_key "$1")"; }

build_kernel() {
	local name=$1 dir
	need_commands make:make flex:flex bison:bison bc:bc cpio:cpio xz:xz-utils ld:binutils
	[ -e /usr/include/libelf.h ] || die "libelf.h is missing; as root: apt-get install --no-install-recommends libelf-dev"
	dir=$(build_dir "$name")
	[ -e "$dir/.complete" ] && return 0
	with_lock source unpack_source
	with_lock build build_one "$name" "$dir"
	[ -e "$dir/.complete" ] || die "kernel '$name' was not built"
	forget_old_builds "$name"
}

build_one() (
	set -euo pipefail
	name=$1 dir=$2 part=$2.part start=$SECONDS
	[ -e "$dir/.complete" ] && exit 0
	# External module builds follow absolute names, so the tree is built where it will stay and marked complete last.
	rm -rf "$dir"; mkdir -p "$dir"
	trap 'status=$?; [ -e "$dir/.complete" ] || { cp "$dir/build.log" "$VM_CACHE/$name.failed.log" 2>/dev/null || :; rm -rf "$dir"; }; exit $status' EXIT
	trap 'exit 130' INT TERM HUP
	merged_fragment "$name" > "$dir/wn.fragment"
	run=(env); read -ra extra <<< "$(build_environment "$name")"
	run+=("${extra[@]}" nice -n 10 make -C "$(source_dir)" O="$dir" ARCH="$(build_arch "$name")"
		CC="$(build_compiler)" HOSTCC="$(build_compiler)" KBUILD_BUILD_USER=worknode KBUILD_BUILD_HOST=worknode)

	say "configuring kernel '$name' in $dir"
	"${run[@]}" -s KCONFIG_ALLCONFIG="$dir/wn.fragment" allnoconfig > "$dir/build.log" 2>&1 || build_failed "$dir" "configuring '$name'"
	check_config "$dir/wn.fragment" "$dir/.config" "$name"

	say "building kernel '$name' (about 8 minutes on two CPUs, once; log: $dir/build.log)"
	set +o pipefail
	"${run[@]}" -j"${WN_JOBS:-$(nproc)}" $(build_targets "$name") 2>&1 | tee -a "$dir/build.log" | build_progress "$name"
	[ "${PIPESTATUS[0]}" -eq 0 ] || build_failed "$dir" "building '$name'"
	set -o pipefail
	make -s -C "$dir" ARCH="$(build_arch "$name")" kernelrelease > "$dir/wn.release"
	prune_build "$name" "$dir"
	touch "$dir/.complete"
	rm -f "$VM_CACHE/$name".failed.*
	say "kernel '$name' is $(cat "$dir/wn.release"), built in $(((SECONDS - start + 30) / 60)) min, $(du -sh "$dir" | cut -f1)"
)

build_targets() { case $1 in uml*) echo "linux modules" ;; *) echo "bzImage modules" ;; esac; }

build_failed() {
	tail -n 30 "$1/build.log" >&2
	die "$2 failed (above: the end of the log, all of it in $VM_CACHE/$(basename "${1%-*}").failed.log)"
}

# One line a minute, so that a long build is seen to be alive.
build_progress() {
	local line count=0 next=$((SECONDS + 60))
	while IFS= read -r line; do
		count=$((count + 1))
		if ((SECONDS >= next)); then
			say "  $1: $count steps done; now ${line#"${line%%[![:space:]]*}"}"
			next=$((SECONDS + 60))
		fi
	done
}

# check_config FRAGMENT CONFIG NAME   kconfig drops silently what it cannot satisfy; here that is an error
check_config() {
	local line key bad=()
	while IFS= read -r line; do
		case $line in
		CONFIG_*=n) key=${line%%=*}
			grep -q "^$key=" "$2" && bad+=("$line (is: $(grep "^$key=" "$2"))") ;;
		CONFIG_*=*) key=${line%%=*}
			grep -qxF -- "$line" "$2" || bad+=("$line (is: $(grep -E "^(# )?${key}[ =]" "$2" || echo unknown or unreachable))") ;;
		esac
	done < "$1"
	[ ${#bad[@]} -eq 0 ] && return 0
	printf 'vm:   not taken: %s\n' "${bad[@]}" >&2
	cp "$2" "$VM_CACHE/$3.failed.config"
	die "kernel '$3': ${#bad[@]} line(s) of selftests/vm/frag did not take (config: $VM_CACHE/$3.failed.config)"
}

# External modules need headers, scripts, objtool, the configuration and the symbols: not the objects.
prune_build() {
	local name=$1 dir=$2
	case $name in
	uml*) cp "$dir/linux" "$dir/wn.image" ;;
	*)    cp "$dir/arch/x86/boot/bzImage" "$dir/wn.image" ;;
	esac
	[ -s "$dir/Module.symvers" ] || die "kernel '$name' has no Module.symvers"
	find "$dir" -type f \( -name '*.o' -o -name '*.a' -o -name '*.cmd' -o -name '*.d' -o -name '.tmp_*' -o -name '*.bin' \
		-o -name 'modules.order' -o -name '*.ko' -o -name '*.mod' -o -name '*.mod.c' \) \
		! -path "$dir/scripts/*" ! -path "$dir/tools/*" ! -path "$dir/include/*" -delete
	rm -f "$dir/vmlinux" "$dir/vmlinux.unstripped" "$dir/linux" "$dir/arch/x86/boot/compressed/vmlinux" "$dir/arch/x86/boot/bzImage"
	find "$dir/tools" -type f \( -name '*.o' -o -name '*.a' \) -delete 2>/dev/null || :
}

# Builds with other fragments stay for a week, for switching between branches; a use touches the mark.
forget_old_builds() {
	local mark
	find "$VM_CACHE" -mindepth 2 -maxdepth 2 -name .complete -path "$VM_CACHE/$1-????????????/*" -mtime +7 |
	while IFS= read -r mark; do
		[ "$(dirname "$mark")" = "$(build_dir "$1")" ] && continue
		say "removing the old build $(dirname "$mark")"
		rm -rf "$(dirname "$mark")"
	done
}
