# SPDX-License-Identifier: MIT
# shellcheck shell=bash

good 42 cell get /projects/alpha 1
good -7 cell get /projects/alpha 2
good green cell get /projects/alpha 3
good $'ann\nbob' cell members /projects/alpha 4
good 1000 cell get /projects/alpha 5
good v1 cell members /projects/alpha 6
good on cell get /projects/alpha 7
good $'colour\tblue' cell members /projects/alpha 8
good blue cell get /projects/alpha 8 colour
good yes cell get /projects/alpha 4 ann
good $'ID *\n9 *ormap*0\n*\n3 *lww*green\n2 *-7\n1 *42' cell ls /projects/alpha
batch "cells are counted, set, read, removed" $'50\n-10\n5\nred\n2\neve\noff\nx\t3\n*' <<-EOF
	cell inc /projects/alpha 1 8
	cell get /projects/alpha 1
	cell inc /projects/alpha 2 -3
	cell get /projects/alpha 2
	cell inc /projects/alpha 5 -995
	cell get /projects/alpha 5
	cell set /projects/alpha 3 red
	cell get /projects/alpha 3
	cell set /projects/alpha 4 eve
	cell unset /projects/alpha 4 ann
	cell unset /projects/alpha 4 bob
	cell set /projects/alpha 4 $(printf 'k%.0s' {1..500})
	cell get /projects/alpha 4
	cell unset /projects/alpha 4 $(printf 'k%.0s' {1..500})
	cell members /projects/alpha 4
	cell set /projects/alpha 7 off
	cell get /projects/alpha 7
	cell inc /projects/alpha 9 3 --key x
	cell members /projects/alpha 9
	cell set /projects/alpha 8 colour green
	cell set /projects/alpha 8 long $(printf 'v%.0s' {1..900})
	cell get /projects/alpha 8 colour
	cell get /projects/alpha 4 eve
	cell unset /projects/alpha 8 long
	cell set /projects/alpha 6 v2
	cell members /projects/alpha 6
	cell unset /projects/alpha 6
	cell set /projects/alpha 3 $(printf 'v%.0s' {1..1024})
	cell add /projects/beta 0xffffffffffffffff escrow --window 1s --rights 10 --most 20
	cell add /projects/beta 2 lww
	cell ls /projects/beta
	cell get /projects/beta 2
	cell ls /projects/alpha
	cell rm /projects/beta 2
EOF
[[ $out == *'"value":null'* ]] && problem='' || problem=$out
tell "an lww that was never written is null" "$problem"
bad 3 'no such cell: /projects/alpha cell 77' 'cell get /projects/alpha 77'
bad 3 'no such node' 'cell get /none 1'
bad 2 'id is a number' 'cell get /projects/alpha one'
bad 2 'something is missing' 'cell get /projects/alpha'
bad 2 'no such type' 'cell add /projects/beta 1 counter'
bad 2 'no such type' 'cell add /projects/beta 1 none'
bad 2 'for an ormap' 'cell add /projects/beta 1 lww --counts'
bad 2 'for an escrow' 'cell add /projects/beta 1 lww --rights 4'
bad 2 'go together' 'cell add /projects/beta 1 escrow --rights 4'
bad 2 'wants a time' 'cell add /projects/beta 1 escrow --window soon --rights 4 --most 4'
bad 7 'EEXIST' 'cell add /projects/alpha 1 lww'
bad 2 'is a number' 'cell inc /projects/alpha 1 many'
bad 1 'only grows' 'cell inc /projects/alpha 1 -1'
bad 1 'nothing that counts' 'cell inc /projects/alpha 3'
bad 1 'has no keys' 'cell inc /projects/alpha 1 1 --key x'
bad 2 'at a key' 'cell inc /projects/alpha 9'
bad 6 'EDQUOT' 'cell inc /projects/alpha 5 -1001'
bad 2 'changed by inc' 'cell set /projects/alpha 1 5'
bad 2 'wants a value' 'cell set /projects/alpha 3'
bad 2 'on or off' 'cell set /projects/alpha 7 maybe'
bad 2 'a key and a value' 'cell set /projects/alpha 8 key'
bad 2 'inc --key' 'cell set /projects/alpha 9 key 5'
bad 6 'E2BIG' "cell set /projects/alpha 3 $(printf 'v%.0s' {1..1025})"
bad 3 'no such key' 'cell get /projects/alpha 8 none'
bad 3 'no such key' 'cell get /projects/alpha 4 none'
bad 2 'has no keys' 'cell get /projects/alpha 1 key'
bad 2 'no members' 'cell members /projects/alpha 1'
bad 2 'unset wants the key' 'cell unset /projects/alpha 4'
bad 2 'nothing can be taken out' 'cell unset /projects/alpha 3'
bad 3 'ENOENT' 'cell unset /projects/alpha 8 none'
