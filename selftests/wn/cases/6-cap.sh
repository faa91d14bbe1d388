# SPDX-License-Identifier: MIT
# shellcheck shell=bash

good '*0 *- */  all*' cap ls
batch "a capability is granted, listed, revoked" '*handle 0x*index 1*nodes 0 of 5*' <<-'EOF'
	cap grant /projects --rights read,write,create --nodes 5 --badge 0x77
	cap ls
	watch --count 0 --audit
EOF
batch "and taken back" '*' <<-EOF
	cap grant /projects
	cap revoke --index 1
	digest
	info
EOF
bad 5 'EACCES|EKEYREVOKED' 'cap revoke --index 9'
bad 2 'by its handle, or by' 'cap revoke'
bad 2 'by its handle, or by' 'cap revoke 0x1 --index 1'
bad 2 'rights are all' 'cap grant / --rights walk'
bad 2 'rights are all' 'cap grant / --rights read,'
bad 3 'no such node' 'cap grant /none'
bad 3 'no client of that number' 'cap grant / --to 60'
bad 3 'granted nothing of that handle' 'cap revoke 0x77000077'
bad 2 'named by the handle' 'cap revoke everything'
wrong 2 '--to CLIENT' "${on[@]}" cap grant /
wrong 5 'EACCES' "${on[@]}" --cap 5 node add /x
wrong 2 'too many' "${on[@]}" cap ls all
wrong 2 'too many' "${on[@]}" info all
# Features by their names: a number is one that wn has not heard of.
go info
tell "wn info names all features" "$(grep '^features .*[0-9]' <<<"$out" || :)"
wrong 2 'too many' "${on[@]}" digest all
wrong 3 'cannot read' "${on[@]}" batch "$tmp/none"

# Tokens: in the kernel they outlive who made them; -e has one domain a process.
batch "a token is made; keys change" $'*\nnewest 2, oldest that is good 1\nnewest 2, oldest that is good 2' <<-'EOF'
	cap token /projects --expires 1h --rights read,write
	cap token /projects --bound --rights emit
	cap redeem
	cap epoch --next
	cap epoch --oldest 2
EOF
bad 2 'something is missing' 'cap redeem'
bad 2 'must end' 'cap token /projects'
bad 2 'rights are all' 'cap token / --expires 1s --rights fly'
bad 3 'no such node' 'cap token /none --expires 1s'
bad 2 '128 digits' 'cap redeem abc'
bad 5 'EBADMSG' "cap redeem $(printf '0%.0s' {1..128})"
bad 1 'EINVAL' 'cap epoch --oldest 77'
wrong 2 'for a batch' "${on[@]}" cap token / --bound
if [ "$kernel" = 1 ]; then
	fresh
	token=$("$wn" "${on[@]}" cap token /projects --expires 1h --rights read)
	printf '%s\n' "cap redeem $token" 'cap ls' >"$tmp/batch"
	status=0
	"$wn" "${on[@]}" batch "$tmp/batch" >"$tmp/out" 2>"$tmp/err" || status=$?
	problem=''
	[ "$status" = 0 ] || problem="status $status: $(cat "$tmp/err")"
	grep -q '^1 .*/projects  read  ' "$tmp/out" || problem+=" $(cat "$tmp/out")"
	tell "a token is redeemed by another process" "$problem"
	flipped=${token%?}$([ "${token: -1}" = 0 ] && echo 1 || echo 0)
	wrong 5 'EBADMSG' "${on[@]}" cap redeem "$flipped"
	"$wn" "${on[@]}" cap epoch --next >/dev/null
	"$wn" "${on[@]}" cap epoch --oldest 2 >/dev/null
	wrong 5 'EKEYREVOKED' "${on[@]}" cap redeem "$token"
fi
