# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Looking on: stat, top, metrics, trace, doctor, completion.

good '*clients now*submitted*latency*us*' stat
good '*clients*changes/s*submitted/s*' stat 20ms 3
good 'DOMAIN*demo *' top --frames 1 --sort name
good '*completion for wn*complete -F _wn wn' completion bash
good '#compdef wn*' completion zsh
good '*complete -c wn*cell*' completion fish
batch "rates, domains, findings" '*DOMAIN*demo*' <<-'EOF'
	stat
	stat 10ms 1
	top --frames 2 --interval 10ms
EOF
wrong 2 '10ms at least' "${on[@]}" stat 0
wrong 2 '10ms at least' "${on[@]}" stat soon
wrong 2 'how often' "${on[@]}" stat 1 often
wrong 2 'how often' "${on[@]}" stat 1 0
wrong 2 'does not know this word' "${on[@]}" top --sort luck
wrong 2 '10ms at least' "${on[@]}" top --interval 1us
wrong 2 'the shells are' "${on[@]}" completion tcsh
wrong 2 'reads no JSON' "${on[@]}" --json completion bash
wrong 2 'exclude each other' "${on[@]}" metrics --listen 127.0.0.1:1 --serve
wrong 2 'goes with --listen' "${on[@]}" metrics --idle 1s
wrong 2 'format of Prometheus' "${on[@]}" --json metrics
wrong 2 'wants sockets of systemd' "${on[@]}" metrics --serve
wrong 2 'wants ADDRESS:PORT' "${on[@]}" metrics --listen nowhere
wrong 2 'wants ADDRESS:PORT' "${on[@]}" metrics --listen 127.0.0.1:65616
wrong 2 'wants ADDRESS:PORT' "${on[@]}" metrics --listen host.invalid:80
wrong 1 'cannot listen' "${on[@]}" metrics --listen unix:/nonexistent/socket
wrong 2 'too many' "${on[@]}" doctor me

# Curses: on a terminal of its own.
if command -v script >/dev/null; then
	fresh
	status=0
	(sleep 1; printf 'sr'; sleep 0.3; printf q) | TERM=xterm timeout 30 script -qec \
		"stty cols 120 rows 30; $(printf '%q ' "$wn" "${on[@]}" top --interval 200ms)" /dev/null \
		>"$tmp/out" 2>&1 || status=$?
	problem=''
	[ "$status" = 0 ] || problem="status $status"
	grep -qa 'refused.*backwards' "$tmp/out" || problem+=" $(tr -cd '[:print:]' <"$tmp/out")"
	grep -qa 'demo' "$tmp/out" || problem+=" no domain"
	tell "top draws, sorts, turns round and ends by q" "$problem"
fi

# Every metric has help and type, and Prometheus takes it.
good '*worknode_up 1*worknode_domain_nodes{domain="demo"} *worknode_domain_submitted_total{domain="demo"}*' metrics
if command -v promtool >/dev/null; then
	problem=$(promtool check metrics <"$tmp/out" 2>&1) && problem='' || problem="promtool: $problem"
	tell "promtool takes the metrics" "$problem"
fi
n=$(grep -c '^worknode_' "$tmp/out")
[ "$n" -ge 45 ] && problem='' || problem="$n only"
tell "$n metrics of one domain" "$problem"

