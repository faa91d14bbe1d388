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
