# SPDX-License-Identifier: MIT
# results.json from its parts: $native (wnbench), $kernel (kernel/collect), $quick (quick/run
# --json), each in a list. Verdicts that need two of them are made here, so that all who read
# the file read the same; distributions keep 200 points, enough to draw them again.

def short:
  if . == null then "-"
  elif (. | fabs) >= 100 then (. | round | tostring)
  else (. * 10 | round / 10 | tostring) end;

# A distribution is drawn over the logarithm of time: by its points and by its shares alike.
def thin($most):
  if length <= $most then . else
    length as $n | ($most / 2) as $half | . as $all |
    [range(0; $n) | . as $i |
      select($i == 0 or $i == $n - 1 or
        (($i * $half / $n | floor) != (($i - 1) * $half / $n | floor)) or
        (($all[$i][1] * $half | floor) != ($all[$i - 1][1] * $half | floor))) | $all[$i]]
  end;

def judged($value; $figure; $bar):
  if $value <= $figure then "beaten" elif $value <= $bar then "met" else "missed" end;

def check($what; $value; $figure; $bar):
  {what: $what, claim: $figure, bar: $bar, here: $value, verdict: judged($value; $figure; $bar)};

# A row is as good as its worst check.
def worst: if any(. == "missed") then "missed" elif any(. == "met") then "met" else "beaten" end;

# Row 16: instructions of the guest with tracepoints off, on, and with a histogram by BPF.
def watched($t):
  [range(0; $t.off.ops | length) | . as $i |
    $t.off.ops[$i] as $off |
    ["bpf", "on"][] | . as $kind | select($t[$kind] != null) |
    $t[$kind].ops[$i].slope as $with | (100 * ($with / $off.slope - 1)) as $more |
    {kind: "fact", id: "\($kind)-\($i)", unit: "% more", value: $more,
     what: (if $kind == "bpf" then
         "\($off.op), one more in a batch, histogram of each op by BPF: \($off.slope | short) instructions become \($with | short)"
       else "\($off.op), all tracepoints on, into the ring buffer: \($with | short)" end),
     checks: [check("profiling, % more"; $more; 5; 5)]}];

def tracing($t):
  if $t.off == null then . else
    watched($t) as $facts |
    if ($facts | length) == 0 then . else
      .results = $facts + [{kind: "note", text: "Counted on Debian\u0027s 6.12. While nobody listens a tracepoint is a jump that is patched out; every op is looked at where somebody does, none is left out."}] |
      .verdict = ([$facts[].checks[].verdict] | worst) |
      if $t.bpf == null then .reason = "the histogram by BPF was not taken: clang, libbpf or bpftool is missing" else del(.reason) end
    end
  end;

# Row 15: the enter ioctl, of the host's kernel where the module is in it; else by its
# instructions beside the smallest system call's, of which the host says what it takes.
def entered($here; $counted):
  ([.results[] | select(.id == "system-call")][0].sides[0].median) as $call |
  if $here != null then
    {kind: "fact", id: "enter", what: "the enter ioctl, nothing to do, on this host", unit: "ns", value: $here.enter}
  elif $counted != null then
    {kind: "fact", id: "enter", unit: "ns", value: ($call * $counted.enter / $counted.getppid),
     what: "the enter ioctl, nothing to do: \($counted.enter | short) instructions where getppid has \($counted.getppid | short), so about"}
  else null end;

def ioctl($here; $counted):
  entered($here; $counted) as $fact |
  if $fact == null then . else
    .results += [$fact + {checks: [check("a system call, ns"; $fact.value; 100; 100)]}] |
    .verdict = ([.results[].checks[]?.verdict] | worst)
  end;

# Row 10: processes, in a kernel.
def crowd($c):
  if $c.processes == null then . else
    ($c.good / $c.seconds) as $rate |
    .results += [{kind: "fact", id: "processes", unit: "ops/s", value: $rate,
      what: "\($c.processes) processes on one domain, engine in a kernel (\($c.where // "User-Mode Linux")), one killed half way: \($c.good) ops good, \($c.bad) not",
      checks: [
        {what: "ops a second", claim: 10000, bar: 10000, here: $rate,
         verdict: (if $rate >= 10000 then "beaten" else "missed" end)},
        check("ops that failed"; $c.bad; 0; 0)]}] |
    .verdict = ([.results[].checks[]?.verdict] | worst)
  end;

{schema: 1, native: $native[0], kernel: $kernel[0], instructions: $quick[0]} |
.kernel as $k |
.native.rows |= map(
  if .name == "16" then tracing($k.tracing // {})
  elif .name == "15" then ioctl($k.enter | if .enter then . else null end; $k.tracing.enter)
  elif .name == "10" then crowd($k.crowd // {})
  else . end) |
(.native.rows[].results[]?.sides[]? | select(.cdf) | .cdf) |= thin(200)
