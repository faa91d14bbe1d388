# SPDX-License-Identifier: MIT
#
# awk -v vary=WORDS -f match.awk EXPECTED ACTUAL: 0 if they are the same, else 1 and where
# they part. A line "..." of what is expected stands for any lines. vary: "digits": a
# number is as good as another, and so are blanks beside it; "hex": so are eight and more
# hexadecimal digits in a row.

function norm(s)
{
	sub(/[ \t]+$/, "", s)
	if (vary ~ /hex/)
		gsub(/[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]+/, "H", s)
	if (vary ~ /digits/) {
		gsub(/[0-9]+([.,][0-9]+)*/, "N", s)
		gsub(/[ \t]+/, " ", s)
		sub(/^ /, "", s)
	}
	return s
}

FILENAME == ARGV[1] { want[++nw] = $0; next }
{ got[++ng] = $0 }

END {
	# at[i]: lines 1 to i of what came match those of want so far.
	at[0] = 1
	for (w = 1; w <= nw; w++) {
		any = 0
		split("", to)
		if (want[w] == "...") {
			for (i = 0; i <= ng; i++)
				if ((i in at) || (i > 0 && ((i - 1) in to)))
					to[i] = any = 1
		} else {
			for (i = 1; i <= ng; i++)
				if (((i - 1) in at) && norm(want[w]) == norm(got[i]))
					to[i] = any = 1
		}
		if (!any) {
			for (i = 0; i <= ng; i++)
				if (i in at)
					last = i
			print "line " w " of the text:  " want[w]
			print "what came there: " (last < ng ? " " got[last + 1] : "  nothing more")
			exit 1
		}
		split("", at)
		for (i in to)
			at[i] = 1
	}
	if (!(ng in at)) {
		for (i = 0; i <= ng; i++)
			if (i in at)
				last = i
		print "more came than the text has:  " got[last + 1]
		exit 1
	}
}
