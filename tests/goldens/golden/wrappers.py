"""Arithmetic on metrics, one metric per output, and targets made binary."""

import numpy as np
import torch
from torchmetrics import classification as c
from torchmetrics import regression as r
from torchmetrics.wrappers import BinaryTargetTransformer, MultioutputWrapper

from . import reference
from . import samples as s
from .book import Book

D = 3
CLASSES = 4
OPTIONS = {"compute_with_cache": False}  # or f64 would find the values of f32


def build():
    book = Book()
    formulas(book)
    outputs(book)
    binary_targets(book)
    return book


def exact(metric, batches):
    """Updates in f32 and arithmetic in f64, and the same from both."""
    reference.updated(metric, batches)
    plain = reference.to_list(metric.compute())
    with reference.float64_arithmetic():
        value = reference.to_list(metric.compute())
    return reference.same_decisions(value, plain, str(metric))


# `p` and `r` share an accumulator, `a` is of another type, and `t` differs from `p` in an option.
BINARY = {
    "p": lambda: c.BinaryPrecision(**OPTIONS),
    "r": lambda: c.BinaryRecall(**OPTIONS),
    "t": lambda: c.BinaryPrecision(threshold=0.3, **OPTIONS),
    "a": lambda: c.BinaryAUROC(**OPTIONS),
}
MULTICLASS = {
    "p": lambda: c.MulticlassPrecision(CLASSES, average=None, **OPTIONS),
    "r": lambda: c.MulticlassRecall(CLASSES, average=None, **OPTIONS),
    "t": lambda: c.MulticlassAccuracy(CLASSES, average="micro", top_k=2, **OPTIONS),
    "a": lambda: c.MulticlassAUROC(CLASSES, average=None, **OPTIONS),
}
FORMULAS = {
    "p + r": lambda m: m("p") + m("r"),
    "p - a": lambda m: m("p") - m("a"),
    "t * a": lambda m: m("t") * m("a"),
    "p / r": lambda m: m("p") / m("r"),
    "p % t": lambda m: m("p") % m("t"),
    "p ** a": lambda m: m("p") ** m("a"),
    "2 * p * r / (p + r)": lambda m: 2.0 * m("p") * m("r") / (m("p") + m("r")),
    "abs(a - 0.75)": lambda m: abs(m("a") - 0.75),
    "1 - p": lambda m: 1.0 - m("p"),
    "1 / r": lambda m: 1.0 / m("r"),
    "p % 0.3": lambda m: m("p") % 0.3,
    "r ** 2": lambda m: m("r") ** 2.0,
    "2 ** r": lambda m: 2.0 ** m("r"),
}


def formulas(book):
    probs = s.binary_probs("wr_binary", (40,))
    negative = s.binary_probs("wr_negative", (12,))
    negative["scores"] = s.grid(negative["scores"] * 0.2)  # nothing is predicted: p and t are 0
    right = s.binary_probs("wr_right", (14,))
    right["scores"] = s.grid(0.1 + 0.8 * right["target"])
    binary = {
        "wr_binary": s.split(probs, 15, 1, 24),
        "wr_negative": s.split(negative, 5, 7),
        "wr_right": s.split(right, 6, 8),
        "wr_few": [s.binary_probs("wr_few", (5,))],
        "wr_tied": s.split(s.tied(s.binary_probs("wr_tied", (30,))), 10, 20),
    }
    multiclass = {
        "wr_multiclass": s.split(s.multiclass_probs("wr_multiclass", 50, CLASSES), 20, 30),
        "wr_multiclass_few": [s.multiclass_probs("wr_multiclass_few", 9, CLASSES)],
    }
    book.add_inputs(binary)
    book.add_inputs(multiclass)
    for task, inputs, metrics in (("binary", binary, BINARY), ("multiclass", multiclass, MULTICLASS)):
        for name, batches in inputs.items():
            for formula, build_metric in FORMULAS.items():
                metric = build_metric(lambda key: metrics[key]())
                args = {"formula": formula, "num_classes": CLASSES}
                try:
                    value = exact(metric, batches)
                except reference.REFUSALS as problem:
                    book.skip(f"compositional_metric/{task}/{formula}/{name}", f"TorchMetrics: {problem}")
                    continue
                if task == "multiclass" and "a" in formula.replace("abs", ""):
                    # A class without positives has no area; TorchMetrics has 0.
                    target = np.concatenate([batch["target"] for batch in batches])
                    value = [v if (target == c).any() else np.nan for c, v in enumerate(value)]
                book.expect("CompositionalMetric", task, args, name, value, "torchmetrics")
    for formula in ("-p", "+p"):
        reason = "TorchMetrics has -|x| for -x, and |x| for +x; ours are what they say"
        book.skip(f"compositional_metric/*/formula={formula}", reason)


