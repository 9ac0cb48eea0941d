"""Every pruning method on one fully connected and one convolutional network.

    python Benchmarks/pruning.py --binary .build/release/secateur --data ../shared/data/mnist

Trains both networks, prunes each by every method at 50 % and 80 %, fine-tunes, and decides robustness of the first
images of the test set, each within so many subproblems. Prints a table in Markdown: accuracy before and after
fine-tuning, images certified, processor seconds of pruning. The convolutional network is pruned in its convolutions.
Without MNIST the digits that the program draws itself are used. Rows that are in the table's file already are not
computed again.
"""
import argparse
import csv
import os
import re
import resource
import subprocess
import sys
import time

NETWORKS = {"256x2": ["--scope", "all"], "conv-small": ["--scope", "convolutions"]}
RATIOS = ["0.5", "0.8"]
# By ratio, the n:m pattern that removes as much.
PATTERNS = {"0.5": "2:4", "0.8": "1:5"}
# Name, arguments; RATIO and PATTERN are filled in. The first one is the network before pruning.
METHODS = [
    ("dense", None),
    ("magnitude, global", ["--method", "magnitude"]),
    ("magnitude, per layer", ["--method", "magnitude", "--per-layer"]),
    ("magnitude, n:m", ["--method", "magnitude", "--pattern", "PATTERN"]),
    ("random", ["--method", "random", "--per-layer"]),
    ("gradient", ["--method", "gradient"]),
    ("obd", ["--method", "obd", "--per-layer"]),
    ("obs", ["--method", "obs"]),
    ("sparsegpt", ["--method", "sparsegpt"]),
    ("sparsegpt, n:m", ["--method", "sparsegpt", "--pattern", "PATTERN"]),
    ("woodfisher", ["--method", "woodfisher"]),
    ("channels, l1", ["--structured", "--norm", "l1"]),
    ("channels, l2", ["--structured", "--norm", "l2"]),
    ("magnitude, revival of 5 %", ["--method", "magnitude", "--revive", "0.05"]),
    ("merge", ["--method", "merge"]),
]
FIELDS = ["network", "method", "ratio", "sparsity", "before", "after", "certified", "refuted", "open", "wrong",
          "prune_seconds", "verify_seconds"]


def run(options, *arguments):
    """Standard output and processor seconds of one command."""
    def seconds():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    before = seconds()
    done = subprocess.run([options.binary, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"secateur {' '.join(map(str, arguments))}: {done.stderr.strip()}")
    return done.stdout, seconds() - before


def accuracies(text):
    """Before the first epoch and after the last, in percent."""
    return [float(number) for number in re.findall(r"test accuracy ([0-9.]+) %", text)]


def measure(options, network, method, arguments, ratio):
    """One row of the table; files of networks lie in the folder."""
    stem = f"{options.folder}/{network}"
    data = ["--data", options.data, "--limit", options.limit, "--seed", "1"]
    row = {"network": network, "method": method, "ratio": ratio, "sparsity": "", "before": "", "prune_seconds": ""}
    if method == "dense":
        model = f"{stem}.onnx"
        text, _ = run(options, "train", "--architecture", network, *data, "--epochs", options.epochs, "--out", model)
    else:
        name = re.sub(r"[^a-z0-9]+", "-", f"{method} {ratio}")
        pruned, model = f"{stem}-{name}-pruned.onnx", f"{stem}-{name}.onnx"
        given = [PATTERNS[ratio] if word == "PATTERN" else word for word in arguments]
        needs = method.split(",")[0] in ("gradient", "obd", "obs", "sparsegpt", "woodfisher")
        calibration = ["--data", options.data, "--calibration", "512"] if needs else []
        scope = NETWORKS[network] if method != "merge" else []
        text, seconds = run(options, "prune", f"{stem}.onnx", *given, *scope, *(["--ratio", ratio] if ratio else []),
                            *calibration, "--seed", "1", "--out", pruned)
        row["prune_seconds"] = f"{seconds:.1f}"
        total = re.search(r"^total .* ([0-9.]+)$", text, re.MULTILINE)
        row["sparsity"] = total.group(1) if total else text.strip().split(",")[0]
        text, _ = run(options, "finetune", pruned, *data, "--epochs", options.finetune_epochs, "--out", model)
        row["before"] = accuracies(text)[0]
    row["after"] = accuracies(text)[-1]
    table = f"{options.folder}/robust.csv"
    _, seconds = run(options, "robust", model, "--data", options.data, "--images", f"0:{options.images}", "--epsilon",
                     options.epsilon, "--timeout", options.timeout, "--max-nodes", options.max_nodes, "--quiet", "--out",
                     table)
    with open(table) as file:
        outcomes = [line["verdict"] for line in csv.DictReader(file)]
    if "error" in outcomes:
        raise RuntimeError(f"{table}: a query failed; see the reason there")
    row["certified"], row["refuted"] = outcomes.count("unsat"), outcomes.count("sat")
    row["wrong"] = outcomes.count("misclassified")
    row["open"] = len(outcomes) - row["certified"] - row["refuted"] - row["wrong"]
    row["verify_seconds"] = f"{seconds:.1f}"
    return row


def show(rows):
    print("| network | ratio | method | zeros | accuracy before | after fine-tuning | certified | refuted | open | wrong"
          " | pruning, s | deciding, s |\n|---|---|---|---|---|---|---|---|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(str(row[field]) for field in (
            "network", "ratio", "method", "sparsity", "before", "after", "certified", "refuted", "open", "wrong",
            "prune_seconds", "verify_seconds")) + " |")


