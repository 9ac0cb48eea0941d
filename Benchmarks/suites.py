#!/usr/bin/env python3
"""Runs benchmark suites through the release binary, one instance after the other, and scores the verdicts.

Results go to build/bench/SUITE.csv as they come. Where onnxruntime is installed, it checks every witness. Exit status
1 when a verdict is wrong, a witness is refused or a run failed.
"""

import argparse
import csv
import re
import statistics
import subprocess
import sys
from pathlib import Path

import runs

COLUMNS = [
    "network", "property", "verdict", "seconds", "memory_mb", "timeout", "status", "nodes", "open", "worst_bound",
    "neurons", "unstable_neurons", "read_s", "attack_s", "bounds_s", "search_s", "message",
]
# What a run may take past its timeout.
TOLERANCE = 0.5


def row(instance, run, timeout):
    details = run.details
    parts = details.get("seconds", {})
    return {
        "network": instance.network, "property": instance.property, "verdict": run.verdict,
        "seconds": f"{run.seconds:.4f}", "memory_mb": f"{run.memory:.1f}", "timeout": f"{timeout:g}",
        "status": run.status, "nodes": details.get("nodes"), "open": details.get("open"),
        "worst_bound": details.get("worstBound"), "neurons": details.get("neurons"),
        "unstable_neurons": details.get("unstableNeurons"), "read_s": parts.get("read"),
        "attack_s": parts.get("attack"), "bounds_s": parts.get("bounds"), "search_s": parts.get("search"),
        "message": details.get("reason") or run.message,
    }


def run_suite(suite, options):
    """Runs one suite.

    Returns the runs with their timeouts, the instances whose label `unsat` a replayed witness refutes, and the results
    file.
    """
    options.out.mkdir(parents=True, exist_ok=True)
    results = options.out / f"{suite}.csv"
    done = []
    disputed = []
    labels = runs.expected(options.shared, suite)
    with open(results, "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for instance in runs.instances(options.shared, suite):
            if options.only and not re.search(options.only, instance.name):
                continue
            timeout = min(instance.timeout, options.limit)
            run = runs.verify(options.binary, instance, timeout, options.arguments)
            if runs.replay(instance, run) and labels[instance.network, instance.property] == "unsat":
                disputed.append(instance)
            done.append((run, timeout))
            writer.writerow(row(instance, run, timeout))
            file.flush()
            note = "" if run.verdict in ("sat", "unsat") else run.details.get("reason") or run.message
            late = "  LATE" if run.seconds > timeout + TOLERANCE else ""
            print(f"{run.verdict:8}{run.seconds:9.3f} s{run.memory:8.0f} MB  {instance.name}{late}  {note}", flush=True)
    return done, disputed, results


def summarise(suite, done, disputed, results, options):
    """Prints the score line and the resources; returns whether nothing is wrong with the verdicts."""
    score = subprocess.run([
        sys.executable, Path(options.shared) / "tools" / "score.py", results,
        Path(options.shared) / "suites" / suite / "expected.csv",
    ], capture_output=True, text=True)
    for line in (score.stdout + score.stderr).splitlines():
        print(f"{suite}: {line}")
    for instance in disputed:
        print(f"{suite}: label unsat refuted by onnxruntime at the witness: {instance.name}")
    wrong = sum(line.startswith("WRONG") for line in score.stdout.splitlines())
    fine = wrong == len(disputed) and (score.returncode == 0 or wrong > 0)
    if suite in runs.FOREIGN_LABELS:
        print(f"{suite}: its labels belong to other files (see Benchmarks/labels.py) and are no measure")
        fine = True
    if not done:
        return fine
    memory = [run.memory for run, _ in done]
    errors = sum(run.verdict == "error" for run, _ in done)
    late = sum(run.seconds > timeout + TOLERANCE for run, timeout in done)
    print(
        f"{suite}: memory median {statistics.median(memory):.0f} MB, max {max(memory):.0f} MB; "
        f"{sum(run.seconds for run, _ in done):.1f} s in all; {errors} failed, {late} late"
    )
    return fine and errors == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", default="../shared", help="directory that holds suites/ and tools/score.py")
    parser.add_argument("--suite", default="all", help="a suite's name, several with commas, or all")
    parser.add_argument("--limit", type=float, default=60, help="seconds per instance, at most")
    parser.add_argument("--binary", type=Path, default=Path(".build/release/secateur"))
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="directory for the results")
    parser.add_argument("--only", help="run only instances whose file names match this regular expression")
    parser.add_argument("arguments", nargs="*", help="more arguments for `secateur verify`, after --")
    options = parser.parse_args()
    fine = True
    finished = []
    for suite in runs.suites(options.shared, options.suite):
        finished.append((suite, *run_suite(suite, options)))
    print()
    for suite, done, disputed, results in finished:
        fine &= summarise(suite, done, disputed, results, options)
    every = [run for _, done, _, _ in finished for run, _ in done]
    if len(finished) > 1 and every:
        solved = sum(run.verdict in ("sat", "unsat") for run in every)
        memory = [run.memory for run in every]
        print(
            f"all: solved {solved} of {len(every)}; memory median {statistics.median(memory):.0f} MB, "
            f"max {max(memory):.0f} MB"
        )
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
