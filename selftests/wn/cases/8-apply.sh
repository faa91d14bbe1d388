# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Domains that files describe.

conf=$tmp/conf
mkdir -p "$conf/d"
printf '# a board\n\nname = board \nmode=640\n nodes = 0x200 # few\n' >"$conf/d/10-board.conf"
printf 'profile = default\ngroup = 0\nslab_bytes = 65536\n' >"$conf/d/queue.conf"
printf 'nonsense\n' >"$conf/d/no-conf"
batch "domains are applied, and kept the next time" $'board: created\nqueue: created\ndomain *nodes=512 *slab_bytes*board: kept\nqueue: kept*' <<-EOF
	domain apply $conf/d
	domain show board
	domain apply $conf/d
	domain rm board queue
EOF
apply()	# STATUS REGEX TEXT
{
	printf '%b' "$3" >"$conf/x.conf"
	bad "$1" "$2" "domain apply $conf/x.conf"
}
apply 2 'x.conf, line 2: a line is written KEY = VALUE' '# c\nnodes\n'
apply 2 'line 1: there is no such key' 'noodles = 1\n'
apply 2 'line 1: a bound is a number above 0' 'nodes = 0\n'
apply 2 'line 1: a bound is a number above 0' 'nodes = 4294967296\n'
apply 2 'line 1: a bound is a number above 0' 'nodes =\n'
apply 2 'octal' 'mode = rw\n'
apply 2 'no such user' 'owner = nobody-of-that-name\n'
apply 2 'no such group' 'group = -5\n'
apply 2 'profiles are' 'profile = huge\n'
apply 2 'no slash' 'name = a/b\n'
apply 2 'no slash' 'name =\n'
apply 6 'nodes is 4294967295: .*E2BIG' 'nodes = 4294967295\n'
bad 3 'cannot read' "domain apply $conf/none"
mkdir -p "$conf/twice"
echo 'name = same' >"$conf/twice/a.conf"
cp "$conf/twice/a.conf" "$conf/twice/b.conf"
bad 2 'of that name' "domain apply $conf/twice"
if [ "$kernel" = 1 ]; then
	printf 'mode = 606\nowner = 12345\ngroup = 54321\n' >"$conf/owned.conf"
	fresh
	"$wn" "${on[@]}" domain apply "$conf/owned.conf" >/dev/null
	got=$(stat -c '%a %u %g' "$tmp/mnt/owned")
	[ "$got" = '606 12345 54321' ] && problem='' || problem=$got
	tell "owner, group and mode are what the file says" "$problem"
	printf 'mode = 600\nnodes = 77\n' >"$conf/owned.conf"
	"$wn" "${on[@]}" domain apply "$conf/owned.conf" >"$tmp/out" 2>"$tmp/err" || :
	problem=''
	grep -q 'nodes is 8192 and stays so, not 77' "$tmp/err" || problem=$(cat "$tmp/err")
	[ "$(stat -c %a "$tmp/mnt/owned")" = 600 ] || problem+=" mode"
	tell "bounds of a domain that is there stay, and that is told" "$problem"
	"$wn" "${on[@]}" domain rm owned
fi
