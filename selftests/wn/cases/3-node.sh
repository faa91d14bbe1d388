# SPDX-License-Identifier: MIT
# shellcheck shell=bash

good $'/\n|-- projects\n|   |-- alpha\n|   `-- beta\n`-- services\n    `-- echo' tree --depth 2
good $'/services\n`-- echo' tree /services
good '/projects/alpha/task-5  type 3, state 2, tags 0x1*' query /projects --type 3 --tags 1 --state 2 --prefix task-5
good '*path      /projects/alpha/task-3*version   1*type      3*' node get /projects/alpha/task-3
batch "nodes are made, changed, moved, found, removed" $'*/a/b/c*type      9*state     4*tags      0x5*user      0 7 0 0*\n`-- c2  type*\n4\n/a/b/d*' <<-'EOF'
	node add -p /a/b/c --type 9 --tags 4 --tier local --on-death keep
	node add /a/b/d '/a/b/a "name"'
	node set /a/b/c state=4 user1=7 tags+=1
	node get /a/b/c
	node set /a/b/c state=4 --if-version 3
	node set /a/b/c type=1 tags-=1 user0=1 user2=2 user3=18446744073709551615
	node mv /a/b/c /a/c2
	tree /a --long
	node mv /a/c2 /services
	tree /services --depth 1
	node mv /services/c2 /services/c3
	query /a --count
	query /a --prefix d
	query / --since 0x1 --cells --max 3
	query / --tags 0/1 --owner 0 --max 1
	node rm /a/b/d
	node rm -r /a /services/c3
	tree
	watch --count 1 --state
EOF
batch "a handle names a node; names may hold anything" '*' <<-'EOF'
	node add /h
	node add "/h/\x1b" '/h/ü "q" \' /h/-x
	tree /h
	query /h
EOF
bad 3 'no such node: /none' 'node get /none'
bad 3 'no such node: /none' 'tree /none'
bad 3 'no such node: /none' 'query /none'
bad 3 'no such node: /none' 'node rm /projects/beta /none'
bad 3 'no such node: /none: ' 'node add /none/x'
bad 3 'ESTALE' 'node get 0x7000001'
bad 2 'path is empty' 'node get ""'
bad 2 'needs a name' 'node add /projects/'
bad 7 'EEXIST' 'node add /projects'
bad 1 'ENAMETOOLONG' "node add /$(printf 'n%.0s' {1..64})"
bad 1 'ENAMETOOLONG' "node get /$(printf 'n%.0s' {1..64})"
bad 1 'EINVAL' 'node add /..'
bad 2 'does not know this word' 'node add /x --tier weak'
bad 2 'does not know this word' 'node add /x --on-death cry'
bad 2 'so large' 'node add /x --type 4294967296'
bad 7 'has children' 'node rm /projects'
bad 7 'EBUSY' 'node rm -r /'
bad 7 'ELOOP' 'node mv /projects /projects/alpha'
bad 1 'EINVAL' 'node mv /services/echo /projects/../x'
bad 3 'no such node: /none: ' 'node mv /services/echo /none/x'
bad 2 'FIELD=NUMBER' 'node set /projects state'
bad 2 'no such field' 'node set /projects colour=1'
bad 2 'no such field' 'node set /projects user4=1'
bad 2 'wants a number' 'node set /projects state=-1'
bad 2 '32 bits' 'node set /projects state=4294967296'
bad 2 'once only' 'node set /projects tags=1 tags+=2'
bad 7 'EAGAIN' 'node set /projects state=9 user1=1 --if-version 77'
bad 2 'BITS' 'query --tags x'
bad 2 'at most 15' 'query --prefix 1234567890123456'
bad 2 'goes with --since' 'query --cells'
bad 2 'a quote is open' 'node add "/x'
bad 2 'no batch in it' 'batch'
