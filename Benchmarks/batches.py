#!/usr/bin/env python3
"""Tries batches against what goes wrong: kills, full disks, dead workers, many queries, a cluster of one node.

Trials: kill, disk, workers, many, slurm, or all. Each prints one line per finding; exit status 1 when one is wrong.
`disk` mounts a small tmpfs and `slurm` starts slurmctld and slurmd, both as root; where they cannot they say so and
are skipped.
"""

import argparse
import collections
import contextlib
import csv
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SPECS = ROOT / "Specs"
# Decided in milliseconds each; with hard ones in between a batch lasts long enough to be killed.
EASY = [
    ("dense.onnx", "dense-robust.vnnlib"), ("dense.onnx", "dense-planted.vnnlib"),
    ("sparse.onnx", "sparse-robust.vnnlib"), ("triangle.onnx", "triangle-below.vnnlib"),
    ("controller.onnx", "controller-bounded.vnnlib"), ("controller.onnx", "controller-saturates.vnnlib"),
]
HARD = ("parity41.onnx", "parity41-half.vnnlib")


class Trials:
    def __init__(self, options):
        self.binary = options.binary.resolve()
        self.random = random.Random(options.seed)
        self.kills = options.kills
        self.many_count = options.many
        self.wrong = 0

    def check(self, holds, text):
        print(("ok    " if holds else "WRONG ") + text, flush=True)
        self.wrong += not holds

    def write_list(self, directory, count, hard_every=0, timeout=1):
        path = directory / "instances.csv"
        with open(path, "w") as file:
            for index in range(count):
                pair = HARD if hard_every and index % hard_every == 0 else EASY[index % len(EASY)]
                file.write(f"{SPECS / pair[0]},{SPECS / pair[1]},{timeout}\n")
        return path

    def batch(self, path, store, *arguments, **keywords):
        command = [self.binary, "batch", path, "--store", store, "--jobs", "2", "--threads", "1", "--quiet", *arguments]
        return subprocess.run(command, capture_output=True, text=True, **keywords)

    # MARK: kill

    def kill(self):
        """kill -9 at random moments, then --resume: the table of an uninterrupted run, no query completed twice."""
        with tempfile.TemporaryDirectory() as name:
            directory = Path(name)
            path = self.write_list(directory, 200, hard_every=20)
            plain = self.batch(path, directory / "plain.sqlite", "--out", directory / "plain.csv")
            self.check(plain.returncode == 0, "an uninterrupted batch of 200 ends")
            store = directory / "killed.sqlite"
            kills = 0
            while kills < self.kills:
                process = subprocess.Popen(
                    [self.binary, "batch", path, "--store", store, "--jobs", "2", "--threads", "1", "--quiet",
                     "--resume"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                time.sleep(self.random.uniform(0.02, 0.7))
                if process.poll() is None:
                    kills += 1
                process.kill()
                process.wait()
                if process.returncode == 0:
                    break
            resumed = self.batch(path, store, "--resume", "--out", directory / "killed.csv")
            self.check(resumed.returncode == 0, f"after {kills} kills the batch is resumed and ends")
            verdicts = [verdicts_of(directory / f"{kind}.csv") for kind in ("plain", "killed")]
            self.check(verdicts[0] == verdicts[1] and len(verdicts[0]) == 200, "its table equals the uninterrupted one's")
            rows = rows_of(store)
            self.check(len(rows) == len(set(rows)) == 200, "no query was run to completion twice")
            time.sleep(1)
            self.check(not workers_of(self.binary), "no worker is left")

    # MARK: workers

    def workers(self):
        """Dead workers, too little memory and files at fault cost their own queries only."""
        with tempfile.TemporaryDirectory() as name:
            directory = Path(name)
            path = self.write_list(directory, 60, hard_every=10, timeout=2)
            with open(path, "a") as file:
                file.write(f"missing.onnx,{SPECS / EASY[0][1]},5\n{path},{SPECS / EASY[0][1]},5\n")
            process = subprocess.Popen(
                [self.binary, "batch", path, "--store", directory / "s.sqlite", "--jobs", "2", "--threads", "1",
                 "--out", directory / "r.csv"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            killed = 0
            while process.poll() is None:
                time.sleep(0.5)
                for worker in workers_of(self.binary)[:1]:
                    if killed < 3:
                        os.kill(worker, signal.SIGKILL)
                        killed += 1
            counts = collections.Counter(verdicts_of(directory / "r.csv").values())
            self.check(process.returncode == 0 and sum(counts.values()) == 62, "a batch with killed workers ends")
            self.check(2 <= counts["error"] <= 2 + killed, f"{killed} kills, 2 files at fault: {counts['error']} errors")
            little = self.batch(
                self.write_list(directory, 4, hard_every=1), directory / "m.sqlite", "--memory", "4M", "--out",
                directory / "m.csv")
            reasons = {row["reason"] for row in csv.DictReader(open(directory / "m.csv"))}
            self.check(
                little.returncode == 0 and all("allowed" in reason or "died" in reason for reason in reasons),
                f"workers over their memory are ended: {sorted(reasons)[0]}")

    # MARK: disk

    def disk(self):
        """A full disk is told clearly, nothing is corrupted, and the batch goes on once there is space."""
        with tempfile.TemporaryDirectory() as name:
            directory = Path(name)
            small = directory / "small"
            small.mkdir()
            mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", small], capture_output=True)
            if mounted.returncode != 0:
                print("skip  disk: a tmpfs cannot be mounted; run it as root")
                return
            try:
                path = self.write_list(directory, 2000)
                full = self.batch(path, small / "s.sqlite")
                self.check(
                    full.returncode == 1 and "full" in full.stderr and "--resume" in full.stderr,
                    f"a full disk ends the batch: {full.stderr.strip()}")
                before = rows_of(small / "s.sqlite")
                self.check(0 < len(before) < 2000, f"{len(before)} results are safe")
                subprocess.run(["mount", "-o", "remount,size=64m", small], check=True)
                resumed = self.batch(path, small / "s.sqlite", "--resume")
                rows = rows_of(small / "s.sqlite")
                self.check(
                    resumed.returncode == 0 and len(rows) == len(set(rows)) == 2000 and set(before) <= set(rows),
                    "with more space it goes on and ends")
            finally:
                subprocess.run(["umount", small], check=False)

    # MARK: many

    def many(self):
        """Many small queries: speed, and the memory of the batch and its workers."""
        with tempfile.TemporaryDirectory() as name:
            directory = Path(name)
            path = self.write_list(directory, self.many_count, timeout=20)
            start = time.perf_counter()
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            process = subprocess.Popen(
                [self.binary, "batch", path, "--store", directory / "s.sqlite", "--jobs", "2", "--threads", "1",
                 "--quiet"], stdout=subprocess.DEVNULL)
            memory = []
            while process.poll() is None:
                time.sleep(0.5)
                memory.append([resident(process.pid), *map(resident, workers_of(self.binary))])
            seconds = time.perf_counter() - start
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            rows = rows_of(directory / "s.sqlite")
            self.check(process.returncode == 0 and len(rows) == len(set(rows)) == self.many_count, "every query has a result")
            cost = 1000 * spent / self.many_count
            self.check(cost < 5, f"{cost:.1f} ms of processor time a query, over all processes")
            rate = self.many_count / seconds
            self.check(rate >= 200, f"{rate:.0f} queries a second ({seconds:.1f} s)")
            thirds = [max(sum(sample) for sample in part) for part in
                      (memory[:len(memory) // 3], memory[len(memory) * 2 // 3:]) if part]
            self.check(
                len(thirds) == 2 and thirds[1] < 1.2 * thirds[0] + 10,
                "memory in all, first and last third: " + ", ".join(f"{value:.0f} MB" for value in thirds))

    # MARK: slurm

    def slurm(self):
        """A job array of 4 shards on a cluster of one node, merged: the table of the plain run."""
        missing = [name for name in ("slurmctld", "slurmd", "sbatch", "munged") if not shutil.which(name, path=PATH)]
        if missing or os.geteuid() != 0:
            print(f"skip  slurm: {', '.join(missing) or 'root'} is missing; install slurm-wlm and munge, run as root")
            return
        with tempfile.TemporaryDirectory() as name:
            directory = Path(name)
            path = self.write_list(directory, 40, timeout=20)
            plain = self.batch(path, directory / "plain.sqlite", "--out", directory / "plain.csv")
            self.check(plain.returncode == 0, "the plain run ends")
            with Cluster(directory) as cluster:
                script = directory / "job.sh"
                written = subprocess.run(
                    [self.binary, "batch", path, "--slurm", script, "--shards", "4", "--memory", "512M", "--out",
                     directory / "merged.csv"], capture_output=True, text=True)
                self.check(written.returncode == 0, "the script is written")
                submitted = cluster.run("sh", script)
                self.check(submitted.returncode == 0, f"it is submitted: {submitted.stdout.strip()} {submitted.stderr.strip()}")
                end = time.time() + 300
                while time.time() < end and cluster.run("squeue", "--noheader").stdout.strip():
                    time.sleep(1)
                logs = "".join(log.read_text() for log in sorted((directory / "job.sh.d").glob("*.log")))
                merged = directory / "merged.csv"
                self.check(merged.exists(), "the merge ran" if merged.exists() else "the merge did not run: " + logs[-500:])
                if merged.exists():
                    self.check(
                        verdicts_of(directory / "plain.csv") == verdicts_of(merged), "4 shards merged equal the plain run")


PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


class Cluster:
    """slurmctld and slurmd on this machine, under a configuration of their own."""

    def __init__(self, directory):
        self.directory = directory
        self.processes = []
        state = directory / "slurm"
        for part in ("ctld", "d"):
            (state / part).mkdir(parents=True)
        host = os.uname().nodename.split(".")[0]
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
        (state / "munge").mkdir(mode=0o711)
        key = state / "munge" / "key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        self.socket = state / "munge" / "socket"
        (state / "slurm.conf").write_text("\n".join([
            "ClusterName=trial", f"SlurmctldHost={host}(127.0.0.1)", "SlurmUser=root", "AuthType=auth/munge",
            f"AuthInfo=socket={self.socket}", "SlurmctldPort=17817", "SlurmdPort=17818",
            f"StateSaveLocation={state}/ctld", f"SlurmdSpoolDir={state}/d",
            f"SlurmctldPidFile={state}/ctld.pid", f"SlurmdPidFile={state}/d.pid",
            f"SlurmctldLogFile={state}/ctld.log", f"SlurmdLogFile={state}/d.log",
            "ProctrackType=proctrack/linuxproc", "TaskPlugin=task/none", "SelectType=select/cons_tres",
            "SelectTypeParameters=CR_CPU_Memory", "ReturnToService=2", "SwitchType=switch/none", "MpiDefault=none",
            "JobAcctGatherType=jobacct_gather/none", "AccountingStorageType=accounting_storage/none",
            f"NodeName={host} NodeAddr=127.0.0.1 CPUs={os.cpu_count()} RealMemory={memory * 3 // 4} State=UNKNOWN",
            f"PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP", "",
        ]))
        self.environment = {**os.environ, "SLURM_CONF": str(state / "slurm.conf"), "PATH": PATH}
        self.state = state

    def __enter__(self):
        self.start(
            "munged", "--foreground", "--force", f"--key-file={self.state}/munge/key", f"--socket={self.socket}",
            f"--pid-file={self.state}/munge/pid", f"--log-file={self.state}/munge/log",
            f"--seed-file={self.state}/munge/seed")
        wait_for(self.socket.exists, 10)
        self.start("slurmctld", "-D", "-f", self.state / "slurm.conf")
        self.start("slurmd", "-D", "-f", self.state / "slurm.conf")
        if not wait_for(lambda: "idle" in self.run("sinfo", "--noheader").stdout, 30):
            print((self.state / "ctld.log").read_text()[-1500:], (self.state / "d.log").read_text()[-1500:])
        return self

    def start(self, *command):
        self.processes.append(subprocess.Popen(
            command, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def run(self, *command):
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, cwd=self.directory)

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_for(condition, seconds):
    end = time.time() + seconds
    while time.time() < end:
        if condition():
            return True
        time.sleep(0.2)
    return False


def verdicts_of(table):
    """Verdicts by network and property, the n-th of equal rows apart."""
    seen = collections.Counter()
    verdicts = {}
    for row in csv.DictReader(open(table)):
        key = (row["network"], row["property"])
        seen[key] += 1
        verdicts[*key, seen[key]] = row["verdict"]
    return dict(sorted(verdicts.items()))


def rows_of(store):
    """The keys of all results of a store that is found to be sound."""
    with contextlib.closing(sqlite3.connect(store)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return [row[0] for row in database.execute("SELECT key FROM results")]


def workers_of(binary):
    """The worker processes of the program."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if len(words) > 1 and words[0] == str(binary).encode() and words[1] == b"worker":
                found.append(int(entry.name))
    return found


def resident(process):
    """Megabytes that a process holds."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main():
    names = ["kill", "workers", "disk", "many", "slurm"]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trials", nargs="*", default=["all"], help=", ".join(names) + " or all")
    parser.add_argument("--binary", type=Path, default=ROOT / ".build/release/secateur")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--many", type=int, default=10_000, help="queries of the trial of many")
    options = parser.parse_args()
    trials = Trials(options)
    for name in names if options.trials == ["all"] else options.trials:
        if name not in names:
            sys.exit(f"{name}: no such trial; choose of {', '.join(names)}")
        print(f"{name}: {getattr(trials, name).__doc__}")
        getattr(trials, name)()
    sys.exit(1 if trials.wrong else 0)


if __name__ == "__main__":
    main()
