"""Images per second of ResNet4 in training, here and in PyTorch, in turns on the same machine.

    python Benchmarks/training.py --binary .build/release/secateur --data ../shared/data/mnist --images 6400

PyTorch comes from an environment of its own; without it only Secateur is measured. Processor seconds are told beside
the clock's, for machines that do other work as well.
"""
import argparse
import gzip
import os
import resource
import struct
import subprocess
import sys
import tempfile
import time


def processor_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def measure_secateur(options):
    with tempfile.TemporaryDirectory() as directory:
        before, start = processor_seconds(), time.perf_counter()
        output = subprocess.run(
            [options.binary, "train", "--architecture", "resnet4", "--data", options.data, "--limit",
             str(options.images), "--epochs", "1", "--seed", "10", "--rotation", "10", "--threads",
             str(options.threads), "--out", os.path.join(directory, "net.onnx")] +
            (["--test-data", "digits:64"]), check=True, capture_output=True, text=True).stdout
        wall, processor = time.perf_counter() - start, processor_seconds() - before
    rate = output.split("images/s")[0].split()[-1]
    print(f"secateur: {rate} images/s; whole program {wall:.1f} s, {options.images / processor:.0f} images per processor"
          f" second, {options.threads} threads", flush=True)


def read(path, name):
    for candidate, opener in ((f"{path}/{name}", open), (f"{path}/{name}.gz", gzip.open)):
        if os.path.exists(candidate):
            with opener(candidate, "rb") as file:
                return file.read()
    sys.exit(f"{path}/{name}: not found")


def measure_torch(options, form):
    import numpy
    import torch
    from torch import nn
    from torch.nn import functional

    torch.set_num_threads(options.threads)
    torch.manual_seed(10)
    images = read(options.data, "train-images-idx3-ubyte")
    count = struct.unpack(">I", images[4:8])[0]
    x = numpy.frombuffer(images, numpy.uint8, offset=16).reshape(count, 1, 28, 28).astype(numpy.float32)
    x = (torch.tensor(x) / 255 - 0.1307) / 0.3081
    y = torch.tensor(numpy.frombuffer(read(options.data, "train-labels-idx1-ubyte"), numpy.uint8, offset=8)).long()

    class Block(nn.Module):
        def __init__(self, inputs, outputs, stride):
            super().__init__()
            self.first = nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs))
            self.second = nn.Sequential(nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs))
            self.shortcut = nn.Sequential() if stride == 1 and inputs == outputs else nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

        def forward(self, x):
            return functional.relu(self.second(functional.relu(self.first(x))) + self.shortcut(x))

    network = nn.Sequential(
        nn.Conv2d(1, 32, 3, 1, 1, bias=False), nn.BatchNorm2d(32), nn.ReLU(), Block(32, 32, 1), Block(32, 64, 2),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))
    last = form == "channels last"
    if last:
        network = network.to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), 1e-3, weight_decay=1e-4)
    order = torch.randperm(count)

    def step(index):
        part = order[index * 64:index * 64 + 64]
        batch = x[part].contiguous(memory_format=torch.channels_last) if last else x[part]
        optimizer.zero_grad()
        functional.cross_entropy(network(batch), y[part]).backward()
        optimizer.step()

    for index in range(3):
        step(index)
    steps = options.images // 64
    start, before = time.perf_counter(), time.process_time()
    for index in range(steps):
        step(index)
    wall, processor = time.perf_counter() - start, time.process_time() - before
    print(f"torch {torch.__version__}, {form}: {steps * 64 / wall:.0f} images/s,"
          f" {steps * 64 / processor:.0f} images per processor second, {options.threads} threads", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=".build/release/secateur")
    parser.add_argument("--data", default="../shared/data/mnist")
    parser.add_argument("--images", type=int, default=6400)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    try:
        import torch  # noqa: F401
        forms = ["channels first", "channels last"]
    except ImportError:
        forms = []
        print("torch: not installed, not measured")
    for _ in range(options.rounds):
        measure_secateur(options)
        for form in forms:
            measure_torch(options, form)


main()
