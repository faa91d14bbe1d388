# SPDX-License-Identifier: MIT
#
# Reads the golden dump of the ABI, then descriptions for syzkaller, and says where they
# differ: a line "ok|not ok WHAT" for each struct and each ioctl of the dump.

function align(n, to)		{ return int((n + to - 1) / to) * to }

# Splits "a, b[c, d]" at its outer commas into part[]; returns how many.
function split_args(text, part,		i, c, depth, n)
{
	n = 1
	part[1] = ""
	for (i = 1; i <= length(text); i++) {
		c = substr(text, i, 1)
		depth += (c == "[") - (c == "]")
		if (c == "," && !depth)
			part[++n] = ""
		else if (c != " " || part[n] != "")
			part[n] = part[n] c
	}
	return n
}

# Size of a type, and its alignment in the global al; -1: not known.
function size(type,		name, args, part, n, bytes)
{
	name = type
	sub(/\[.*/, "", name)
	args = ""
	if (index(type, "["))
		args = substr(type, length(name) + 2, length(type) - length(name) - 2)
	if (name ~ /^int(8|16|32|64)$/) {
		al = substr(name, 4) / 8
		return al
	}
	n = split_args(args, part)
	if (name == "array") {
		bytes = size(part[1])
		return bytes < 0 || part[2] !~ /^[0-9]+$/ ? -1 : bytes * part[2]
	}
	if (name ~ /^(const|flags|len|bytesize)$/)
		return size(part[n])
	if (name == "ptr64") {
		al = 8
		return 8
	}
	if (name ~ /^fd_/) {
		al = 4
		return 4
	}
	if (name in total) {
		al = widest[name]
		return total[name]
	}
	return -1
}

function say(good, what)
{
	print (good ? "ok " : "not ok ") what
	bad += !good
}

FNR == 1			{ file++ }

file == 1 && $1 == "field" {
	if (split($2, at, ".") == 2) {
		place[$2] = $4 " " $6
		fields[at[1]]++
	}
}
file == 1 && $1 == "struct"	{ structs[$2] = $4 }
file == 1 && $1 == "ioctl"	{ ioctls[$2] = $9 == "struct" ? $10 : "" }
file == 1			{ next }

$1 == "#" && $2 == "output:" {
	for (i = 3; i <= NF; i++)
		output[$i] = 1
	next
}
/^#/				{ next }
match($0, /^ioctl\$WN_IOC_[A-Z_]+\(/) {
	name = substr($0, 7, RLENGTH - 7)
	arg = index($0, "inout, ") ? $0 : ""
	sub(/.*inout, /, "", arg)
	sub(/\].*/, "", arg)
	if (index($0, "cmd const[" name "]"))
		named[name] = arg "."
	next
}
# Unions have no layout that is the ABI's.
/^[a-z_]+ \[$/			{ inside = ""; next }
/^[a-z_]+ \{$/			{ inside = $1; at_byte = 0; wide = 1; order[++nr] = inside; next }
/^\}/ && inside {
	total[inside] = align(at_byte, wide)
	widest[inside] = wide
	inside = ""
}
inside && NF >= 2 {
	type = $0
	sub(/^[ \t]*[a-z0-9_]+[ \t]+/, "", type)
	sub(/[ \t]+\(.*\)[ \t]*$/, "", type)
	bytes = size(type)
	if (bytes < 0) {
		print "# " inside "." $1 ": what is \"" type "\"?"
		wrong[inside] = 1
		next
	}
	at_byte = align(at_byte, al)
	if (place[inside "." $1] != at_byte " " bytes) {
		print "# " inside "." $1 ": at " at_byte ", " bytes " bytes; the ABI: at, bytes " \
			(place[inside "." $1] ? place[inside "." $1] : "none")
		wrong[inside] = 1
	}
	told[inside]++
	at_byte += bytes
	if (al > wide)
		wide = al
}

END {
	for (name in structs) {
		if (name in output)
			say(!(name in total), name " is output and not described")
		else
			say(total[name] == structs[name] && told[name] == fields[name] && !wrong[name],
			    name " as in the ABI")
	}
	for (name in output)
		if (!(name in structs))
			say(0, name " is output: no such struct")
	for (name in total)
		if (!(name in structs))
			say(0, name ": no such struct in the ABI")
	for (name in ioctls)
		say(named[name] == ioctls[name] ".", name)
	for (name in named)
		if (!(name in ioctls))
			say(0, name ": no such ioctl")
	exit bad > 0
}
