#!/bin/sh
# SPDX-License-Identifier: MIT
#
# demo.sh BUILD: mount an instance, make a domain, open it from two processes,
# show it, remove it; then a board of tasks that four processes work on. Runs where the module is loaded; cleans up after itself.
set -eu

build=$1
wn=$build/tools/wn/wn
hello=$build/examples/hello
dir=$(mktemp -d "${TMPDIR:-/tmp}/worknode.XXXXXX")

clean()
{
	exec 8>&- 9>&-
	wait
	umount "$dir/mnt" 2>/dev/null || :
	rm -rf "$dir"
}
trap clean EXIT

say()
{
	printf '\n$ %s\n' "$*"
}

mkdir "$dir/mnt"
say "mount -t worknodefs -o max=8,size=64m demo $dir/mnt"
mount -t worknodefs -o max=8,size=64m demo "$dir/mnt"

say "wn -m $dir/mnt domain create board"
"$wn" -m "$dir/mnt" domain create board
say "ls -l $dir/mnt"
ls -l "$dir/mnt"

# Each process keeps its client open until its pipe ends.
mkfifo "$dir/a" "$dir/b"
say "hello board 1000 & hello board 2000 &"
"$hello" "$dir/mnt/board" 1000 <"$dir/a" >"$dir/a.out" &
first=$!
exec 8>"$dir/a"
"$hello" "$dir/mnt/board" 2000 <"$dir/b" >"$dir/b.out" 8>&- &
second=$!
exec 9>"$dir/b"
for out in "$dir/a.out" "$dir/b.out"; do
	tries=0
	until [ -s "$out" ]; do
		tries=$((tries + 1))
		[ $tries -lt 300 ] || { echo "demo: no answer in 30 s" >&2; exit 1; }
		sleep 0.1
	done
	cat "$out"
done

say "wn -m $dir/mnt domain show board"
"$wn" -m "$dir/mnt" domain show board

say "wn -m $dir/mnt domain rm board    # it lives on until both have closed it"
"$wn" -m "$dir/mnt" domain rm board
exec 8>&- 9>&-
wait "$first"
wait "$second"

say "taskboard tasks    # 10,000 tasks, 100,000 ops by four processes, one is killed"
"$build/examples/taskboard" "$dir/mnt/tasks"
"$wn" -m "$dir/mnt" domain rm tasks

say "wn -m $dir/mnt domain ls; df"
"$wn" -m "$dir/mnt" domain ls
used=$(stat -f -c '%b %f' "$dir/mnt" | { read -r all free; echo $((all - free)); })
echo "pages still held: $used"
[ "$used" = 0 ]
umount "$dir/mnt"
echo "demo: done"
