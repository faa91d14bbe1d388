# SPDX-License-Identifier: MIT
# shellcheck shell=bash

good '*change*/projects *state*change*/projects/alpha *state*/projects/beta *state*' watch /projects --state --fields --count 3
bad 7 'nobody reads' 'emit /services/echo hello'
bad 3 'no such node' 'emit /none hello'
bad 2 '24 bytes at most' 'emit /services/echo 1234567890123456789012345'
bad 2 'so large' 'emit /services/echo x --priority 4'
bad 2 'for one node' 'emit /services/echo x --in 1s --children'
bad 3 'no such node' 'watch /none'
bad 2 'goes alone' 'watch --audit --tree'
bad 9 'the time passed' 'watch --count 1 --timeout 50ms /services'
bad 2 'wants a time' 'watch --timeout late'
batch "events that nobody is there for" '0' <<-'EOF'
	emit /services --children
EOF
if [ "$kernel" = 0 ]; then
	on=(-e --live)
	good '*user*/services/echo type*' watch --take /services/echo --count 2
	good '*change*/projects/alpha/task-*fields*' watch /projects --fields --count 2
	good '' emit /services/echo "hello" --type 7 --priority 3 --trace 5
	good 1 emit /services --children
	for args in "watch /services/echo --take --count 2" "watch --count 4 --timeout 5s" \
		"emit /services/echo hi" "emit --children /services --in=0 hi"; do
		# shellcheck disable=SC2086 # words
		go --json $args
		[ "$status" != 0 ] || cat "$tmp/out" >>"$docs"
	done
	wrong 7 'another client reads them' "${on[@]}" watch --events /services/echo
	wrong 9 'the time passed' "${on[@]}" watch --events /services --timeout 0.1 --count 1
	on=(-e)
else
	# One watches, another changes and sends.
	fresh
	"$wn" "${on[@]}" watch /services --events --count 6 --timeout 60s >"$tmp/seen" 2>&1 &
	watcher=$!
	tries=0
	until "$wn" "${on[@]}" emit /services "hello $tries" 2>/dev/null; do
		tries=$((tries + 1))
		[ $tries -lt 200 ] || break
		sleep 0.1
	done
	"$wn" "${on[@]}" emit /services later --in 100ms --type 9
	"$wn" "${on[@]}" emit /services word --priority 3
	for n in 1 2 3; do
		"$wn" "${on[@]}" emit /services "$n"
	done
	status=0
	wait $watcher || status=$?
	problem=''
	[ "$status" = 0 ] || problem="status $status"
	grep -q 'user .*/services type 9 later' "$tmp/seen" || problem+=" no later:"
	grep -q 'user .*/services type 0 word' "$tmp/seen" || problem+=" no word:"
	[ -z "$problem" ] || problem+=" $(cat "$tmp/seen")"
	tell "another process's events are seen" "$problem"

	"$wn" "${on[@]}" watch /projects --count 1 --timeout 60s >"$tmp/seen" 2>&1 &
	watcher=$!
	while kill -0 "$watcher" 2>/dev/null; do
		"$wn" "${on[@]}" cell inc /projects/alpha 1
		sleep 0.1
	done
	problem=''
	grep -q 'change .*/projects/alpha cells' "$tmp/seen" || problem=$(cat "$tmp/seen")
	tell "another process's changes are seen" "$problem"

	"$wn" "${on[@]}" watch /projects >"$tmp/seen" 2>&1 &
	watcher=$!
	sleep 1
	# A shell without job control starts it deaf for the first; else it may be gone by the second.
	kill -INT $watcher 2>/dev/null || :
	kill -TERM $watcher 2>/dev/null || :
	status=0
	wait $watcher || status=$?
	[ "$status" = 0 ] && problem='' || problem="status $status"
	tell "a watcher that is told to stop ends well" "$problem"
fi
