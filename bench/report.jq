# SPDX-License-Identifier: MIT
# From results.json to benchmarks.md.

# Three digits, and no more than is known.
def short:
  if . == null then "-"
  elif . == 0 then "0"
  elif (. | fabs) >= 1e6 then (. / 1e4 | round / 100 | tostring) + "M"
  elif (. | fabs) >= 100 then (. | round | tostring)
  elif (. | fabs) >= 10 then (. * 10 | round / 10 | tostring)
  else (. * 100 | round / 100 | tostring) end;

def cell: gsub("\\|"; "/");
def spread($unit): "\(.median | short) \($unit) (\(.min | short) to \(.max | short))";
def verdict: if . == "missed" then "**missed**" elif . == "measured" then "-" else . end;

# To a thousandth; no -0.
def exact: . * 1000 | round / 1000 | if . == 0 then 0 else . end;
def percent: . * 10000 | round / 100 | if . == 0 then 0 else . end;

# The alternative that comes nearest: the honest one to name. Where there is none but other
# ways of our own, the nearest of those, said to be such.
def nearest:
  [.sides[1:][] | select(.ratio)] |
  ([.[] | select(.ours | not)] | sort_by(.ratio) | first) //
  (sort_by(.ratio) | first | if . then .name = "(our own) \(.name)" else . end);

def judged: [.checks[].verdict] | if length == 0 then "" elif index("missed") then "**missed**" elif index("met") then "met" else "beaten" end;

def lines($row):
  . as $all | [$row.results[]? | select(.kind | IN("comparison", "fact", "sustained"))] as $parts |
  "| **\($row.name)** | \($row.system): \($row.claim | cell) | | | | \($row.verdict | verdict) |",
  ($parts[] | . as $p |
    if .kind == "fact" then
      "| | \(.what | cell) | \(.value | short) \(.unit) | | | \(judged) |"
    elif .kind == "sustained" then
      "| | \(.what | cell), each second of \(.seconds) [\(.engine)] | \(spread("ops/s")) | | | |",
      (.checks[] | "| | \(.what | cell) | \(if .bar < 1 then "\(.here | percent) % (bar \(.bar | percent) %)" else "\(.here | short) (bar \(.bar | short))" end) | | | \(.verdict | verdict) |")
    else
      (.sides[0]) as $ours | nearest as $peer |
      "| | \(.what | cell) [\(.engine)] | \(if $ours.missing then "missing: \($ours.missing)" else ($ours | spread($p.unit)) end)"
      + " | \(if $peer then "\($peer.name): \($peer | spread($p.unit))" else "" end)"
      + " | \(if $peer then "\($peer.ratio | short)x" else "" end)"
      + " | \(judged) |"
    end),
  (if $row.reason then "| | \($row.reason | cell) | | | | |" else empty end);

def details($row):
  [$row.results[]? | select(.kind == "comparison" or .kind == "note")] as $parts |
  if ($parts | length) == 0 then empty else
    "### \($row.name)  \($row.claim)\n",
    ($parts[] | . as $p |
      if .kind == "note" then "\(.text)\n" else
        "\(.what), \(.unit); \(.engine); \(.where)\n",
        "| | median | min | max | ratio | p50 | p99 | p99.9 | max |\n|---|---|---|---|---|---|---|---|---|",
        (.sides[] |
          if .missing then "| \(.name) | missing: \(.missing) | | | | | | | |"
          else "| \(.name) | \(.median | short) | \(.min | short) | \(.max | short) | \(if .ratio then "\(.ratio | short)x" else "" end)"
            + (if .percentiles then " | \(.percentiles.p50 | short) | \(.percentiles.p99 | short) | \(.percentiles.p999 | short) | \(.percentiles.max | short) |" else " | | | | |" end)
          end),
        "",
        (.checks[] | "- \(.what): claimed \(.claim | short)\(if .bar != .claim then ", bar \(.bar | short)" else "" end), here \(.here | short): \(.verdict | verdict)"),
        ""
      end)
  end;

