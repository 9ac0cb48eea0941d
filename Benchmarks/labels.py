#!/usr/bin/env python3
"""Do the suites' known verdicts belong to their files? Samples inputs of every instance labelled `unsat` with onnxruntime.

A sampled counterexample refutes the label, whatever any verifier says. Needs onnxruntime; uses no code of ours.
"""

import argparse
import sys
from fractions import Fraction

import replay
import runs


def box(conditions):
    """The first lower and upper bound of each input, wherever they stand."""
    lower, upper = {}, {}
    pending = list(conditions)
    while pending:
        head, *rest = pending.pop()
        if head in ("and", "or"):
            pending += rest
        elif isinstance(rest[0], str) and rest[0][0] == "X" and isinstance(rest[1], str) and rest[1][0] not in "XY":
            (upper if head == "<=" else lower).setdefault(int(rest[0][2:]), rest[1])
    return lower, upper


def sample(instance, count, generator):
    """An input in the box that violates the property clearly, as onnxruntime computes it; None when none was met."""
    conditions = replay.conditions(replay.read(instance.directory / instance.property).decode())
    lower, upper = (
        [float(ends[index]) for index in range(len(ends))] for ends in box(conditions))
    network = instance.directory / instance.network
    outputs = [condition for condition in conditions if "Y_" in str(condition)]
    for attempt in range(count):
        # The middle, then random points and corners in turn.
        weights = (
            [0.5] * len(lower) if attempt == 0 else [generator.random() for _ in lower] if attempt % 2 else
            [float(generator.random() < 0.5) for _ in lower])
        point = [low + weight * (high - low) for low, high, weight in zip(lower, upper, weights)]
        values = {f"X_{index}": Fraction(value) for index, value in enumerate(point)}
        found = replay.outputs(network, point)
        values |= {f"Y_{index}": Fraction(value) for index, value in enumerate(found)}
        slack = Fraction(replay.TOLERANCE * max(map(abs, found)))
        if all(replay.holds(condition, values, -slack) for condition in outputs):
            return point
    return None


def main():
    import random

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", default="../shared", help="directory that holds suites/")
    parser.add_argument("--suite", default="all", help="a suite's name, several with commas, or all")
    parser.add_argument("--samples", type=int, default=24, help="inputs per instance")
    options = parser.parse_args()
    refuted = 0
    for suite in runs.suites(options.shared, options.suite):
        labels = runs.expected(options.shared, suite)
        proved = [one for one in runs.instances(options.shared, suite) if labels[one.network, one.property] == "unsat"]
        wrong = [one for one in proved if sample(one, options.samples, random.Random(0))]
        refuted += len(wrong)
        print(f"{suite}: {len(wrong)} of {len(proved)} labels unsat refuted by a sampled counterexample", flush=True)
        for instance in wrong:
            print(f"    {instance.name}", flush=True)
    sys.exit(1 if refuted else 0)


if __name__ == "__main__":
    main()