def outputs(book):
    plain = noisy("wr_outputs", 40)
    gaps = noisy("wr_gaps", 40)
    gaps["pred"][[3, 9, 9, 31], [0, 1, 2, 0]] = np.nan
    gaps["target"][[3, 10, 25, 33], [0, 1, 1, 0]] = np.nan
    one = noisy("wr_gaps_one_output", 25)
    one["target"][::3, 2] = np.nan
    scales = noisy("wr_scales", 20)
    scales = {key: array * np.array([1.0, 100.0, 0.125], s.F32) for key, array in scales.items()}
    batchwise = noisy("wr_gaps_in_a_batch", 24)
    batchwise["target"][:8, 1] = np.nan  # all of the first batch, for one output
    inputs = {
        "wr_outputs": s.split(plain, 13, 27),
        "wr_gaps": s.split(gaps, 12, 1, 27),
        "wr_gaps_one_output": s.split(one, 10, 15),
        "wr_scales": s.split(scales, 8, 12),
        "wr_gaps_in_a_batch": s.split(batchwise, 8, 16),
    }
    book.add_inputs(inputs)
    metrics = {
        "MeanAbsoluteError": r.MeanAbsoluteError,
        "MeanSquaredError": r.MeanSquaredError,
        "R2Score": r.R2Score,
    }
    for name, batches in inputs.items():
        for metric, make in metrics.items():
            wrapper = MultioutputWrapper(make(), D)
            # The wrapper does not hand the dtype on to its metrics.
            for inner in wrapper.metrics:
                inner.set_dtype(torch.float64)
            value = reference.to_list(reference.updated(wrapper, batches, torch.float64).compute())
            book.expect("MultioutputWrapper", None, {"metric": metric, "remove_nans": True}, name, value, "torchmetrics")
            nans = sum(int((np.isnan(b["pred"]) | np.isnan(b["target"])).sum()) for b in batches)
            if nans:
                args = {"metric": metric, "remove_nans": False}
                book.error("MultioutputWrapper", None, args, name, "nan", nans)


def noisy(name, rows):
    random = s.rng(name)
    target = random.normal(size=(rows, D))
    pred = target + 0.6 * random.normal(size=(rows, D))
    return {"pred": pred.astype(s.F32), "target": target.astype(s.F32)}


def binary_targets(book):
    def graded(name, rows, grades):
        random = s.rng(name)
        target = random.integers(0, grades, size=rows)
        noise = 0.2 * random.normal(size=rows)
        pred = np.clip((target + 0.5) / grades + noise, 0, 1)
        return {"pred": s.grid(pred), "target": target.astype(s.I64)}

    inputs = {
        "wr_graded": s.split(graded("wr_graded", 30, 4), 11, 19),
        "wr_graded_two": s.split(graded("wr_graded_two", 20, 2), 10, 10),
        "wr_graded_few": [graded("wr_graded_few", 6, 3)],
    }
    book.add_inputs(inputs)
    for name, batches in inputs.items():
        for threshold in (0, 1, 2.5):
            for metric in ("BinaryAccuracy", "BinaryAUROC"):
                wrapped = BinaryTargetTransformer(getattr(c, metric)(**OPTIONS), threshold=threshold, **OPTIONS)
                args = {"metric": metric, "threshold": threshold}
                positive = np.concatenate([batch["target"] for batch in batches]) > threshold
                if metric == "BinaryAUROC" and positive.all() == positive.any():
                    # Targets of one class; TorchMetrics has 0.
                    book.error("BinaryTargetTransformer", None, args, name, "undefined")
                    continue
                book.expect("BinaryTargetTransformer", None, args, name, exact(wrapped, batches), "torchmetrics")