def slopes:
  if . == null or .missing then "Not taken: \(.missing // "it was not run")."
  else
    "| op | one more in a batch | a batch of 1, with the system call |\n|---|---|---|",
    "| the smallest system call (getppid) | | \(.getppid | short) |",
    (.ops[] | "| \(.op) | \(.slope | short) | \(.batches[0][1] | short) |")
  end;

# What changed since the figures in before.json, and by how much.
def change($old; $new): (100 * ($new / $old - 1)) | round | if . > 0 then "+\(.) %" elif . == 0 then "0 %" else "\(.) %" end;

def row($what; $old; $new): "| \($what | cell) | \($old | short) | \($new | short) | \(change($old; $new)) |";
# Those that are about the same are in the table of all.
def moved($what; $old; $new): if ($new / $old - 1 | fabs) < 0.01 then empty else row($what; $old; $new) end;

# Ours beside the alternative that stood nearest before: [row, what, peer, ratio before, ratio after].
def ratios($old):
  . as $all | $old.rows[] | .name as $row | .results[] | . as $was |
  (if $was.better == "more" then 1 else -1 end) as $way |
  def ratio($ours; $theirs): if $way > 0 then $ours / $theirs else $theirs / $ours end;
  ([$was.sides[1:][] | select(.ours | not) | select(.median) | . + {ratio: ratio($was.sides[0].median; .median)}] |
    sort_by(.ratio) | first) as $peer |
  ([$all.native.rows[] | select(.name == $row) | .results[]? | select(.id == $was.id)][0]) as $now |
  if $peer == null or $now == null then empty else
    ([$now.sides[] | select(.name == $peer.name and .median)][0]) as $same |
    {row: $row, what: $was.what, peer: $peer.name, before: $peer.ratio,
     after: (if $same and $now.sides[0].median then ratio($now.sides[0].median; $same.median) else null end)}
  end;

def named: "row \(.row) (\(.what | cell), against \(.peer | cell)): \(.before | short)x became \(if .after then "\(.after | short)x" else "unknown: the other side is missing here" end)";

def counts($old):
  . as $all |
  ($old.instructions[] | . as $was | $all.instructions[]? | select(.name == $was.name) |
    moved(.name; $was.instructions; .instructions)),
  ($old.kernel[] | . as $was | $all.kernel.instructions.ops[]? | select(.op == $was.op) |
    moved("kernel: \(.op), one more in a batch"; $was.slope; .slope),
    moved("kernel: \(.op), alone, with the system call"; $was.alone; .batches[0][1])),
  (["bpf", "histogram of each op by BPF"], ["on", "all tracepoints on"] | .[0] as $kind | .[1] as $what |
    range(0; $old.tracing.off | length) as $i |
    if $all.kernel.tracing[$kind] == null then empty else
      moved("\($old.tracing.off[$i].op): \($what), more than without";
        $old.tracing[$kind][$i].slope - $old.tracing.off[$i].slope;
        $all.kernel.tracing[$kind].ops[$i].slope - $all.kernel.tracing.off.ops[$i].slope)
    end);

def before_and_after($old):
([ratios($old)] | sort_by(.before)) as $ratios |
"
## Before and after

The worst ratios were worked on after they had been measured. Before: commit \($old.commit) of \($old.date)
(`benchmarks/before.json`); after: this run. Of times only ratios are compared, Worknode to the alternative that stood
nearest before, both sides of each ratio taken in turn in one run: what the machine did to both is in neither.

The three that were worst:
",
($ratios[:3][] | "- \(named)"),
"
| row | | alternative | ratio before | ratio after |
|---|---|---|---|---|",
($ratios[] | "| \(.row) | \(.what | cell) | \(.peer | cell) | \(.before | short)x | \(if .after then "\(.after | short)x" else "-" end) |"),
"
Instructions repeat exactly; here are those that changed by 1 % or more.

