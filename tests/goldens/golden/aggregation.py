"""Sum, mean, minimum, maximum and concatenation of values, with strategies for NaN."""

import numpy as np
import torchmetrics

from . import reference
from . import samples as s
from .book import Book

CLASSES = {
    "Sum": torchmetrics.SumMetric,
    "Mean": torchmetrics.MeanMetric,
    "Min": torchmetrics.MinMetric,
    "Max": torchmetrics.MaxMetric,
    "Cat": torchmetrics.CatMetric,
}
STRATEGIES = ("ignore", "error", 0.0)
# Of no values, a sum is 0 and a list is empty, but these do not exist.
UNDEFINED_WHEN_EMPTY = ("Mean", "Min", "Max")


def build():
    book = Book()
    add_inputs(book)
    for name, batches in book.inputs.items():
        weighted = "weights" in batches[0]
        for metric in ("Mean",) if weighted else CLASSES:
            for strategy in STRATEGIES:
                add_case(book, metric, strategy, name)
    return book


def values(name, n):
    return {"values": s.grid(s.rng(name).normal(size=n) * 3)}


def weighted(name, n):
    return {**values(name, n), "weights": s.grid(s.rng(name + "_weights").uniform(0.1, 2, size=n))}


def replaced(batch, key, positions, value):
    array = batch[key].copy()
    array[positions] = value
    return {**batch, key: array}


def add_inputs(book):
    infinities = replaced(values("agg_both_inf", 9), "values", [2], np.inf)
    nan_weight = replaced(weighted("agg_weighted_nan", 16), "values", [3, 11], np.nan)
    book.add_inputs(
        {
            "agg_plain": s.split(values("agg_plain", 25), 10, 1, 14),
            "agg_negative": s.split({"values": -np.abs(values("agg_negative", 12)["values"]) - 1}, 5, 7),
            "agg_one": [values("agg_one", 1)],
            "agg_nan": s.split(replaced(values("agg_nan", 18), "values", [0, 7, 15], np.nan), 6, 12),
            "agg_nan_negative": s.split(
                {"values": np.array([-3.5, np.nan, -1.25, -7.0, np.nan], s.F32)}, 2, 3
            ),
            "agg_nan_batch": s.split(replaced(values("agg_nan_batch", 10), "values", [4, 5, 6], np.nan), 4, 3, 3),
            "agg_only_nan": s.split({"values": np.full(5, np.nan, s.F32)}, 2, 3),
            "agg_inf": s.split(replaced(values("agg_inf", 9), "values", [4], np.inf), 3, 6),
            "agg_minus_inf": s.split(replaced(values("agg_minus_inf", 9), "values", [4], -np.inf), 3, 6),
            "agg_both_inf": s.split(replaced(infinities, "values", [6], -np.inf), 3, 6),
            # Exact in f64, and in f32 only if the sum is compensated or taken in the right order.
            "agg_cancelling": [
                {"values": np.array([1e8, 1.0, 2.0], s.F32)},
                {"values": np.array([3.0, -1e8], s.F32)},
            ],
            "agg_weighted": s.split(weighted("agg_weighted", 20), 9, 11),
            "agg_weighted_one": [weighted("agg_weighted_one", 1)],
            "agg_weighted_nan": s.split(replaced(nan_weight, "weights", [5, 11], np.nan), 7, 9),
        }
    )


def count_nan(batches):
    """Positions at which the value or its weight is NaN."""
    return sum(int(np.logical_or.reduce([np.isnan(array) for array in b.values()]).sum()) for b in batches)


def add_case(book, metric, strategy, name):
    batches, args = book.inputs[name], {"nan_strategy": strategy}
    nans, size = count_nan(batches), sum(len(b["values"]) for b in batches)
    if strategy == "error" and nans:
        book.error(metric, None, args, name, "nan", nans)
    elif strategy == "ignore" and nans == size and metric in UNDEFINED_WHEN_EMPTY:
        book.error(metric, None, args, name, "empty")
    else:
        value = reference.run_float64(CLASSES[metric](**args), batches)
        if metric == "Cat":
            value = reference.listed(value)
        book.expect(metric, None, args, name, value, "torchmetrics")
