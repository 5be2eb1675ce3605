"""A book collects the inputs, cases and skipped cases of one JSON file."""

import json
import math
import re
from importlib.metadata import version

import numpy as np

from . import reference


def number(value):
    """One JSON number. JSON has no NaN or infinity, so those are strings."""
    if isinstance(value, (bool, np.bool_)):
        raise TypeError("a boolean is no golden value")
    if isinstance(value, (int, np.integer)):
        return int(value)
    value = float(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return value + 0.0  # turns -0.0 into 0.0: the sign of zero is no part of a metric's value


def encode(value):
    """Nested lists and dicts of numbers, as JSON can hold them."""
    if isinstance(value, dict):
        return {key: encode(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    return value if isinstance(value, str) else number(value)


def encode_array(array):
    # A float written by `repr` reads back as the same f64, and the f32 inside it is exact.
    return {
        "shape": list(array.shape),
        "dtype": {"float32": "f32", "int64": "i64"}[str(array.dtype)],
        "data": [number(item) for item in array.ravel().tolist()],
    }


def snake(name):
    """ROC -> roc, StatScores -> stat_scores, AUROC -> auroc, R2Score -> r2_score."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def case_id(metric, task, args, input_name):
    """E.g. accuracy/multiclass/macro/top_k=2/mc_logits. Sizes are left to the input's name."""
    parts = [snake(metric)] + ([task] if task else [])
    for key, value in args.items():
        if key == "average":
            parts.append(value)
        elif key not in ("num_classes", "num_labels"):
            parts.append(f"{key}={json.dumps(value, separators=(',', ':'))}".replace('"', ""))
    return "/".join([*parts, input_name])


def line(value):
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def mixes_kinds(batches):
    """Whether scores of some batches are taken for logits and those of others for probabilities."""
    scores = [batch["scores"] for batch in batches if "scores" in batch]
    return len({bool(((batch < 0) | (batch > 1)).any()) for batch in scores if batch.size}) > 1


class Book:
    def __init__(self):
        self.inputs = {}
        self.cases = []
        self.skipped = []
        self._ids = set()

    def add_input(self, name, batches):
        """`batches` is a list of dicts of float32 or int64 arrays."""
        if name in self.inputs:
            raise ValueError(f"input {name} is there already")
        self.inputs[name] = batches

    def add_inputs(self, inputs):
        for name, batches in inputs.items():
            self.add_input(name, batches)

    def drop_unused_inputs(self):
        """Of inputs that several files share, a file has those of its cases."""
        used = {case["input"] for case in self.cases}
        self.inputs = {name: batches for name, batches in self.inputs.items() if name in used}

    def expect(self, metric, task, args, input_name, value, source):
        identifier = case_id(metric, task, args, input_name)
        if identifier in self._ids:
            raise ValueError(f"case {identifier} is there already")
        if input_name not in self.inputs:
            raise KeyError(input_name)
        self._ids.add(identifier)
        if task in ("binary", "multilabel") and mixes_kinds(self.inputs[input_name]):
            value, source = {"error": "mixed_scores"}, "design"
        self.cases.append(
            {
                "id": identifier,
                "metric": metric,
                "task": task,
                "args": args,
                "input": input_name,
                "expect": encode(value),
                "source": source,
            }
        )

    def error(self, metric, task, args, input_name, kind, count=None):
        """An error which this library raises by design, where TorchMetrics may do otherwise."""
        value = {"error": kind} if count is None else {"error": kind, "count": count}
        self.expect(metric, task, args, input_name, value, "design")

    def measure(self, metric, task, args, input_name, run=reference.run):
        """The case as TorchMetrics computes it; one that TorchMetrics cannot compute is skipped."""
        try:
            value = run(metric, task, args, self.inputs[input_name])
        except reference.REFUSALS as problem:
            reason = f"TorchMetrics raises {type(problem).__name__}: {str(problem).splitlines()[0]}"
            self.skip(case_id(metric, task, args, input_name), reason)
            return
        self.expect(metric, task, args, input_name, value, "torchmetrics")

    def skip(self, identifier, reason):
        self.skipped.append({"id": identifier, "reason": reason})

    def to_text(self):
        """Compact JSON with one input and one case per line, so that differences stay readable."""
        versions = {
            # "2.9.1+cu128" and "2.9.1+cpu" are the same release; every golden is computed on CPU.
            name: version(package).split("+")[0]
            for name, package in [("torchmetrics", "torchmetrics"), ("torch", "torch"), ("sklearn", "scikit-learn")]
        }
        inputs = [f"{line(name)}:{line(self._encode_input(name))}" for name in self.inputs]
        return (
            f'{{"generator":{line(versions)},\n"inputs":{{\n'
            + ",\n".join(inputs)
            + '\n},\n"cases":[\n'
            + ",\n".join(map(line, self.cases))
            + '\n],\n"skipped":[\n'
            + ",\n".join(map(line, self.skipped))
            + "\n]}\n"
        )

    def _encode_input(self, name):
        batches, repeat = self.inputs[name], {}
        if len(batches) > 2 and all(batch is batches[0] for batch in batches):
            batches, repeat = batches[:1], {"repeat": len(batches)}
        batches = [{key: encode_array(array) for key, array in batch.items()} for batch in batches]
        return {"batches": batches, **repeat}
