#!/usr/bin/env python3
"""Takes turns between tenon_bench --worker and bench/peers/torch_worker.py and writes the scoreboard.
tenon_bench may hold other libraries besides (bench/peers/*.cpp), which take their turns in the same process
and get a column each. Called by scoreboard.sh, which explains the options."""

import argparse
import json
import math
import os
import pathlib
import re
import statistics
import subprocess
import sys

TITLES = {"openblas": "OpenBLAS", "eigen": "Eigen", "onednn": "oneDNN"}
ROOT = pathlib.Path(__file__).resolve().parent.parent


class Worker:
    def __init__(self, command, threads, label="", **variables):
        count = str(threads)
        environment = dict(os.environ, OMP_NUM_THREADS=count, OPENBLAS_NUM_THREADS=count, **variables)
        self.label = label
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, env=environment)

    def ask(self, threads, seconds, case):
        self.process.stdin.write(f"{threads} {seconds} {case}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"a worker ended at {case}")
        return dict(json.loads(line), wait=self.label)

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def torch_workers(command, threads):
    """With several threads its forward and backward passes have teams of their own, which wait for
    each other by spinning; that the waiting sleep instead is sometimes faster."""
    workers = [Worker(command, threads)]
    if threads > 1:
        workers.append(Worker(command, threads, " passive", OMP_WAIT_POLICY="passive"))
    return workers


def take_turns(case, threads, tenon, peers, inside, rounds, seconds):
    """inside: the libraries in Tenon's own process that know the case. None if PyTorch does not know it."""
    result = {"case": case, "threads": threads, "tenon": [], "torch": [],
              "peers": {name: [] for name in inside}}
    first = {peer: peer.ask(threads, seconds, case) for peer in peers}
    if not all("median_ms" in answer for answer in first.values()):
        return None
    best = min(peers, key=lambda peer: first[peer]["median_ms"])
    for _ in range(rounds):
        result["tenon"].append(tenon.ask(threads, seconds, case))
        result["torch"].append(best.ask(threads, seconds, case))
        for name in inside:
            result["peers"][name].append(tenon.ask(threads, seconds, f"{case} @{name}"))
    return result


def processor():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown"


def middle(turns, key="median_ms"):
    return statistics.median(turn[key] for turn in turns)


def percent_of_limit(turns):
    """The share of the limit that binds the case, and which one that is."""
    seconds = middle(turns) / 1e3
    if turns[0]["flops"] and turns[0]["limit_flops"]:
        return 100 * turns[0]["flops"] / seconds / max(t["limit_flops"] for t in turns), "FMA"
    if turns[0]["bytes"] and turns[0]["limit_bytes"]:
        return 100 * turns[0]["bytes"] / seconds / max(t["limit_bytes"] for t in turns), "memory"
    return None, ""


def milliseconds(value):
    return f"{value:.4f}" if value < 0.1 else f"{value:.3f}" if value < 10 else f"{value:.1f}"


def row(result, inside):
    ours, theirs = middle(result["tenon"]), middle(result["torch"])
    share, limit = percent_of_limit(result["tenon"])
    cells = [result["case"], milliseconds(ours), milliseconds(theirs), f"{theirs / ours:.2f}",
             f"{share:.0f} % {limit}" if share else "",
             result["torch"][-1]["setting"] + result["torch"][-1]["wait"]]
    for name in inside:
        turns = result["peers"].get(name)
        cells.append(milliseconds(middle(turns)) if turns else "")
    return f"| {' | '.join(cells)} |"


def ratio(result):
    return middle(result["torch"]) / middle(result["tenon"])


def geometric_mean(values):
    return math.exp(statistics.fmean(map(math.log, values)))


def table(results, threads, inside):
    rows = [r for r in results if r["threads"] == threads]
    plural = "s" if threads > 1 else ""
    heads = ["case", "Tenon ms", "PyTorch ms", "ratio", "of the limit", "PyTorch's best setting",
             *(f"{TITLES.get(name, name)} ms" for name in inside)]
    lines = [f"## {threads} thread{plural}", "", f"| {' | '.join(heads)} |",
             "|---|--:|--:|--:|--:|---|" + "--:|" * len(inside), *(row(r, inside) for r in rows), ""]
    operations = [ratio(r) for r in rows if not r["case"].startswith("model/")]
    if operations:
        lines += [f"Geometric mean of the ratios of single operations: "
                  f"{geometric_mean(operations):.2f}.", ""]
    return lines


def lines_of(command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--threads", default=f"1,{os.cpu_count()}")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.3)
    parser.add_argument("inside", nargs="*")
    options = parser.parse_args()

    bench = f"{options.build}/bench/tenon_bench"
    torch_worker = [*options.inside, "python3", str(ROOT / "bench/peers/torch_worker.py")]
    names = lines_of([*options.inside, bench, "--cases"])
    # "CASE @PEER"
    inside = [name.rpartition(" @")[::2] for name in lines_of([*options.inside, bench, "--peers"])]
    columns = list(dict.fromkeys(peer for _, peer in inside))
    version = lines_of([*torch_worker, "--version"])[0]

    results = []
    for threads in sorted({int(count) for count in options.threads.split(",")}):
        tenon = Worker([*options.inside, bench, "--worker"], threads)
        peers = torch_workers(torch_worker, threads)
        for case in (n for n in names if re.search(options.only, n)):
            knowing = [peer for name, peer in inside if name == case]
            result = take_turns(case, threads, tenon, peers, knowing, options.rounds, options.seconds)
            if result is None:
                continue
            results.append(result)
            print(row(result, columns), file=sys.stderr, flush=True)
        for worker in [tenon, *peers]:
            worker.stop()

    setting = results[0]["tenon"][0]["setting"]
    lines = [f"Processor: {processor()}, {os.cpu_count()} cores. Tenon on {setting}, {version}. Medians "
             f"of {options.rounds} turns of {options.seconds} s each, both sides taking turns. A ratio "
             "above 1 is in Tenon's favour.", ""]
    for threads in sorted({r["threads"] for r in results}):
        lines += table(results, threads, columns)
    pathlib.Path(options.build, "scoreboard.md").write_text("\n".join(lines))
    pathlib.Path(options.build, "scoreboard.json").write_text(json.dumps(results, indent=1))
    print(f"wrote {options.build}/scoreboard.md and scoreboard.json", file=sys.stderr)


if __name__ == "__main__":
    main()
