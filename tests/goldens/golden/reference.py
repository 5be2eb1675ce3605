"""Runs TorchMetrics so that its decisions are those of f32 and its arithmetic is that of f64.

Every decision on scores (which probability exceeds a threshold, which scores are tied, what
sigmoid makes of a logit) has to be taken in f32, as the library under test takes it. But the
ratios and sums which follow would carry f32 rounding in the expected value. So updates run in f32
and computes run in f64, and the pure f32 answer is computed too and must agree.
"""

import contextlib
import math

import torch
import torchmetrics

torch.set_num_threads(1)  # one order of summation, so the same bits on every run

# What TorchMetrics raises on inputs it does not handle.
REFUSALS = (RuntimeError, ValueError, IndexError)
PREFIX = {"binary": "Binary", "multiclass": "Multiclass", "multilabel": "Multilabel"}
FUNCTIONS = {"NegativePredictiveValue": "negative_predictive_value"}
CURVE_KEYS = {"ROC": ("fpr", "tpr"), "PrecisionRecallCurve": ("precision", "recall")}

# Where no threshold meets their condition, these answer 1e6, and the others of their kind NaN.
AT_RATE = ("SensitivityAtSpecificity", "SpecificityAtSensitivity")


@contextlib.contextmanager
def float64_arithmetic():
    """Makes TorchMetrics' `counts.float()` and `int / int` produce f64."""
    torch.Tensor.float = torch.Tensor.double
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        del torch.Tensor.float  # uncovers the inherited method again
        torch.set_default_dtype(torch.float32)


def classification_metric(name, task, args):
    cls = getattr(torchmetrics.classification, PREFIX[task] + name)
    return cls(**args, compute_with_cache=False)


def updated(metric, batches, dtype=None):
    """The metric after all batches; arrays are copied, as some metrics write into their inputs."""
    for batch in batches:
        tensors = [torch.tensor(array) for array in batch.values()]
        if dtype is not None:
            tensors = [t.to(dtype) if t.is_floating_point() else t for t in tensors]
        metric.update(*tensors)
    return metric


def to_list(result):
    if isinstance(result, torch.Tensor):
        return result.tolist()
    return [to_list(item) for item in result]


def close(left, right):
    if isinstance(left, list):
        return len(left) == len(right) and all(map(close, left, right))
    if math.isnan(left) or math.isnan(right):
        return math.isnan(left) and math.isnan(right)
    return math.isclose(left, right, rel_tol=1e-4, abs_tol=1e-5)


def same_decisions(exact, plain, what):
    """Guards the trick above: f64 arithmetic may change digits, and nothing else."""
    if not close(exact, plain):
        raise AssertionError(f"{what}: f64 gives {exact}, f32 gives {plain}")
    return exact


def run(name, task, args, batches):
    """A classification metric's value, as nested lists (curves: as a dict)."""
    metric = updated(classification_metric(name, task, args), batches)
    plain = to_list(metric.compute())
    with float64_arithmetic():
        exact = to_list(metric.compute())
    same_decisions(exact, plain, f"{name} {args}")
    if name in AT_RATE:
        value, thresholds = exact
        return [value, without_sentinel(thresholds)]
    if name not in CURVE_KEYS:
        return exact
    return as_curves(exact, CURVE_KEYS[name], binned=metric.thresholds is not None)


def without_sentinel(threshold):
    """No threshold as NaN; a real one is at most 1."""
    if isinstance(threshold, list):
        return [without_sentinel(item) for item in threshold]
    return math.nan if threshold == 1e6 else threshold


def run_functional(name, task, args, batches):
    """As `run`, by the functional form on all batches at once."""
    function = getattr(torchmetrics.functional.classification, f"{task}_{FUNCTIONS[name]}")
    joined = [torch.cat([torch.tensor(batch[key]) for batch in batches]) for key in batches[0]]
    plain = to_list(function(*joined, **args))
    with float64_arithmetic():
        exact = to_list(function(*joined, **args))
    return same_decisions(exact, plain, f"{name} {args}")


def listed(value):
    """TorchMetrics turns one-element tensors into scalars, this turns them back."""
    return value if isinstance(value, list) else [value]


def as_curves(result, keys, binned):
    """TorchMetrics' (x, y, thresholds) as a list of curves, one per class or label."""
    first, second, thresholds = map(listed, result)
    if not isinstance(first[0], list):
        first, second, thresholds = [first], [second], [thresholds]
    elif binned:  # all curves share the thresholds
        thresholds = [thresholds] * len(first)
    return {
        "curves": [
            {keys[0]: listed(one), keys[1]: listed(two), "thresholds": listed(three)}
            for one, two, three in zip(first, second, thresholds, strict=True)
        ]
    }


def run_float64(metric, batches):
    """A metric without decisions on scores (regression, sums): all of it in f64."""
    metric.set_dtype(torch.float64)
    return to_list(updated(metric, batches, torch.float64).compute())
