#!/usr/bin/env python3
"""Checks a witness with other people's arithmetic: onnxruntime runs the network, Python's fractions judge the box.

    replay.py NETWORK PROPERTY < output of `secateur verify --json`

prints what is wrong with the witness, or nothing. Not a proof, as onnxruntime rounds; a second opinion that shares no
code with the verifier.
"""

import functools
import gzip
import json
import sys
from fractions import Fraction
from pathlib import Path

# How far float32 outputs may be from the witness's, and a condition on outputs from being met, relative to the size
# of the largest output.
TOLERANCE = 1e-4


def read(path):
    """The bytes of a file, or of the same name with .gz."""
    path = Path(path)
    if not path.exists():
        path = path.with_name(path.name + ".gz")
    data = path.read_bytes()
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


@functools.lru_cache(maxsize=1)
def session(network):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(read(network), options)


def outputs(network, point):
    """What onnxruntime computes for the point, flat."""
    import numpy

    declared = session(network).get_inputs()[0]
    shape = [size if isinstance(size, int) and size > 0 else 1 for size in declared.shape]
    kind = numpy.float64 if "double" in declared.type else numpy.float32
    result = session(network).run(None, {declared.name: numpy.array(point, kind).reshape(shape)})
    return [float(value) for value in numpy.concatenate([part.flatten() for part in result])]


def conditions(text):
    """The asserted conditions as nested lists of words."""
    stack, asserted = [[]], []
    without_comments = "\n".join(line.split(";")[0] for line in text.splitlines())
    for word in without_comments.replace("(", " ( ").replace(")", " ) ").split():
        if word == "(":
            stack.append([])
        elif word == ")":
            done = stack.pop()
            stack[-1].append(done)
            if len(stack) == 1 and done[0] == "assert":
                asserted.append(done[1])
        else:
            stack[-1].append(word)
    return asserted


def holds(condition, values, slack):
    """Whether the condition holds; one that mentions an output need only hold within the slack."""
    head, *rest = condition
    if head in ("and", "or"):
        return (all if head == "and" else any)(holds(part, values, slack) for part in rest)
    left, right = (number(part, values) for part in rest)
    difference = left[0] - right[0]
    room = slack if left[1] or right[1] else 0
    if head in (">=", ">"):
        difference = -difference
    return abs(difference) <= room if head == "=" else difference <= room


def number(term, values):
    """The term's value, and whether it depends on an output."""
    if isinstance(term, str):
        return (values[term], term[0] == "Y") if term in values else (Fraction(term), False)
    head, *rest = term
    parts = [number(part, values) for part in rest]
    total = parts[0][0] if len(parts) > 1 or head != "-" else -parts[0][0]
    for value, _ in parts[1:]:
        total = total + value if head == "+" else total - value if head == "-" else total * value
    return total, any(output for _, output in parts)


def objection(network, property, witness):
    """What is wrong with the witness of the JSON output; None when nothing is."""
    found = outputs(network, witness["input"])
    size = max([1.0] + [abs(value) for value in found])
    worst = max((abs(a - b) for a, b in zip(found, witness["output"])), default=0)
    if len(found) != len(witness["output"]) or not worst <= TOLERANCE * size:
        return f"onnxruntime's outputs differ by {worst:g}"
    values = {f"X_{index}": Fraction(text) for index, text in enumerate(witness["inputText"])}
    values |= {f"Y_{index}": Fraction(value) for index, value in enumerate(found)}
    text = read(property).decode()
    if not all(holds(condition, values, Fraction(TOLERANCE * size)) for condition in conditions(text)):
        return "the property is not violated there"
    return None


if __name__ == "__main__":
    print(objection(*sys.argv[1:3], json.load(sys.stdin)["witness"]) or "")
