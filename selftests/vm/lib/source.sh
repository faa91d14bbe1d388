# SPDX-License-Identifier: MIT
# The kernel source that our own kernels are built from: Debian's linux-source-6.12, unpacked once into the cache.
# shellcheck shell=bash

VM_SOURCE_PACKAGE=linux-source-6.12

source_version() {
	local version
	version=$(dpkg-query -W -f '${Version}' $VM_SOURCE_PACKAGE 2>/dev/null) && [ -n "$version" ] ||
		die "$VM_SOURCE_PACKAGE is not installed; as root: apt-get install --no-install-recommends $VM_SOURCE_PACKAGE"
	echo "$version"
}

source_dir() { echo "$VM_CACHE/source-$(source_version)"; }

# The C files below are never compiled by our fragments; without them the tree is a third of its size. Kconfig files and
# Makefiles must stay, for every one of them is read.
SOURCE_OMIT=(
	'*/Documentation/[a-z]*/*.rst' '*/Documentation/devicetree' '*/sound/*.[ch]' '*/tools/perf' '*/tools/testing'
	'*/drivers/gpu/drm/*.[ch]' '*/drivers/net/wireless/*.[ch]' '*/drivers/net/ethernet/*.[ch]' '*/drivers/media/*.[ch]'
	'*/drivers/scsi/*.[ch]' '*/drivers/staging/*.[ch]' '*/drivers/infiniband/*.[ch]' '*/drivers/accel/*.[ch]'
)
for arch in alpha arc arm arm64 csky hexagon loongarch m68k microblaze mips nios2 openrisc parisc powerpc riscv s390 sh \
	sparc xtensa; do
	SOURCE_OMIT+=("*/arch/$arch/*.[chS]" "*/arch/$arch/boot/dts")
done
unset arch

SOURCE_EDITS=2	# raise when the edits below change; they must bear being made twice

unpack_source() {
	local dir tarball=/usr/src/$VM_SOURCE_PACKAGE.tar.xz pattern omit=()
	dir=$(source_dir)
	if [ ! -e "$dir/.complete" ]; then
		[ -r "$tarball" ] || die "$tarball is missing; reinstall $VM_SOURCE_PACKAGE"
		say "unpacking $tarball into $dir"
		for pattern in "${SOURCE_OMIT[@]}"; do omit+=(--exclude="$pattern"); done
		rm -rf "$dir" "$dir.part"
		mkdir -p "$dir.part"
		tar -xf "$tarball" -C "$dir.part" --strip-components=1 "${omit[@]}"
		touch "$dir.part/.complete"
		mv "$dir.part" "$dir"
	fi
	if [ "$(cat "$dir/.edits" 2>/dev/null)" != $SOURCE_EDITS ]; then
		no_barrier_calls_outside_the_kernel "$dir"
		room_for_all_registers "$dir"
		echo $SOURCE_EDITS > "$dir/.edits"
	fi
}

# The kcsan kernel is built with barrier instrumentation switched on from the environment (see build.sh); what is not linked
# into the kernel proper cannot call it. A setting in a Makefile wins over the environment. No effect on other kernels.
no_barrier_calls_outside_the_kernel() {
	local makefile setting='KCSAN_INSTRUMENT_BARRIERS := n'
	for makefile in arch/x86/boot arch/x86/boot/compressed arch/x86/entry/vdso arch/x86/realmode/rm; do
		grep -qxF "$setting" "$1/$makefile/Makefile" || printf '\n%s\n' "$setting" >> "$1/$makefile/Makefile"
	done
}

# User-Mode Linux 6.12 keeps 2,696 bytes for a process's vector registers. The host demands all of them or refuses, and CPUs with
# AMX have 11,008 bytes, so no process could start there ("ptrace set fp regs failed, errno = 14"). Later Linux asks the
# host for the size. More room than needed does no harm.
room_for_all_registers() {
	sed -i 's/DEFINE_LONGS(HOST_FP_SIZE, 2696)/DEFINE_LONGS(HOST_FP_SIZE, 12288)/' "$1/arch/x86/um/user-offsets.c"
	grep -q 'HOST_FP_SIZE, 12288' "$1/arch/x86/um/user-offsets.c" || die "arch/x86/um/user-offsets.c is not as expected; see lib/source.sh"
}
