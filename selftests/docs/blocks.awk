# SPDX-License-Identifier: MIT
#
# awk -v dir=DIR -f blocks.awk PAGE: the fenced blocks of a page, DIR/N.body each, and to
# stdout a line for each: N, the page's line, then the words behind the fence, parted by
# tabs. "bad", line, text: what no page may have. In a page of the manual (.scd) fences bear no
# words; there they stand in a comment before it, "; run: WORDS". What a page declares in
# its synopsis is held against the headers by libwn/man/check.

function bad(text) { printf "bad\t%d\t%s\n", FNR, text }

# Words of an info string; key="several words" is one, without the quotes.
function words(s,    out, word)
{
	while (match(s, /^[ \t]*([^ \t"]*"[^"]*"|[^ \t]+)/)) {
		word = substr(s, RSTART, RLENGTH)
		s = substr(s, RSTART + RLENGTH)
		gsub(/^[ \t]+|"/, "", word)
		out = out "\t" word
	}
	return out
}

BEGIN { manual = ARGV[1] ~ /\.scd$/ }
/^; run: / && manual { said = substr($0, 8) }
/^# / && manual && !open { synopsis = $2 == "SYNOPSIS" }
/^```/ && !open {
	open = FNR
	n++
	body = dir "/" n ".body"
	printf "" >body
	printf "%d\t%d%s\n", n, FNR, words(!manual ? substr($0, 4) : synopsis ? "c plain" : said)
	said = ""
	next
}
/^```[ \t]*$/ && open {
	close(body)
	open = 0
	blank = 0
	next
}
open {
	# In the manual a backslash is written twice.
	if (manual)
		gsub(/\\\\/, "\\\\")
	print >body
	next
}
/^[ \t]+```/ { bad("a fence begins in the first column") }
# In a list an indented line goes on with it.
/^([-*]|[0-9]+\.) / { list = 1 }
/^[^ \t]/ && !/^([-*]|[0-9]+\.) / { list = 0 }
/^(    |\t)/ && blank && !list && !manual { bad("an indented block: no test can know what it is, fence it") }
{ blank = /^[ \t]*$/ }
END { if (open) bad("the block from line " open " on has no end") }