def time_sparsegpt(options):
    """SparseGPT of a 1024x1024 layer with 512 calibration columns: the whole command, reading and writing included."""
    start = f"{options.folder}/1024x2.onnx"
    run(options, "train", "--architecture", "1024x2", "--data", "digits:64", "--test-data", "digits:64", "--epochs", "1",
        "--out", start)
    layers = [line.split()[1] for line in run(options, "inspect", start)[0].splitlines() if " linear " in line]
    begin = time.perf_counter()
    _, seconds = run(options, "prune", start, "--method", "sparsegpt", "--layers", layers[1], "--ratio", "0.5", "--data",
                     "digits:512", "--calibration", "512", "--out", f"{options.folder}/1024x2-pruned.onnx")
    print(f"SparseGPT, 1024x1024, 512 columns: {time.perf_counter() - begin:.2f} s, {seconds:.2f} processor seconds")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=".build/release/secateur")
    parser.add_argument("--data", default="../shared/data/mnist")
    parser.add_argument("--limit", type=int, default=60000, help="training images")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--finetune-epochs", type=int, default=1)
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--epsilon", default="0.02")
    parser.add_argument("--timeout", default="300", help="seconds per image, far more than the subproblems take")
    parser.add_argument("--max-nodes", default="500", help="subproblems per image")
    parser.add_argument("--folder", default="build/bench/pruning")
    parser.add_argument("--networks", nargs="*", default=list(NETWORKS))
    options = parser.parse_args()
    if not options.data.startswith("digits") and not os.path.isdir(options.data):
        print(f"{options.data}: not there; using digits drawn by the program", file=sys.stderr)
        options.data = "digits"
    os.makedirs(options.folder, exist_ok=True)
    path = f"{options.folder}/table.csv"
    rows = []
    if os.path.exists(path):
        with open(path) as file:
            rows = list(csv.DictReader(file))
    known = {(row["network"], row["method"], row["ratio"]) for row in rows}
    with open(path, "a", newline="") as file:
        writer = csv.DictWriter(file, FIELDS)
        if not rows:
            writer.writeheader()
        for network in options.networks:
            for ratio in RATIOS:
                for method, arguments in METHODS:
                    once = method in ("dense", "merge")
                    if once and ratio != RATIOS[0] or (network, method, "" if once else ratio) in known:
                        continue
                    try:
                        row = measure(options, network, method, arguments, "" if once else ratio)
                    except RuntimeError as error:
                        print(error, file=sys.stderr, flush=True)
                        continue
                    rows.append(row)
                    writer.writerow(row)
                    file.flush()
                    print(", ".join(f"{value}" for value in row.values()), file=sys.stderr, flush=True)
    show(rows)
    time_sparsegpt(options)


main()
