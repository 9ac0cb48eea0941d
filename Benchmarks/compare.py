#!/usr/bin/env python3
"""Compares stored benchmark runs: which instances changed their verdict, and how time and work changed.

Example: python3 Benchmarks/compare.py before.json build/bench/results.json
"""

import argparse
import json
import math
import sys
from pathlib import Path

DECIDED = ("sat", "unsat")


def load(path):
    try:
        return json.loads(Path(path).read_text())["suites"]
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"{path}: not results of suites.py: {error}")


def by_instance(suite):
    return {(run["network"], run["property"]): run for run in suite["runs"]}


def ratio(pairs):
    """The geometric mean of new over old."""
    logs = [math.log(new / old) for old, new in pairs if old and new]
    return math.exp(sum(logs) / len(logs)) if logs else None


def compare(name, before, after, slower):
    """Prints what changed in a suite; returns whether a verdict was contradicted."""
    old, new = by_instance(before), by_instance(after)
    shared = [key for key in old if key in new]
    contradictions = False
    for key in shared:
        was, now = old[key], new[key]
        title = f"{Path(key[0]).name} {Path(key[1]).name}"
        if was["verdict"] in DECIDED and now["verdict"] in DECIDED and was["verdict"] != now["verdict"]:
            contradictions = True
            print(f"{name}: CONTRADICTION {was['verdict']} -> {now['verdict']}  {title}")
        elif was["verdict"] != now["verdict"]:
            print(f"{name}: {was['verdict']} -> {now['verdict']}  {title}")
        elif was["verdict"] in DECIDED and now["seconds"] > slower * max(was["seconds"], 0.05):
            print(f"{name}: {was['seconds']:.2f} s -> {now['seconds']:.2f} s  {title}")
    both = [key for key in shared if old[key]["verdict"] in DECIDED and new[key]["verdict"] in DECIDED]
    times = ratio([(old[key]["seconds"], new[key]["seconds"]) for key in both])
    nodes = ratio([(old[key]["nodes"], new[key]["nodes"]) for key in both])
    solved = [sum(run[key]["verdict"] in DECIDED for key in shared) for run in (old, new)]
    print(
        f"{name:22} solved {solved[0]} -> {solved[1]} of {len(shared)}"
        + (f"; time x {times:.2f}" if times else "") + (f"; subproblems x {nodes:.2f}" if nodes else "")
    )
    return contradictions


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", help="results.json of an earlier run")
    parser.add_argument("after", nargs="+", help="results.json of later ones")
    parser.add_argument("--slower", type=float, default=1.5, help="name instances that take this many times as long")
    options = parser.parse_args()
    before = load(options.before)
    contradicted = False
    for path in options.after:
        if len(options.after) > 1:
            print(f"--- {path}")
        after = load(path)
        for name in before:
            if name in after:
                contradicted |= compare(name, before[name], after[name], options.slower)
    sys.exit(1 if contradicted else 0)


if __name__ == "__main__":
    main()
