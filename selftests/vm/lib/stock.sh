# SPDX-License-Identifier: MIT
# Debian's own kernels: headers installed by apt, the image of the same version unpacked into the cache without installing it,
# so that the machine's boot loader is never touched.
# shellcheck shell=bash

# stock_release SERIES   the newest installed headers of that series, by their release string
stock_release() {
	local dir
	for dir in /usr/src/linux-headers-"$1".*-cloud-amd64; do
		[ -e "$dir/Module.symvers" ] && basename "${dir#*linux-headers-}"
	done | sort -V | tail -1
}

# The newest header package that apt offers and that has an image of exactly the same name (lists are unsorted, and old
# versions, unsigned and debug variants stand beside the wanted one).
stock_candidate() {
	local release
	apt-cache search --names-only "^linux-headers-$1\..*-cloud-amd64\$" | sed -n 's/^linux-headers-\([^ ]*\) .*/\1/p' | sort -rV |
	while IFS= read -r release; do
		if [ -n "$(apt-cache madison "linux-image-$release" 2>/dev/null)" ]; then
			echo "$release"; break
		fi
	done
}

stock_install_headers() {
	local series=$1 release
	release=$(stock_candidate "$series")
	if [ -z "$release" ] && [ "$(id -u)" -eq 0 ]; then
		say "refreshing apt's lists"
		apt-get -qq update >&2 || die "apt-get update failed"
		release=$(stock_candidate "$series")
	fi
	[ -n "$release" ] || die "apt knows no linux-headers-$series.*-cloud-amd64 with an image; run apt-get update, check the sources"
	[ "$(id -u)" -eq 0 ] || die "kernel headers are missing; as root: apt-get install --no-install-recommends linux-headers-$release"
	say "installing linux-headers-$release"
	DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "linux-headers-$release" >&2 ||
		die "apt-get install linux-headers-$release failed"
}

stock_dir() { echo "$VM_CACHE/stock-$1"; }

# stock_unpack RELEASE   an installed image is used where it is; else the package is fetched and unpacked
stock_unpack() {
	local release=$1 dir part version
	dir=$(stock_dir "$release")
	[ -e "$dir/.complete" ] && return 0
	need_commands dpkg-deb:dpkg apt-get:apt depmod:kmod
	part=$dir.part
	rm -rf "$part" "$dir"; mkdir -p "$part/deb"
	version=$(dpkg-query -W -f '${Version}' "linux-headers-$release")
	say "fetching linux-image-$release ($version)"
	stock_fetch "$part/deb" "linux-image-$release" "$version"
	dpkg-deb -x "$part"/deb/linux-image-*.deb "$part" || die "cannot unpack linux-image-$release"
	rm -rf "${part:?}/deb" "${part:?}/usr"
	[ -s "$part/boot/vmlinuz-$release" ] || die "linux-image-$release holds no boot/vmlinuz-$release"
	depmod -b "$part" "$release"
	touch "$part/.complete"
	mv "$part" "$dir"
}

# apt's sandbox user cannot write below a root-only cache, hence the setting.
stock_fetch() {
	local dir=$1 package=$2 version=$3
	(cd "$dir" && apt-get -qq -o APT::Sandbox::User=root download "$package=$version" >&2) && return 0
	[ "$(id -u)" -eq 0 ] && apt-get -qq update >&2
	(cd "$dir" && apt-get -qq -o APT::Sandbox::User=root download "$package=$version" >&2) ||
		die "apt-get cannot download $package=$version, the image of the installed headers; as root: apt-get update && apt-get install --no-install-recommends linux-headers-cloud-amd64 linux-headers-6.12-cloud-amd64"
}

ensure_stock() {
	local series=$1 release
	release=$(stock_release "$series")
	[ -z "$release" ] || [ ! -e "$(stock_dir "$release")/.complete" ] || return 0
	[ -n "$(stock_release "$series")" ] || with_lock apt stock_install_headers "$series"
	[ -n "$(stock_release "$series")" ] || die "linux-headers of $series are installed but not found under /usr/src"
	with_lock "stock-$series" stock_unpack "$(stock_release "$series")"
}
