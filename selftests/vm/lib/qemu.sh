# SPDX-License-Identifier: MIT
# A guest under QEMU: initramfs, host's root by virtiofs, accelerator, serial ports.
#   ttyS0 -> console.log   ttyS1 -> verdict.log   ttyS2 -> data.log
# Uses the variables of `run` (OPT_*, RUN_DIR, PRIVATE); sets GUEST_PID and HELPER_PIDS.
# shellcheck shell=bash

# make_initramfs OUT NAME   busybox, our init, and the modules that virtiofs needs where it is not built in
make_initramfs() {
	local out=$1 name=$2 tree=$PRIVATE/initramfs applet number=0 module
	need_commands cpio:cpio busybox:busybox-static modprobe:kmod
	mkdir -p "$tree"/{bin,proc,dev,root,modules}
	cp "$(command -v busybox)" "$tree/bin/busybox"
	for applet in sh cat mount umount insmod poweroff switch_root; do ln -s busybox "$tree/bin/$applet"; done
	cp "$VM_DIR/guest/initramfs" "$tree/init"
	while IFS= read -r module; do
		number=$((number + 1))
		case $module in
		*.xz) xz -dc "$module" ;;
		*) cat "$module" ;;
		esac > "$tree/modules/$(printf '%02d' $number).ko"
	done < <(virtiofs_modules "$name")
	(cd "$tree" && find . | cpio -o -H newc --quiet | gzip -1) > "$out"
	rm -rf "$tree"
}

