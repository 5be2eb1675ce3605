"""Intervals of shares, from scipy's binomtest."""

import numpy as np
from scipy.stats import binomtest

from . import samples as s
from .book import Book

METHODS = {"wilson": "wilson", "clopper_pearson": "exact"}


def build():
    book = Book()
    add_inputs(book)
    for name in ["int_bin", "int_bin_right", "int_bin_wrong", "int_bin_one", "int_bin_positives", "int_bin_many"]:
        for metric in BINARY:
            for level, method in [(0.95, "wilson"), (0.95, "clopper_pearson"), (0.5, "wilson"), (0.999, "clopper_pearson")]:
                if level == 0.95 or metric == "Accuracy":
                    measure(book, metric, "binary", {"level": level, "method": method}, name)
    for name in ["int_mc", "int_mc_absent", "int_mc_one"]:
        for metric in ["Accuracy", "Precision", "Recall"]:
            for method in METHODS:
                args = {"num_classes": C, "average": "micro", "level": 0.9, "method": method}
                measure(book, metric, "multiclass", args, name)
    args = {"level": 0.95, "method": "wilson"}
    measure(book, "Accuracy", "binary", args | {"ignore_index": 0}, "int_bin")
    measure(book, "Recall", "binary", args | {"ignore_index": 1}, "int_bin")
    error_cases(book)
    return book


C = 4

# Which decisions count, and which of these are hits: t targets, p predictions.
BINARY = {
    "Accuracy": lambda t, p: (t == p, np.ones_like(t, dtype=bool)),
    "Precision": lambda t, p: (t == 1, p == 1),
    "Recall": lambda t, p: (p == 1, t == 1),
    "Specificity": lambda t, p: (p == 0, t == 0),
    "NegativePredictiveValue": lambda t, p: (t == 0, p == 0),
}


def labels(name, n, classes=2, right=0.7):
    random = s.rng(name)
    target = random.integers(0, classes, size=n)
    pred = np.where(random.random(n) < right, target, random.integers(0, classes, size=n))
    return {"pred": pred.astype(s.I64), "target": target.astype(s.I64)}


def add_inputs(book):
    ones, zeros = np.ones(9, dtype=s.I64), np.zeros(9, dtype=s.I64)
    absent = labels("int_mc_absent", 20, 2)
    book.add_inputs(
        {
            "int_bin": s.split(labels("int_bin", 30), 11, 19),
            "int_bin_right": s.split({"pred": ones, "target": ones}, 4, 5),
            "int_bin_wrong": s.split({"pred": zeros, "target": ones}, 4, 5),
            "int_bin_one": [labels("int_bin_one", 1)],
            "int_bin_positives": s.split({"pred": np.array([1, 0, 1], dtype=s.I64), "target": ones[:3]}, 1, 2),
            "int_bin_many": s.split(labels("int_bin_many", 700, right=0.95), 300, 400),
            "int_mc": s.split(labels("int_mc", 60, C), 20, 40),
            "int_mc_absent": s.split(absent, 7, 13),
            "int_mc_one": [labels("int_mc_one", 1, C)],
        }
    )


def measure(book, metric, task, args, name):
    batches = book.inputs[name]
    target, pred = (np.concatenate([batch[key] for batch in batches]) for key in ("target", "pred"))
    kept = target != args.get("ignore_index", -1)
    # Micro averages of these count every element once.
    count = BINARY[metric if task == "binary" else "Accuracy"]
    hits, counted = count(target[kept], pred[kept])
    k, n = int((hits & counted).sum()), int(counted.sum())
    if n == 0:
        value, source = [0.0, 0.0, 1.0], "design"
    else:
        interval = binomtest(k, n).proportion_ci(args["level"], METHODS[args["method"]])
        value, source = [k / n, interval.low, interval.high], "scipy"
    book.expect(metric, task, args, name, value, source)


def error_cases(book):
    good = labels("int_error", 6)
    book.add_input("int_label_too_high", s.split(s.with_target(good, 3, 2), 2, 4))
    empty = {key: array[:0] for key, array in good.items()}
    book.add_input("int_none", [empty])
    args = {"level": 0.95, "method": "wilson"}
    for metric in BINARY:
        book.error(metric, "binary", args, "int_none", "empty")
        book.error(metric, "binary", args, "int_label_too_high", "invalid_label", 1)
