"""Lists of benchmark instances, and one run of the verifier on one of them."""

import csv
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

# Suites whose known verdicts belong to other files than the ones that lie beside them, as `labels.py` shows: these
# benchmarks draw their properties at random for every competition. Their labels are not used to judge a verdict.
FOREIGN_LABELS = {"collins_rul_cnn", "safenlp", "tllverifybench"}

# Seconds past its own timeout after which a run is ended from outside, and counted as an error.
GRACE = 10.0


@dataclass
class Instance:
    suite: str
    network: str
    property: str
    timeout: float
    directory: Path

    @property
    def name(self):
        return f"{Path(self.network).name} {Path(self.property).name}"


@dataclass
class Run:
    verdict: str
    seconds: float
    # Peak resident memory of the process in MB. A process starts with its parent's peak on record, so that nothing
    # below this interpreter's own size (about 15 MB) is told apart.
    memory: float
    status: int
    message: str = ""
    # The share of the processor time that was spent in the lane kernels; None when it was not measured.
    kernel_share: float | None = None
    details: dict = field(default_factory=dict)


def suites(shared, chosen):
    """The names of the chosen suites: 'all', or names separated by commas."""
    root = Path(shared) / "suites"
    if not root.is_dir():
        sys.exit(f"{root}: no such directory; name the directory that holds suites/ with SHARED=...")
    present = sorted(path.parent.name for path in root.glob("*/instances.csv"))
    if chosen == "all":
        return present
    names = chosen.split(",")
    for name in names:
        if name not in present:
            sys.exit(f"{root}/{name}: no such suite; choose one of {', '.join(present)}")
    return names


def instances(shared, suite):
    """The rows of a suite's instances.csv."""
    directory = Path(shared) / "suites" / suite
    with open(directory / "instances.csv", newline="") as file:
        rows = [row for row in csv.reader(file) if row]
    return [Instance(suite, row[0], row[1], float(row[2]), directory) for row in rows]


def expected(shared, suite):
    """Known verdicts by network and property, as instances.csv names them."""
    with open(Path(shared) / "suites" / suite / "expected.csv", newline="") as file:
        return {(row["onnx"], row["vnnlib"]): row["expected"] for row in csv.DictReader(file)}


def replay(instance, run):
    """Whether onnxruntime, in a process of its own, agrees with the witness of a `sat`; None where it is not installed.

    A witness that it refuses turns the run into an error.
    """
    if run.verdict != "sat" or not importlib.util.find_spec("onnxruntime"):
        return None
    answer = subprocess.run([
        sys.executable, Path(__file__).with_name("replay.py"), instance.directory / instance.network,
        instance.directory / instance.property,
    ], input=json.dumps(run.details), capture_output=True, text=True)
    if answer.returncode == 0 and not answer.stdout.strip():
        return True
    run.verdict = "error"
    run.message = "WITNESS REFUSED: " + (answer.stdout.strip() or answer.stderr.strip().splitlines()[-1])
    run.details = {}
    return False


def kernel_share(recording):
    """The share of the samples of a perf recording that lie in functions of CLaneKernels."""
    report = subprocess.run(
        ["perf", "report", "-i", recording, "--stdio", "-g", "none", "--sort", "symbol"], capture_output=True, text=True)
    total = inside = 0.0
    for line in report.stdout.splitlines():
        match = re.match(r"\s*([\d.]+)%\s+\[.\]\s+(\S+)", line)
        if match:
            total += float(match[1])
            if re.match(r"(lane_|gather_|dot_|sparse_)", match[2]):
                inside += float(match[1])
    return inside / total if total else None


def verify(binary, instance, timeout, arguments=(), profile=False):
    """Runs the verifier on the instance; wall-clock time includes its start."""
    command = [
        str(binary), "verify", str(instance.directory / instance.network), str(instance.directory / instance.property),
        "--timeout", f"{timeout:g}", "--json", *arguments,
    ]
    recording = None
    if profile:
        recording = tempfile.NamedTemporaryFile(suffix=".perf")
        command = ["perf", "record", "-q", "-F", "199", "-o", recording.name, "--", *command]
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    overrun = threading.Timer(timeout + GRACE, process.kill)
    overrun.start()
    output, errors = [], []
    readers = [
        threading.Thread(target=lambda: output.append(process.stdout.read())),
        threading.Thread(target=lambda: errors.append(process.stderr.read())),
    ]
    for reader in readers:
        reader.start()
    # wait4 alone tells the memory of this one child; Popen must not wait for it as well.
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    overrun.cancel()
    for reader in readers:
        reader.join()
    message = errors[0].strip().splitlines()[-1] if errors[0].strip() else ""
    run = Run("error", seconds, usage.ru_maxrss / 1024, process.returncode, message)
    if process.returncode == -signal.SIGKILL:
        run.message = "killed from outside"
    elif process.returncode == 0:
        run.details = json.loads(output[0])
        run.verdict = run.details["verdict"]
    if recording:
        run.kernel_share = kernel_share(recording.name)
        recording.close()
    return run
