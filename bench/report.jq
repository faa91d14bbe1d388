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

# The alternative that comes nearest: the honest one to name.
def nearest: [.sides[1:][] | select(.ratio)] | sort_by(.ratio) | first;

# Row 16 is counted in a guest, not by wnbench: its figures, as if it were.
def tracing:
  .kernel.tracing as $t |
  if $t.bpf == null then . else
    ([range(0; $t.off.ops | length) | . as $i | {
        op: $t.off.ops[$i].op, off: $t.off.ops[$i].slope, on: $t.on.ops[$i].slope, bpf: $t.bpf.ops[$i].slope
      } | . + {on_share: (100 * (.on / .off - 1)), bpf_share: (100 * (.bpf / .off - 1))}]) as $ops |
    ($ops | map(.bpf_share) | max) as $worst |
    .native.rows |= map(if .name != "16" then . else
      .verdict = (if $worst < 5 then "beaten" else "missed" end) |
      del(.reason) |
      .results = [$ops[] |
        {kind: "fact", what: "\(.op), one more in a batch, histogram of each op by BPF: \(.off | short) instructions become \(.bpf | short)", value: .bpf_share, unit: "% more",
         checks: [{verdict: (if .bpf_share < 5 then "beaten" else "missed" end)}]},
        {kind: "fact", what: "\(.op), all tracepoints on, into the ring buffer: \(.on | short)", value: .on_share, unit: "% more",
         checks: [{verdict: (if .on_share < 5 then "beaten" else "missed" end)}]}] +
        [{kind: "note", text: "Counted on Debian\u0027s 6.12. While nobody listens a tracepoint is a jump that is patched out; every op is looked at where somebody does, none is left out."}]
    end)
  end;

def lines($row):
  . as $all | [$row.results[]? | select(.kind == "comparison" or .kind == "fact")] as $parts |
  "| **\($row.name)** | \($row.system): \($row.claim | cell) | | | | \($row.verdict | verdict) |",
  ($parts[] | . as $p |
    if .kind == "fact" then
      "| | \(.what | cell) | \(.value | short) \(.unit) | | | \([.checks[].verdict] | if length == 0 then "" elif index("missed") then "**missed**" elif index("met") then "met" else "beaten" end) |"
    else
      (.sides[0]) as $ours | nearest as $peer |
      "| | \(.what | cell) [\(.engine)] | \(if $ours.missing then "missing: \($ours.missing)" else ($ours | spread($p.unit)) end)"
      + " | \(if $peer then "\($peer.name): \($peer | spread($p.unit))" else "" end)"
      + " | \(if $peer then "\($peer.ratio | short)x" else "" end)"
      + " | \([.checks[].verdict] | if length == 0 then "" elif index("missed") then "**missed**" elif index("met") then "met" else "beaten" end) |"
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
def change($old; $new): (100 * ($new / $old - 1)) | round | if . > 0 then "+\(.) %" else "\(.) %" end;

def row($what; $old; $new): "| \($what | cell) | \($old | short) | \($new | short) | \(change($old; $new)) |";
# Those that are about the same are in the table of all.
def moved($what; $old; $new): if ($new / $old - 1 | fabs) < 0.01 then empty else row($what; $old; $new) end;

# One side beside the alternative that stood nearest then: what the machine did to both is not in the ratio.
def times($old):
  . as $all | $old.rows[] | .name as $row | .results[] | . as $was |
  ([$all.native.rows[] | select(.name == $row) | .results[]? | select(.id == $was.id)][0]) as $now |
  if $now == null then empty else
    $was.sides[] | . as $side |
    ([$now.sides[] | select(.name == $side.name and .median)][0]) as $s |
    if $s == null then empty else
      "| \($row) | \($was.what | cell): \($side.name | cell) | \($side | spread($was.unit)) | \($s | spread($was.unit)) | \(change($side.median; $s.median)) |"
    end
  end;

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
"
## Before and after

The worst ratios were worked on after they had been measured. Before: commit \($old.commit) of \($old.date)
(`benchmarks/before.json`); after: this run. Instructions repeat exactly; here are those that changed by 1 % or more. Times of two
runs differ by what the machine did meanwhile, too: the alternatives are here so that this can be seen; they did not change.

| instructions | before | after | change |
|---|---|---|---|",
counts($old),
"
| row | time | before | after | change |
|---|---|---|---|---|",
times($old),
"
| curve | before | after | change | exponent before, after |
|---|---|---|---|---|",
(. as $all | $old.curves[] | . as $was | [$all.native.rows[].results[]? | select(.kind == "curve" and .id == $was.id)][0] |
  if . == null then empty else
    "\(row("\(.what), at \(.points[-1].x | short) \(.x)"; $was.points[0].median; .points[-1].median)) \($was.exponent * 1000 | round / 1000), \(.exponent * 1000 | round / 1000) |"
  end);

tracing |
"<!-- SPDX-License-Identifier: MIT -->
<!-- Written by bench/report from benchmarks/results.json: change that, not this. -->
# Benchmarks

\(.native.machine.cpu), \(.native.machine.cpus) CPUs, Linux \(.native.machine.kernel) \(.native.machine.arch), virtual: \(.native.machine.virtual), \(.native.machine.compiler);
\(.native.date), worknode \(.native.version), commit \(.native.commit); \(.native.runs) runs of each side, interleaved; load \(.native.machine.load | short) when it
began, \(.native.load_after | short) when it ended (with more than one task a CPU, figures of two sides mean little: look at the least).
Messages lost, duplicated or reordered: \(.native.faults). The method is told in `bench/README.md`; `make bench REPORT=docs` writes this page anew.

## Claims

The alternative beside each figure is the one that comes nearest; all are below.

| | claim, and the same work here | measured: median (least to most) | alternative | ratio | verdict |
|---|---|---|---|---|---|",
(.native.rows[] | select(.name | test("^(curve-|11-)") | not) | . as $row | lines($row)),
"
## Curves

What an op costs against the size of the world. An exponent of 0 is \"the same however large\"; it is held against what the design says.

| curve | from | to | exponent | expected | slack | verdict |
|---|---|---|---|---|---|---|",
(.native.rows[].results[]? | select(.kind == "curve") |
  "| \(.what), \(.unit) against \(.x) | \(.points[0].median | short) at \(.points[0].x | short) | \(.points[-1].median | short) at \(.points[-1].x | short) | \(.exponent * 1000 | round / 1000) | \(.expected) | \(.slack) | \(.verdict | verdict) |"),
"
## Sustained load

Drift: the last third's median against the first's, of ops a second of the thread's own time.

| seconds | median ops/s | least | most | drift | memory growth, bytes | p99 of 16 ops: first, last second, ns |
|---|---|---|---|---|---|---|",
(.native.rows[].results[]? | select(.kind == "sustained") |
  "| \(.seconds) | \(.median | short) | \(.min | short) | \(.max | short) | \(.drift * 10000 | round / 100) % | \(.growth | short) | \(.each[0].p99 | short), \(.each[-1].p99 | short) |"),
"
## The engine in a kernel

At native speed, in User-Mode Linux, ns: the slope of what batches of 1 to 128 ops cost; its system calls are ten times dearer than a host's, so only the slope counts.
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
