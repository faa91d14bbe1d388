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
wrong 2 'too many' "${on[@]}" digest all
wrong 3 'cannot read' "${on[@]}" batch "$tmp/none"
