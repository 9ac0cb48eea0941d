#!/usr/bin/env python3
"""Writes and checks a certificate for every instance of some suites that is decided in time.

Rows go to build/bench/certificates.csv as they come: time to solve without and with a certificate, its size, time to
check. Times are user and system seconds of all threads, so that other programs disturb them less; --exact checks in
exact arithmetic as well. Exit status 1 when a certificate is refused.
"""

import argparse
import csv
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import runs

COLUMNS = [
    "suite", "network", "property", "verdict", "solve_s", "certified_s", "solve_cpu_s", "certified_cpu_s", "bytes",
    "check", "check_s", "check_cpu_s", "exact", "exact_s",
]


def timed(command, timeout=None):
    """Runs a command; what it printed, its status, wall-clock and processor seconds."""
    start = time.perf_counter()
    before = os.times()
    try:
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=timeout)
        output, status = done.stdout, done.returncode
        reason = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else ""
    except subprocess.TimeoutExpired:
        output, status, reason = "", -1, f"not done in {timeout:g} s"
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return output.split("\n")[0], status, reason, time.perf_counter() - start, cpu


def measure(instance, options, certificate):
    files = [instance.directory / instance.network, instance.directory / instance.property]
    verify = [options.binary, "verify", *files, "--timeout", f"{options.limit:g}"]
    verdict, _, _, solve, solve_cpu = timed(verify)
    row = {
        "suite": instance.suite, "network": instance.network, "property": instance.property, "verdict": verdict,
        "solve_s": f"{solve:.3f}", "solve_cpu_s": f"{solve_cpu:.3f}",
    }
    if verdict not in ("unsat", "sat"):
        return row
    # A run that writes a certificate may take a little longer.
    verdict, _, reason, seconds, cpu = timed([*verify[:-1], f"{2 * options.limit:g}", "--certificate", certificate])
    row |= {"certified_s": f"{seconds:.3f}", "certified_cpu_s": f"{cpu:.3f}"}
    if verdict != row["verdict"]:
        return row | {"check": f"none: {verdict} {reason}"}
    row["bytes"] = certificate.stat().st_size
    check = [options.binary, "check", certificate, *files]
    output, status, reason, seconds, cpu = timed(check)
    row |= {
        "check": "accepted" if status == 0 and output == "accepted" else f"REFUSED: {reason}",
        "check_s": f"{seconds:.3f}", "check_cpu_s": f"{cpu:.3f}",
    }
    if options.exact:
        output, status, reason, seconds, _ = timed([*check, "--exact"], timeout=options.exact_limit)
        row |= {"exact": "accepted" if output == "accepted" else reason, "exact_s": f"{seconds:.3f}"}
    return row


def summary(suite, rows):
    proved = [row for row in rows if row["verdict"] == "unsat" and row.get("check") == "accepted"]
    solved = [row for row in rows if row["verdict"] in ("unsat", "sat")]
    accepted = sum(row.get("check") == "accepted" for row in solved)
    line = f"{suite:20s} {len(rows):4d} instances, {len(solved):3d} decided, {accepted:3d} accepted"
    if not proved:
        return line

    def median(function):
        return statistics.median(function(row) for row in proved)

    overhead = median(lambda row: float(row["certified_cpu_s"]) / max(float(row["solve_cpu_s"]), 1e-3)) - 1
    ratio = median(lambda row: float(row["check_cpu_s"]) / max(float(row["solve_cpu_s"]), 1e-3))
    worst = max(float(row["check_cpu_s"]) / max(float(row["solve_cpu_s"]), 1e-3) for row in proved)
    exact = sum(row.get("exact") == "accepted" for row in proved)
    line += (
        f"; unsat: solve {median(lambda row: float(row['solve_s'])):.2f} s, overhead {100 * overhead:+.0f} %, "
        f"{median(lambda row: row['bytes']):.0f} bytes (most {max(row['bytes'] for row in proved)}), "
        f"check {median(lambda row: float(row['check_s'])):.2f} s, {ratio:.2f} x solve (most {worst:.1f})"
    )
    return line + (f", {exact} of {len(proved)} accepted exactly" if proved[0].get("exact") else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", default="../shared")
    parser.add_argument("--suite", default="rl_benchmarks,safenlp,reach_prob_density,acasxu,mnist_fc,eran,cifar10_resnet")
    parser.add_argument("--binary", type=lambda name: Path(name).resolve(), default=Path(".build/release/secateur").resolve())
    parser.add_argument("--limit", type=float, default=60, help="seconds for each instance")
    parser.add_argument("--exact", action="store_true", help="check in exact arithmetic as well")
    parser.add_argument("--exact-limit", type=float, default=120, help="seconds for an exact check")
    parser.add_argument("--only", help="instances whose name matches this regular expression")
    parser.add_argument("--first", type=int, help="so many instances of each suite")
    parser.add_argument("--keep", type=Path, help="a directory for the certificates")
    parser.add_argument("--out", type=Path, default=Path("build/bench/certificates.csv"))
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    refused = 0
    with open(options.out, "w", newline="") as file, tempfile.TemporaryDirectory() as scratch:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for suite in runs.suites(options.shared, options.suite):
            rows = []
            chosen = [i for i in runs.instances(options.shared, suite) if re.search(options.only or "", i.name)]
            for number, instance in enumerate(chosen[:options.first]):
                place = options.keep or Path(scratch)
                place.mkdir(parents=True, exist_ok=True)
                certificate = place / f"{suite}-{number}.secert"
                row = measure(instance, options, certificate)
                rows.append(row)
                writer.writerow(row)
                file.flush()
                if row["verdict"] in ("unsat", "sat") and row.get("check") != "accepted":
                    refused += 1
                    print(f"{suite} {instance.name}: {row.get('check')}", flush=True)
                if not options.keep:
                    certificate.unlink(missing_ok=True)
            print(summary(suite, rows), flush=True)
    sys.exit(1 if refused else 0)


if __name__ == "__main__":
    main()