# The module files to load, in order; empty for a kernel that has all built in.
virtiofs_modules() {
	local modules release root
	modules=$("$VM_DIR/kernel" "$1" --path modules)
	[ -n "$modules" ] || return 0
	release=$(basename "$modules")
	root=${modules%/lib/modules/*}
	{
		modprobe -d "$root" -S "$release" --show-depends virtio_pci
		modprobe -d "$root" -S "$release" --show-depends virtiofs
	} | awk '$1 == "insmod" && !seen[$2]++ { print $2 }'
}

# Hardware virtualisation is used when it really boots a kernel; found out once per start of this machine.
find_accelerator() {
	local image=$1 cache word=tcg
	cache=$VM_CACHE/accelerator.$(cat /proc/sys/kernel/random/boot_id)
	if [ ! -s "$cache" ]; then
		rm -f "$VM_CACHE"/accelerator.*
		if [ -w /dev/kvm ]; then
			say "trying whether /dev/kvm boots a kernel (5 seconds, once)"
			if probe_kvm "$image"; then word=kvm; fi
			say "hardware virtualisation: $([ $word = kvm ] && echo works || echo "does not boot a kernel; using emulation")"
		fi
		echo $word > "$cache.$$" && mv "$cache.$$" "$cache"
	fi
	cat "$cache"
}

probe_kvm() {
	local out=$PRIVATE/probe pid deadline=$((SECONDS + 5))
	: > "$out"
	setpriv --pdeathsig KILL qemu-system-x86_64 -accel kvm -cpu host -machine q35 -smp 1 -m 256M -display none -no-reboot -nodefaults \
		-serial null -serial "file:$out" -kernel "$image" -initrd "$PRIVATE/initramfs.gz" \
		-append "quiet panic=-1 wn.probe=1" < /dev/null > /dev/null 2>&1 &
	pid=$!
	while ((SECONDS < deadline)) && kill -0 $pid 2>/dev/null && ! grep -q 'wn-vm probe ok' "$out"; do sleep 0.1; done
	kill -KILL $pid 2>/dev/null || :
	wait $pid 2>/dev/null || :
	grep -q 'wn-vm probe ok' "$out"
}

# The frequency of the time-stamp counter in kHz, measured once per start of this machine; see tsc.c.
find_tsc_khz() {
	local cache khz
	cache=$VM_CACHE/tsc-khz.$(cat /proc/sys/kernel/random/boot_id)
	if [ ! -s "$cache" ]; then
		need_commands gcc:gcc
		rm -f "$VM_CACHE"/tsc-khz.*
		gcc -O2 -o "$PRIVATE/tsc" "$VM_DIR/lib/tsc.c" || die "cannot compile $VM_DIR/lib/tsc.c"
		khz=$("$PRIVATE/tsc") || die "cannot measure the time-stamp counter"
		echo "$khz" > "$cache.$$" && mv "$cache.$$" "$cache"
	fi
	cat "$cache"
}

find_virtiofsd() {
	local path
	for path in /usr/lib/qemu/virtiofsd /usr/libexec/virtiofsd; do
		[ -x "$path" ] && { echo "$path"; return; }
	done
	die "virtiofsd is missing; as root: apt-get install --no-install-recommends qemu-system-common"
}

start_virtiofsd() {
	local socket=$PRIVATE/fs.sock try
	setpriv --pdeathsig KILL unshare --mount "$VM_DIR/lib/readonly-host" "$PRIVATE" "$(find_virtiofsd)" --socket-path="$socket" \
		-o source=/ -o cache=always -o sandbox=chroot -f > "$RUN_DIR/virtiofsd.log" 2>&1 < /dev/null &
	HELPER_PIDS+=($!)
	for ((try = 0; try < 100; try++)); do
		[ -S "$socket" ] && return 0
		kill -0 "${HELPER_PIDS[-1]}" 2>/dev/null || break
		sleep 0.05
	done
	cat "$RUN_DIR/virtiofsd.log" >&2
	die "virtiofsd did not start (log: $RUN_DIR/virtiofsd.log)"
}

start_qemu() {
	local name=$OPT_KERNEL image accel cpus=$OPT_CPUS append args=()
	need_commands qemu-system-x86_64:qemu-system-x86
	image=$("$VM_DIR/kernel" "$name" --path image)
	[ -e "$PRIVATE/initramfs.gz" ] || make_initramfs "$PRIVATE/initramfs.gz" "$name"
	append="console=ttyS0 quiet panic=-1 oops=panic mitigations=off tsc=reliable log_buf_len=4M printk.devkmsg=on"
	append+=" wn.init=$VM_DIR/guest/init wn.job=$JOB_DIR"
	if [ "$name" = icount ]; then
		accel=icount cpus=1
		args+=(-accel "tcg,thread=single" -icount "shift=0,sleep=off" -cpu max -seed 7 -rtc "base=2026-01-01T00:00:00,clock=vm")
		append+=" nokaslr norandmaps"
	else
		accel=$(find_accelerator "$image")
		case $accel in
		kvm) args+=(-accel kvm -cpu host) ;;
		*)   args+=(-accel "tcg,thread=multi" -cpu max)
		     # All that a kernel patches while it boots it does on one CPU (README: [alone]).
		     append+=" tsc_early_khz=$(find_tsc_khz) maxcpus=1" ;;
		esac
	fi
	[ -z "$OPT_MONITOR" ] || args+=(-monitor "unix:$OPT_MONITOR,server=on,wait=off")
	[ "$OPT_KEEP_GOING" -eq 0 ] || append+=" kasan_multi_shot"
	RUN_HOW="qemu $accel, $cpus CPU(s), $OPT_MEM"

	start_virtiofsd
	: > "$RUN_DIR/console.log"; : > "$RUN_DIR/verdict.log"; : > "$RUN_DIR/data.log"
	setpriv --pdeathsig KILL qemu-system-x86_64 "${args[@]}" -machine q35 -smp "$cpus" -m "$OPT_MEM" -display none -no-reboot -nodefaults \
		-serial "file:$RUN_DIR/console.log" -serial "file:$RUN_DIR/verdict.log" -serial "file:$RUN_DIR/data.log" \
		-object "memory-backend-memfd,id=mem,size=$OPT_MEM,share=on" -numa node,memdev=mem \
		-chardev "socket,id=fs,path=$PRIVATE/fs.sock" -device vhost-user-fs-pci,chardev=fs,tag=hostroot \
		-kernel "$image" -initrd "$PRIVATE/initramfs.gz" -append "$append $OPT_APPEND" \
		< /dev/null > "$RUN_DIR/qemu.log" 2>&1 &
	GUEST_PID=$!
}