| instructions | before | after | change |
|---|---|---|---|",
counts($old),
"
| curve | exponent before | exponent after |
|---|---|---|",
(. as $all | $old.curves[] | . as $was | [$all.native.rows[].results[]? | select(.kind == "curve" and .id == $was.id)][0] |
  if . == null then empty else
    "| \(.what | cell) | \($was.exponent | exact) | \(.exponent | exact) |"
  end);

"<!-- SPDX-License-Identifier: MIT -->
<!-- Written by bench/report from benchmarks/results.json: change that, not this. -->
# Benchmarks

\(.native.machine.cpu), \(.native.machine.cpus) CPUs, Linux \(.native.machine.kernel) \(.native.machine.arch), virtual: \(.native.machine.virtual), \(.native.machine.compiler);
\(.native.date), worknode \(.native.version), commit \(.native.commit); \(.native.runs) runs of each side, interleaved; load \(.native.machine.load | short) when it
began, \(.native.load_after | short) when it ended (with more than one task a CPU, figures of two sides mean little: look at the least).
Messages lost, duplicated or reordered: \(.native.faults). The method is told in `bench/README.md`; `make bench REPORT=docs` writes this page anew.

## Claims

The alternative beside each figure is the one that comes nearest; all are below. Where there is none, it is another way of our own,
and said to be.

| | claim, and the same work here | measured: median (least to most) | alternative | ratio | verdict |
|---|---|---|---|---|---|",
(.native.rows[] | select(.name | test("^(curve-|11-)") | not) | . as $row | lines($row)),
"
## Curves

What an op costs against the size of the world. An exponent of 0 is \"the same however large\"; it is held against what the design says.

| curve | from | to | exponent | expected | slack | verdict |
|---|---|---|---|---|---|---|",
(.native.rows[].results[]? | select(.kind == "curve") |
  "| \(.what), \(.unit) against \(.x) | \(.points[0].median | short) at \(.points[0].x | short) | \(.points[-1].median | short) at \(.points[-1].x | short) | \(.exponent | exact) | \(.expected) | \(.slack) | \(.verdict | verdict) |"),
"
## Sustained load

Drift: the last third's median against the first's, of ops a second of the thread's own time.

| seconds | median ops/s | least | most | drift | memory growth, bytes | p99 of 16 ops: first, last second, ns |
|---|---|---|---|---|---|---|",
(.native.rows[].results[]? | select(.kind == "sustained") |
  "| \(.seconds) | \(.median | short) | \(.min | short) | \(.max | short) | \(.drift | percent) % | \(.growth | short) | \(.each[0].p99 | short), \(.each[-1].p99 | short) |"),
"
## The engine in a kernel

At native speed, \(if (.kernel.native.where // "User-Mode Linux") == "User-Mode Linux" then "in User-Mode Linux, ns: the slope of what batches of 1 to 128 ops cost; its system calls are ten times dearer than a host\u0027s, so only the slope counts." else "by the module in this host\u0027s kernel, ns: the slope of what batches of 1 to 128 ops cost." end)
",
(.kernel.native | slopes),
"
In instructions, on Debian's 6.12 in a guest that counts them; exact, the same in each run.
",
(.kernel.instructions | slopes),
(if .kernel.crowd.processes then
"
\(.kernel.crowd.processes) processes, each a client of one domain, one of them killed half way with answers unread: \(.kernel.crowd.good) ops done and answered, \(.kernel.crowd.bad) failed, \(.kernel.crowd.failed) of the other processes hurt."
else empty end),
"
## Instructions per op in user space

By callgrind; the regression guard (`make bench-quick`) holds them against `bench/quick/baseline`.

| op | instructions |
|---|---|",
(.instructions[]? | "| \(.name) | \(.instructions) |"),
before_and_after($before[0]),
"
## Plots

@PLOTS@

## All comparisons
",
(.native.rows[] | . as $row | details($row))
