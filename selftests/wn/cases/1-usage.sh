# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# The command line itself.

wrong 2 'usage: wn'
wrong 2 'no such command' "${on[@]}" nonsense
wrong 2 'a verb is missing' "${on[@]}" domain
wrong 2 'no such verb' "${on[@]}" node fly
wrong 2 'no such option.*--nonsense' --nonsense tree
wrong 2 'no such option.*-x' --json -xe tree
wrong 2 'takes no value' --embed=3 tree
wrong 2 'lacks its value: -m' -m
wrong 2 'lacks its value: --cap' --cap
wrong 2 '--cap wants' "${on[@]}" --cap 70000 tree
wrong 2 '--color wants' "${on[@]}" --color mauve tree
wrong 2 'demo domain' --live tree
wrong 2 'no such option: --wide' "${on[@]}" tree --wide
wrong 2 'lacks its value: --depth' "${on[@]}" tree --depth
wrong 2 'wants a number' "${on[@]}" tree --depth 65
wrong 2 'wants a number' "${on[@]}" tree --depth=-1
wrong 2 'too many arguments: /b' "${on[@]}" tree /a /b
wrong 2 'something is missing' "${on[@]}" node add
wrong 2 '\\x1b\[31m' "${on[@]}" $'no\e[31mcolour'

good 'wn [0-9]*' --version
good '*exit status: 0 done*' --help
good '*projects*' --color always tree
case $out in
*$'\e['*) tell "colours where they are asked for" "" ;;
*) tell "colours where they are asked for" "none" ;;
esac
good '*projects*' tree --long
case $out in
*$'\e['*) tell "no colours in a pipe" "$out" ;;
*) tell "no colours in a pipe" "" ;;
esac

# Output that cannot be written is an error.
status=0
"$wn" "${on[@]}" tree >/dev/full 2>"$tmp/err" || status=$?
problem=''
[ "$status" = 1 ] || problem="status $status"
grep -q 'cannot write the output' "$tmp/err" || problem+=" $(cat "$tmp/err")"
tell "a full disk under stdout" "$problem"

status=0
printf 'tree\ntree\n' | WORKNODE_PROGRESS=1 "$wn" "${on[@]}" batch >/dev/null 2>"$tmp/err" || status=$?
problem=''
[ "$status" = 0 ] || problem="status $status"
grep -q 'bytes done: ' "$tmp/err" || problem+=" $(cat "$tmp/err")"
tell "progress is told on stderr" "$problem"

# What takes memory for a domain does not come back before: its seconds are told.
printf 'nodes = 100\n' >"$tmp/waited.conf"
for args in 'domain create waited' "domain apply $tmp/waited.conf"; do
	fresh
	status=0
	# shellcheck disable=SC2086 # words
	WORKNODE_PROGRESS=1 "$wn" "${on[@]}" $args >"$tmp/out" 2>"$tmp/err" || status=$?
	problem=''
	[ "$status" = 0 ] || problem="status $status"
	grep -q 'domain, seconds: 0' "$tmp/err" || problem+=" $(cat "$tmp/err")"
	tell "progress of: ${args% /*}" "$problem"
	[ "$kernel" = 0 ] || "$wn" -m "$tmp/mnt" domain rm waited
done

# On a terminal, and beside one: two seconds are waited, so natively alone.
if [ "$kernel" = 0 ] && command -v script >/dev/null; then
	# tty COMMAND: what it writes to a terminal that is its stdin, stdout and stderr.
	tty()
	{
		TERM=xterm timeout 30 script -qec "$1" /dev/null </dev/null | tr -d '\r'
	}
	printf -v engine '%q ' "$wn" "${on[@]}"
	long=$(printf '#%.0s' {1..80})
	slow="{ echo tree; sleep 2.2; echo '$long'; sleep 0.3; echo '$long'; echo digest; } |"
	out=$(tty "$slow $engine batch >$tmp/out")
	[[ $out == *"bytes done: 86"*$'\e[K'* ]] && [ -s "$tmp/out" ] && problem='' || problem=$(cat -v <<<"$out")
	tell "on a terminal: a bar after two seconds, gone at the end" "$problem"
	out=$(tty "$slow $engine batch 2>$tmp/err >$tmp/out")
	[ -z "$out" ] && [ ! -s "$tmp/err" ] && problem='' || problem="$(cat -v <<<"$out") $(cat -v "$tmp/err")"
	tell "where stderr is none: silence" "$problem"
	out=$(tty "{ echo tree; echo '$long'; echo '$long'; } | $engine batch >$tmp/out")
	[ -z "$out" ] && problem='' || problem=$(cat -v <<<"$out")
	tell "what is quick has no bar" "$problem"
	# Colours: there, off by NO_COLOR, and asked for beats that.
	for how in "|yes" "NO_COLOR=1|no" "NO_COLOR=|yes" "TERM=dumb|no"; do
		out=$(tty "env ${how%|*} $engine tree --long")
		case $out in
		*$'\e['*) got=yes ;;
		*) got=no ;;
		esac
		[[ $out == *projects* && $got = "${how#*|}" ]] && problem='' || problem=$(cat -v <<<"$out")
		tell "colours on a terminal with ${how%|*}: ${how#*|}" "$problem"
	done
	out=$(tty "NO_COLOR=1 $engine --color always tree --long")
	[[ $out == *$'\e['* ]] && problem='' || problem=$out
	tell "--color always beats NO_COLOR" "$problem"
fi
