# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What is told of programs that are at work: holder has a lane, completions unread, refusals.
# And what needs the module: tracepoints, readiness.

[ "$kernel" = 1 ] || return 0

# Status 0, --json for the schema, and what jq finds in the last document.
told()	# NAME JQ ARGS...
{
	local name=$1 filter=$2 problem=''

	shift 2
	go --json "$@"
	[ "$status" = 0 ] || problem="status $status: $err"
	cat "$tmp/out" >>"$docs"
	tail -n 1 "$tmp/out" | jq -e "$filter" >/dev/null || problem+=" $(tail -n 1 "$tmp/out")"
	tell "$name" "$problem"
}

holder=${wn%/tools/wn/wn}/selftests/wn/holder
fresh
"$wn" -m "$tmp/mnt" domain create held
on=(-m "$tmp/mnt" -d held)
"$holder" "$tmp/mnt/held" >"$tmp/held" &
held=$!
for _ in {1..100}; do
	! grep -q ready "$tmp/held" || break
	sleep 0.1
done
grep -q ready "$tmp/held" && problem='' || problem="it is not ready"
tell "a program holds a lane" "$problem"

go lane ls
problem=''
[ "$status" = 0 ] || problem="status $status: $err"
want=$'LANE   FROM   TO          BYTES       FILL        WRITTEN  NODE, STATE\n0      1      0           65536       1024           1024  /sink'
[ "$out" = "$want" ] || problem+=" $out"
tell "wn lane ls" "$problem"
told "wn --json lane ls" '.lanes | length == 1 and .[0].producer == 1 and .[0].consumer == 0 and .[0].fill == 1024
	and .[0].path == "/sink" and .[0].state == ["accepted"]' lane ls

# Twice, for rates are what happened between two frames.
go top --frames 2 --interval 500ms
problem=''
[ "$status" = 0 ] || problem="status $status: $err"
grep -qE "^held +2 +$held holder +enabled +0/256 +5/512 +0 +[1-9][0-9]*$" <<<"$out" || problem+=" no client with 5 unread: $out"
grep -qE '^held +[0-9]+ +0 +[1-9][0-9]* .* 4/64 ' <<<"$(tail -n +8 <<<"$out")" || problem+=" no refusals: $out"
tell "wn top: what is unread, what is refused" "$problem"
told "wn --json top" '(.clients | map(select(.domain == "held" and .cq_unread == 5 and .cq_entries == 512
	and .program == "holder")) | length == 1) and (.domains | map(select(.name == "held" and .refused > 1
	and .clients == 4)) | length == 1)' top --frames 2 --interval 500ms

# A tracepoint beside a change. The holder's refusals are applied, too.
kill -STOP "$held"
(
	sleep 1
	"$wn" "${on[@]}" node add /traced
) &
go trace --event wn_apply --count 1 --timeout 20s
wait $! || :
problem=''
[ "$status" = 0 ] || problem="status $status: $err"
grep -qE '^[0-9.]+ +cpu 0 +wn_apply +domain=[0-9]+ .*opcode=[0-9]+ .*res=.* wn\([0-9]+\)$' <<<"$out" || problem+=" $out"
tell "wn trace: an op as it is applied" "$problem"
kill -CONT "$held"
told "wn --json trace" '.event == "wn_apply" and .comm == "holder" and .fields.res == "-116"' \
	trace --event wn_apply --count 1 --timeout 20s
go trace --list
[[ $out == *wn_submit* && $out == *wn_refuse* ]] && problem='' || problem=$out
tell "wn trace --list" "$problem"

# Ready is: the module answers.
"$wn" -m "$tmp/mnt" metrics --listen 127.0.0.1:9464 2>"$tmp/err" &
exporter=$!
http()	# PATH
{
	exec 3<>/dev/tcp/127.0.0.1/9464
	printf 'GET %s HTTP/1.0\r\n\r\n' "$1" >&3
	tr -d '\r' <&3
	exec 3>&-
}
for _ in {1..100}; do
	! (: </dev/tcp/127.0.0.1/9464) 2>/dev/null || break
	sleep 0.1
done
out=$(http /readyz 2>&1) || :
[[ $out == "HTTP/1.1 200 "*ready ]] && problem='' || problem="$out $(cat "$tmp/err")"
tell "/readyz with the module: 200" "$problem"
out=$(http /metrics 2>&1) || :
problem=''
for line in 'worknode_up 1' 'worknode_domain_clients{domain="held"} [45]' 'worknode_instance_bytes [1-9][0-9]*'; do
	grep -qx "$line" <<<"$out" || problem+=" no $line"
done
tell "/metrics tells of the holder" "$problem"
n=$(grep -cE '^(worknode|process)_' <<<"$out")
[ "$n" -ge 50 ] && problem='' || problem="$n only"
tell "fifty time series, and more" "$problem"
kill "$exporter"
wait "$exporter" || :

kill "$held"
wait "$held" 2>/dev/null || :
go lane ls
[ "$out" = "${want%%$'\n'*}" ] && problem='' || problem=$out
tell "wn lane ls: gone with its program" "$problem"
"$wn" -m "$tmp/mnt" domain rm held
on=(-m "$tmp/mnt" -d demo)
