#!/usr/bin/env python3
"""What the same bits at any number of threads cost: lets the two ways of bench/determinism_bench.cpp take
turns and prints, for one thread and for all, their times and the ratio. On one thread both ways are the same
call, so those ratios show how exact the others are.

  scripts/determinism_cost.py BUILD [--only REGEX] [--rounds N] [--seconds S] [--min]

  BUILD      a build with benchmarks, for example build/bench
  --only     works whose name matches
  --rounds   turns of each way (default 7)
  --seconds  of one turn (default 0.2)
  --min      shortest times instead of medians, for a machine that is not idle"""

import argparse
import os
import re
import statistics

from scoreboard import Worker, lines_of, milliseconds

WAYS = ("by_shape", "by_threads")


def take_turns(worker, work, threads, options):
    turns = {way: [] for way in WAYS}
    for _ in range(options.rounds):
        for way in WAYS:
            turns[way].append(worker.ask(threads, options.seconds, f"{work}/{way}"))
    if options.min:
        return [min(turn["min_ms"] for turn in turns[way]) for way in WAYS]
    return [statistics.median(turn["median_ms"] for turn in turns[way]) for way in WAYS]


def alone(worker, case, threads, options):
    turns = [worker.ask(threads, options.seconds, case) for _ in range(options.rounds)]
    if options.min:
        return min(turn["min_ms"] for turn in turns)
    return statistics.median(turn["median_ms"] for turn in turns)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build")
    parser.add_argument("--only", default="")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.2)
    parser.add_argument("--min", action="store_true")
    options = parser.parse_args()

    bench = f"{options.build}/bench/tenon_bench"
    cases = [case for case in lines_of([bench, "--cases"])
             if case.startswith("determinism/") and re.search(options.only, case)]
    print("| work | threads | by shape ms | by threads ms | by shape / by threads |\n|---|--:|--:|--:|--:|")
    for threads in sorted({1, os.cpu_count()}):
        worker = Worker([bench, "--worker"], threads)
        for case in cases:
            work, _, way = case.rpartition("/")
            name = work.removeprefix("determinism/")
            if way == WAYS[0]:
                by_shape, by_threads = take_turns(worker, work, threads, options)
                print(f"| {name} | {threads} | {milliseconds(by_shape)} | {milliseconds(by_threads)} | "
                      f"{by_shape / by_threads:.2f} |", flush=True)
            elif way not in WAYS:
                print(f"| {name}/{way} | {threads} | {milliseconds(alone(worker, case, threads, options))} "
                      "| | |", flush=True)
        worker.stop()


if __name__ == "__main__":
    main()
