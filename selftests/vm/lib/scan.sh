# SPDX-License-Identifier: MIT
# Judging a piece of kernel log. Words that Linux prints when something is wrong; a hit fails the test.
# shellcheck shell=bash

SCAN_BAD='WARNING:|BUG:|BUG at|Oops|KASAN|KCSAN|KFENCE|UBSAN|ODEBUG|refcount_t|unreferenced object|Bad page|Bad rss-counter'
SCAN_BAD+='|general protection|divide error|double fault|stack segment|unable to handle|Unable to handle|NULL pointer'
SCAN_BAD+='|possible (circular|recursive|deadlock|irq lock|reason: unannotated|safe|unsafe)|inconsistent lock state|lock order'
SCAN_BAD+='|bad unlock balance|held lock freed|lock held when returning|still has locks held|non-static key|correctness validator'
SCAN_BAD+='|suspicious RCU usage|sleeping function called|scheduling while atomic|Invalid wait context'
SCAN_BAD+='|self-detected stall|detected stalls|soft lockup|hard LOCKUP|blocked for more than|list_(add|del) corruption'
SCAN_BAD+='|Kernel panic|kernel BUG|Modules linked in:|blocked state'
SCAN_TRACES='Call Trace|FAULT_INJECTION|page allocation failure|invoked oom-killer'

# Never a hit: the runner's own marks, and what Linux says of any module from outside.
SCAN_FINE='wn-vm [0-9a-f]+ mark|loading out-of-tree module taints kernel|module verification failed|not loading signed'

# User-Mode Linux's flush_tlb_mm() walks the mappings of another process without a lock, which it may not: lockdep sees that
# whenever a driver takes a page out of somebody else's mapping. No other kernel does; all else about RCU is ours.
scan_forgive_uml() {
	awk '{ line[NR] = $0 }
		END {
			for (i = 1; i <= NR; i++) {
				if (line[i] ~ /WARNING: suspicious RCU usage/ && line[i + 1] ~ /-wn-uml/ && line[i + 3] ~ /lib\/maple_tree\.c:/)
					for (j = i + 4; j < i + 100 && line[j] !~ /suspicious RCU usage/; j++) {
						if (line[j] ~ /Call Trace/) trace = j
						if (line[j] ~ /\] \? flush_tlb_mm\+/) { line[i] = line[i + 3] = line[trace] = ""; break }
					}
				print line[i]
			}
		}' "$1"
}

# scan_log FILE MAY_TRACE   print the bad lines; MAY_TRACE=1 for tests that inject failures or run out of memory on purpose
scan_log() {
	local words=$SCAN_BAD
	[ "$2" -eq 1 ] || words+="|$SCAN_TRACES"
	scan_forgive_uml "$1" | grep -aE "$words" | grep -avE "$SCAN_FINE" || :
}

# scan_leaks FILE MODULE   objects that the module allocated: its name stands in the stack, or, after it was unloaded, an address
# that no symbol explains, or there is no stack at all (User-Mode Linux keeps none). Others are Linux's own.
scan_leaks() {
	awk -v module="[$2]" '
		function judge() { if (ours || (text != "" && frames == 0)) printf "%s", text; text = ""; ours = frames = traced = 0 }
		/^unreferenced object/ { judge() }
		{ text = text $0 "\n" }
		traced { frames++ }
		/^ +backtrace/ { traced = 1 }
		index($0, module) || /^ +(\[<[0-9a-f]+>\] )?0x[0-9a-f]+ *$/ { ours = 1 }
		END { judge() }' "$1"
}
