#!/usr/bin/env python3
"""Tries to prove what is known to be false: no instance known to be `sat` may come back `unsat`.

The search for counterexamples is off, so that only the soundness of the bounds stands between each instance and a
wrong proof. Where a suite's labels belong to other files, an instance counts as known when onnxruntime agrees with a
counterexample of ours. Exit status 1 when anything was proved.
"""

import argparse
import sys
from pathlib import Path

import runs


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", default="../shared", help="directory that holds suites/")
    parser.add_argument("--suite", default="all", help="a suite's name, several with commas, or all")
    parser.add_argument("--seconds", type=float, default=10, help="seconds per instance")
    parser.add_argument("--binary", type=Path, default=Path(".build/release/secateur"))
    options = parser.parse_args()
    counts = {}
    wrong = []
    for suite in runs.suites(options.shared, options.suite):
        known = runs.expected(options.shared, suite)
        for instance in runs.instances(options.shared, suite):
            if suite in runs.FOREIGN_LABELS:
                if not runs.replay(instance, runs.verify(options.binary, instance, options.seconds)):
                    continue
            elif known.get((instance.network, instance.property)) != "sat":
                continue
            run = runs.verify(options.binary, instance, options.seconds, ["--no-attack"])
            counts[run.verdict] = counts.get(run.verdict, 0) + 1
            print(f"{run.verdict:8}{run.seconds:8.2f} s  {suite}: {instance.name}  {run.message}", flush=True)
            if run.verdict == "unsat":
                wrong.append(f"{suite}: {instance.name}")
    total = sum(counts.values())
    print(f"{total} instances known to be sat: " + ", ".join(f"{n} {v}" for v, n in sorted(counts.items())))
    for name in wrong:
        print(f"WRONGLY PROVED {name}")
    if total == 0:
        sys.exit("no instance known to be sat was found")
    sys.exit(1 if wrong or counts.get("error") else 0)


if __name__ == "__main__":
    main()
