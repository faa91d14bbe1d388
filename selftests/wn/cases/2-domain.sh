# SPDX-License-Identifier: MIT
# shellcheck shell=bash

batch "domains are made, listed, shown, removed" $'DOMAIN*demo*other*bounds *nodes=8192 *nodes=100 *' <<-'EOF'
	domain create other --nodes 100 --mode 600
	domain create other --exists-ok
	domain ls
	domain show demo
	domain show other
	domain rm other
EOF
bad 7 'cannot create: .*/demo: the name is taken.*EEXIST' 'domain create demo'
bad 2 'no slash' 'domain create a/b'
bad 2 'no slash' 'domain create ""'
bad 2 'at most 63' "domain create $(printf 'n%.0s' {1..64})"
bad 2 'octal' 'domain create x --mode 999'
bad 2 'octal' 'domain create x --mode 1777'
bad 2 'wants a number' 'domain create x --nodes many'
bad 2 'does not know this word' 'domain create x --profile huge'
bad 2 'no such option' 'domain create x --noodles 5'
bad 1 'nodes is 0: from 1 to 200000 .*EINVAL' 'domain create x --nodes 0'
bad 6 'nodes is 999999999: from 1 to 200000 .*E2BIG' 'domain create x --nodes 999999999'
bad 6 'slab_bytes is 1099511627776: .*E2BIG' 'domain create x --slab_bytes 1099511627776'
bad 1 'sq_entries is not a power of two .*EINVAL' 'domain create x --sq_entries 48'
bad 1 'cq_entries is below sq_entries.*EINVAL' 'domain create x --cq_entries 64'
bad 1 'inbox_entries is below 4.*EINVAL' 'domain create x --inbox_entries 2'
bad 3 'ENOENT' 'domain show nobody'
bad 3 'ENOENT' 'domain rm nobody'
bad 2 'something is missing' 'domain rm'
if [ "$kernel" = 1 ]; then
	bad 7 'EEXIST' 'domain create control'
	wrong 3 'ENOENT' -m /proc info
	wrong 8 'ENOTTY' -m /proc/self/fd -d 0 tree
	wrong 3 'ENOENT' -m "$tmp/none" tree
	wrong 3 'no such domain|ENOENT' -m "$tmp/mnt" -d nobody tree
	"$wn" -m "$tmp/mnt" domain create second
	wrong 2 'there are several' -m "$tmp/mnt" tree
	"$wn" -m "$tmp/mnt" domain rm second
	status=0
	out=$("$wn" -m "$tmp/mnt" tree --depth 1) || status=$?
	[[ "$status" = 0 && $out == *projects* ]] && problem='' || problem="status $status: $out"
	tell "the only domain needs no -d" "$problem"
	# Somebody else, without rights.
	fresh
	status=0
	setpriv --reuid 12345 --regid 12345 --clear-groups "$wn" "${on[@]}" tree >"$tmp/out" 2>"$tmp/err" || status=$?
	problem=''
	[ "$status" = 5 ] || problem="status $status: $(cat "$tmp/err")"
	grep -q EACCES "$tmp/err" || problem+=" $(cat "$tmp/err")"
	tell "somebody else is not let in (5)" "$problem"
else
	wrong 3 'ENOENT' -e -d nobody tree
	wrong 3 'ENOENT|ENODEV' -m "$tmp/none" domain ls
	wrong 8 'ENOTTY' -m /proc/self/fd -d 0 tree
fi
