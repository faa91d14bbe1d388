# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What holds for every command that there is, also for those that come: an option that it
# does not have, one without its value, a number that is none, are refused before anything is done.

mapfile -t every < <("$wn" completion fish | sed -nE 's/.*__fish_use_subcommand -a ([a-z]+) .*/\1/p')
lines=0
for c in "${every[@]}"; do
	while read -r usage; do
		line=${usage%%[[:upper:]-[|]*}
		line=${line%% }
		lines=$((lines + 1))
		[ "$line" != batch ] || continue
		bad 2 'no such option: --no-such' "$line --no-such"
		# "--depth N", "--window TIME": what follows is capital, or words to choose from.
		while read -r option value; do
			[ "$option" != --BOUND ] || option=--nodes
			bad 2 "lacks its value: $option" "$line $option"
			[ "$value" != N ] || bad 2 'wants a number|something is missing|wants |of those' "$line $option 1x"
		done < <(grep -oE -- '--[a-zA-Z-]+ ([A-Z]+|[a-z]+\|[a-z|]+|R,)' <<<"$usage")
	done < <("$wn" "$c" --help | sed -n 's/^usage: wn \[OPTIONS\] //p')
done
problem=''
[ $lines -ge 30 ] || problem="found only $lines of them"
tell "every command was tried" "$problem"