# The shell does complete.
for words in "wn nod|node" "wn cell me|members" "wn node add --ti|--tier" "wn --color al|always" "wn query --pre|--prefix"; do
	got=$(bash -c '
		eval "$("$1" completion bash)"
		read -ra COMP_WORDS <<<"$2"
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		_wn
		echo "${COMPREPLY[*]}"' bash "$wn" "${words%|*}" 2>&1)
	[ "$got" = "${words#*|}" ] && problem='' || problem="got: $got"
	tell "completion of: ${words%|*}" "$problem"
done

# The others do, too. zsh: what it would offer, for there is no terminal.
cat >"$tmp/zsh" <<-'EOF'
	compdef() { : }
	_files() { : }
	compadd() { local w; for w in "${@[2,-1]}"; do [[ $w != ${words[CURRENT]}* ]] || print -r -- $w; done }
	source <($1 completion zsh)
	words=(${=2}) CURRENT=${#words}
	_wn
EOF
"$wn" completion fish >"$tmp/fish"
for words in "wn nod|node" "wn cell me|members" "wn node add --ti|--tier" "wn --color al|always" "wn query --pre|--prefix" \
	"wn -m /tmp --cap 1 node ge|get"; do
	if command -v zsh >/dev/null; then
		got=$(zsh -f "$tmp/zsh" "$wn" "${words%|*}" 2>&1) || :
		[ "$got" = "${words#*|}" ] && problem='' || problem="got: $got"
		tell "completion by zsh of: ${words%|*}" "$problem"
	fi
	if command -v fish >/dev/null; then
		got=$(HOME=$tmp XDG_CONFIG_HOME=$tmp fish -c "source $tmp/fish; complete -C'${words%|*}'" 2>&1 | cut -f 1) || :
		[ "$got" = "${words#*|}" ] && problem='' || problem="got: $got"
		tell "completion by fish of: ${words%|*}" "$problem"
	fi
done

# A host that is made up.
host=$tmp/host
release=$(uname -r)
mkdir -p "$host/sys/module/worknode/parameters" "$host/proc/self" "$host/lib/modules/$release/build" \
	"$host/sys/module/module/parameters" "$host/sys/kernel/security"
doctor()	# REGEX NAME
{
	status=0
	"$wn" -m "$tmp/none" doctor --root "$host" >"$tmp/out" 2>&1 || status=$?
	problem=''
	grep -qE "$1" "$tmp/out" || problem=$(cat "$tmp/out")
	[ "$status" = 8 ] || problem+=" status $status"
	tell "doctor: $2" "$problem"
}
echo 9.9 >"$host/sys/module/worknode/version"
doctor '^ok +module +worknode 9.9 is loaded' "the module"
doctor '^warn +file +no module is installed' "no file of it"
echo "updates/dkms/worknode.ko.xz:" >"$host/lib/modules/$release/modules.dep"
: >"$host/lib/modules/$release/build/Makefile"
doctor '^ok +file +modprobe finds' "its file"
doctor '^ok +headers' "headers"
doctor '^fail +instance .* not mounted' "no instance"
echo Y >"$host/sys/module/module/parameters/sig_enforce"
doctor '^ok +signature .* took ours' "signed"
rm -r "$host/sys/module/worknode"
doctor '^fail +signature .*signed modules only' "not signed"
doctor 'mokutil' "what to do about it"
doctor '^fail +module .*not loaded' "no module"
echo N >"$host/sys/module/module/parameters/sig_enforce"
echo 'none [integrity] confidentiality' >"$host/sys/kernel/security/lockdown"
doctor '^fail +signature' "locked down"
status=0
"$wn" --json -m "$tmp/none" doctor --root "$host" >"$tmp/out" 2>"$tmp/err" || status=$?
[ "$status" = 8 ] && [ -s "$tmp/out" ] && problem='' || problem="status $status"
cat "$tmp/out" >>"$docs"
tell "doctor's findings are told with --json, too" "$problem"
if [ "$kernel" = 1 ]; then
	"$wn" -m "$tmp/mnt" doctor >"$tmp/out" 2>&1 || :
	grep -q '^ok *instance' "$tmp/out" && grep -q '^ok *abi' "$tmp/out" && problem='' || problem=$(cat "$tmp/out")
	tell "doctor finds the instance" "$problem"
	mount -o remount,max=1 "$tmp/mnt"
	"$wn" -m "$tmp/mnt" doctor >"$tmp/out" 2>&1 || :
	mount -o remount,max=16 "$tmp/mnt"
	grep -q '^warn *domains' "$tmp/out" && problem='' || problem=$(cat "$tmp/out")
	tell "doctor finds that no more domains can be made" "$problem"

	# One who is not root, before and after control was given to a group of his.
	finds()	# PRIVILEGES REGEX NAME
	{
		status=0
		# shellcheck disable=SC2086 # words
		setpriv --reuid 12345 --regid 12345 $1 "$wn" -m "$tmp/mnt" doctor --root "$host" >"$tmp/out" 2>&1 || status=$?
		grep -qE "$2" "$tmp/out" && problem='' || problem="status $status: $(cat "$tmp/out")"
		tell "doctor: $3" "$problem"
	}
	mkdir -p "$host/sys/module/worknode"
	echo N >"$host/sys/module/module/parameters/sig_enforce"
	echo '[none] integrity' >"$host/sys/kernel/security/lockdown"
	chmod 755 "$tmp" "$tmp/mnt"
	chmod -R a+rX "$host"
	finds --clear-groups '^warn +control +only the owner of .*/control' "who may make domains is root alone"
	finds --clear-groups 'gid=worknode,mode=660' "how to let others"
	finds --clear-groups '^warn +abi ' "what he may not ask is no failure"
	[ "$status" = 0 ] && problem='' || problem="status $status: $(cat "$tmp/out")"
	tell "doctor: warnings are status 0" "$problem"
	chgrp games "$tmp/mnt/control"
	chmod 660 "$tmp/mnt/control"
	finds --clear-groups '^warn +control .* members of the group games may' "a group may make domains"
	finds --clear-groups 'usermod -aG games USER' "how to become a member"
	finds '--groups games' '^ok +control +you may make domains' "a member may"
	chgrp root "$tmp/mnt/control"
	chmod 600 "$tmp/mnt/control"

	# Bounds, of a domain and of the instance.
	fresh
	"$wn" -m "$tmp/mnt" domain create narrow --nodes 10 --clients 4
	for i in {1..9}; do "$wn" -m "$tmp/mnt" -d narrow node add "/n$i"; done
	"$wn" -m "$tmp/mnt" doctor >"$tmp/out" 2>&1 || :
	grep -q '^warn *bound *narrow has 10 of 10 nodes' "$tmp/out" && problem='' || problem=$(cat "$tmp/out")
	tell "doctor finds a domain without room for nodes" "$problem"
	"$wn" -m "$tmp/mnt" domain rm narrow
	used=$(df --output=used -B1 "$tmp/mnt" | tail -n 1)
	mount -o "remount,size=$((used * 21 / 20))" "$tmp/mnt"
	"$wn" -m "$tmp/mnt" doctor >"$tmp/out" 2>&1 || :
	mount -o remount,size=256m "$tmp/mnt"
	grep -q '^warn *memory *more than nine tenths' "$tmp/out" && problem='' || problem=$(cat "$tmp/out")
	tell "doctor finds an instance whose memory is used up" "$problem"
fi

# A tracefs that is made up.
t=$tmp/tracefs
mkdir -p "$t/events/worknode/wn_submit" "$t/events/worknode/wn_apply"
touch "$t"/events/worknode/wn_{submit,apply}/enable
cat >"$t/trace_pipe" <<-'EOF'
	# a comment
	            bash-x-1234    [003] d..1.    77.000123: wn_submit: domain=5 client=2 n=16
	          <...>-99      [000] .....    77.000200: wn_apply: domain=5 op=1 res=-11
	CPU:1 [LOST 5 EVENTS]
EOF
for args in "trace --tracefs $t" "trace --list --tracefs $t"; do
	status=0
	# shellcheck disable=SC2086 # words
	"$wn" --json $args >>"$docs" 2>"$tmp/err" || status=$?
	[ "$status" = 0 ] && problem='' || problem="status $status: $(cat "$tmp/err")"
	tell "wn --json ${args%% /*}" "$problem"
done
"$wn" trace --tracefs "$t" >"$tmp/out" 2>"$tmp/err" || :
want=$'77.000123  cpu 3   wn_submit          domain=5 client=2 n=16  bash-x(1234)\n77.000200  cpu 0   wn_apply           domain=5 op=1 res=-11  <...>(99)'
[ "$(cat "$tmp/out")" = "$want" ] && problem='' || problem=$(cat "$tmp/out")
tell "tracepoints in human form" "$problem"
grep -q 'LOST 5 EVENTS' "$tmp/err" && problem='' || problem=$(cat "$tmp/err")
tell "lost events are told" "$problem"
[ "$(cat "$t/events/worknode/wn_apply/enable")" = 1 ] && problem='' || problem="not switched on"
tell "events are switched on" "$problem"
wrong 3 'no event has that name' trace --tracefs "$t" --event 'wn_x*'
wrong 8 'is it loaded' trace --tracefs "$tmp"
wrong 8 'tracefs is not mounted' trace --tracefs "$tmp/none"
wrong 8 'engine in this process has none' -e trace

# Who holds one is another program: none here.
good 'LANE*FROM*TO*BYTES*FILL*WRITTEN*NODE, STATE' lane ls
batch "lanes are listed" 'LANE*' <<<'lane ls'
wrong 2 'too many' "${on[@]}" lane ls all
wrong 2 'no such verb' "${on[@]}" lane make
