#!/usr/bin/env python3
"""Runs benchmark suites through the release binary, one instance after the other, and scores the verdicts.

Results go to build/bench/SUITE.csv as they come, and all of them to build/bench/results.json, which compare.py reads.
Where onnxruntime is installed, it checks every witness. Exit status 1 when a verdict is wrong, a witness is refused or
a run failed.
"""

import argparse
import csv
import json
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
        for instance in chosen_instances(suite, options):
            timeout = min(instance.timeout, options.limit)
            run = runs.verify(options.binary, instance, timeout, options.arguments, options.profile)
            if runs.replay(instance, run) and labels[instance.network, instance.property] == "unsat":
                disputed.append(instance)
            done.append((run, timeout))
            writer.writerow(row(instance, run, timeout))
            file.flush()
            note = "" if run.verdict in ("sat", "unsat") else run.details.get("reason") or run.message
            late = "  LATE" if run.seconds > timeout + TOLERANCE else ""
            print(f"{run.verdict:8}{run.seconds:9.3f} s{run.memory:8.0f} MB  {instance.name}{late}  {note}", flush=True)
    return done, disputed, results


def table_line(suite, done, wrong):
    """What the table and the stored results say of a suite."""
    solved = [run for run, _ in done if run.verdict in ("sat", "unsat")]
    searched = [run for run, _ in done if run.details.get("seconds")]
    nodes = sum(run.details["nodes"] for run in searched)
    search = sum(run.details["seconds"]["search"] for run in searched)
    shares = [(run.kernel_share, run.seconds) for run, _ in done if run.kernel_share is not None]
    weight = sum(seconds for _, seconds in shares)
    return {
        "suite": suite, "instances": len(done), "solved": len(solved), "wrong": wrong,
        "median_s": statistics.median(run.seconds for run in solved) if solved else None,
        "total_s": sum(run.seconds for run, _ in done), "nodes": nodes,
        "nodes_per_s": nodes / search if search > 0.1 else None,
        "kernel_share": sum(share * seconds for share, seconds in shares) / weight if weight else None,
        "memory_mb": max(run.memory for run, _ in done),
    }


def print_table(lines):
    print(f"{'suite':22}{'solved':>9}{'wrong':>6}{'median s':>10}{'total s':>9}{'nodes/s':>9}{'kernels':>8}{'MB':>6}")
    for line in lines:
        def shown(key, form, scale=1):
            return format(line[key] * scale, form) if line[key] is not None else "-"
        print(
            f"{line['suite']:22}{line['solved']:>5}/{line['instances']:<3}{line['wrong']:>6}"
            f"{shown('median_s', '.3f'):>10}{line['total_s']:>9.1f}{shown('nodes_per_s', '.0f'):>9}"
            f"{shown('kernel_share', '.0f', 100):>7}{'%' if line['kernel_share'] is not None else ' '}"
            f"{line['memory_mb']:>6.0f}"
        )


def store(path, options, finished):
    """Writes everything that was measured for compare.py."""
    suites = {}
    for suite, done, wrong in finished:
        suites[suite] = {"summary": table_line(suite, done, wrong), "runs": [
            {
                "network": instance.network, "property": instance.property, "verdict": run.verdict,
                "seconds": run.seconds, "timeout": timeout, "nodes": run.details.get("nodes"),
                "kernel_share": run.kernel_share,
            } for (run, timeout), instance in zip(done, chosen_instances(suite, options))
        ]}
    path.write_text(json.dumps(
        {"limit": options.limit, "arguments": options.arguments, "suites": suites}, indent=1) + "\n")


def chosen_instances(suite, options):
    every = runs.instances(options.shared, suite)
    return [one for one in every if not options.only or re.search(options.only, one.name)]


def summarise(suite, done, disputed, results, options):
    """Prints the score line and the resources; returns whether nothing is wrong, and how many verdicts are."""
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
        wrong = len(disputed) if disputed else 0
    if not done:
        return fine, wrong
    memory = [run.memory for run, _ in done]
    errors = sum(run.verdict == "error" for run, _ in done)
    late = sum(run.seconds > timeout + TOLERANCE for run, timeout in done)
    print(
        f"{suite}: memory median {statistics.median(memory):.0f} MB, max {max(memory):.0f} MB; "
        f"{sum(run.seconds for run, _ in done):.1f} s in all; {errors} failed, {late} late"
    )
    return fine and errors == 0, wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", default="../shared", help="directory that holds suites/ and tools/score.py")
    parser.add_argument("--suite", default="all", help="a suite's name, several with commas, or all")
    parser.add_argument("--limit", type=float, default=60, help="seconds per instance, at most")
    parser.add_argument("--binary", type=Path, default=Path(".build/release/secateur"))
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="directory for the results")
    parser.add_argument("--only", help="run only instances whose file names match this regular expression")
    parser.add_argument("--profile", action="store_true", help="tell the kernels' share of the time, by Linux's perf")
    parser.add_argument("arguments", nargs="*", help="more arguments for `secateur verify`, after --")
    options = parser.parse_args()
    fine = True
    finished = []
    for suite in runs.suites(options.shared, options.suite):
        done, disputed, results = run_suite(suite, options)
        is_fine, wrong = summarise(suite, done, disputed, results, options)
        fine &= is_fine
        if done:
            finished.append((suite, done, wrong))
            store(options.out / "results.json", options, finished)
    print()
    print_table([table_line(*suite) for suite in finished])
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
