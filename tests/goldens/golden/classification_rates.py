"""Metrics of predicted rates."""

import numpy as np

from . import samples as s
from .book import Book
from .classification_inputs import (
    L,
    add_binary_inputs,
    add_documented_inputs,
    add_multilabel_inputs,
    error_cases,
    joined,
    probabilities,
    weights_of,
)




def build():
    book = Book()
    add_binary_inputs(book)
    add_multilabel_inputs(book)
    add_documented_inputs(book)
    decision_cases(book)
    hostile_cases(book)
    known_differences(book)
    book.drop_unused_inputs()
    return book


def cross_entropy(batch):
    """In f64, of probabilities or of logits as they are in f32."""
    target = np.maximum(batch["target"], 0)
    if "pred" in batch:
        return np.where(batch["pred"] == target, 0.0, np.inf)
    scores = batch["scores"].astype(np.float64)
    if s.is_logits(batch["scores"]):
        return np.logaddexp(0, np.where(target == 1, -scores, scores))
    with np.errstate(divide="ignore"):
        return np.where(target == 1, -np.log(scores), -np.log1p(-scores))


def decision_value(metric, batches, ignored):
    """One value, or one per column."""
    target = joined(batches, "target")
    shape = target.shape
    weights = weights_of(batches)
    weights = np.ones(len(target)) if weights is None else weights
    weights = np.broadcast_to(weights.reshape(-1, *[1] * (len(shape) - 1)), shape) * (target != ignored)
    pred = np.concatenate([b["pred"] if "pred" in b else probabilities(b, "sigmoid") for b in batches])

    def mean(terms):
        return np.where(weights > 0, weights * np.where(weights > 0, terms, 0), 0).sum(axis=0) / weights.sum(axis=0)

    rate = mean(target)
    if metric == "ClickThroughRate":
        return rate
    if metric == "WeightedCalibration":
        with np.errstate(divide="ignore", invalid="ignore"):
            return mean(pred) / rate
    entropy = mean(np.concatenate([cross_entropy(batch) for batch in batches]))
    with np.errstate(divide="ignore", invalid="ignore"):
        base = -(rate * np.log(rate) + (1 - rate) * np.log(1 - rate))
        value = entropy / np.where((rate == 0) | (rate == 1), 0, base)
    return np.where((entropy == 0) & ((rate == 0) | (rate == 1)), 0.0, value)


DOCUMENTED = {
    ("NormalizedEntropy", "doc_entropy"): 1.4183,
    ("NormalizedEntropy", "doc_entropy_weighted"): 3.1087,
    ("WeightedCalibration", "doc_rates"): 1.2,
    ("WeightedCalibration", "doc_rates_weighted"): 1.1321,
    ("ClickThroughRate", "doc_clicks"): 0.5,
    ("ClickThroughRate", "doc_clicks_weighted"): 0.58333,
}


def decision_cases(book):
    binary = ("bin_probs", "bin_logits", "bin_far", "bin_one", "bin_constant", "bin_positive", "bin_perfect",
              "bin_certain", "bin_wrong", "bin_labels", "bin_weighted", "bin_weighted_logits", "bin_ignored",
              *(name for name in book.inputs if name.startswith("doc_") and name != "doc_top"))  # fmt: skip
    multilabel = ("ml_probs", "ml_logits", "ml_nothing", "ml_everything", "ml_constant", "ml_weighted", "ml_ignored")
    for metric in ("NormalizedEntropy", "WeightedCalibration", "ClickThroughRate"):
        for task, base, names in (("binary", {}, binary), ("multilabel", {"num_labels": L}, multilabel)):
            for name in names:
                args = {**base, **({"ignore_index": -1} if "ignored" in name else {})}
                value = decision_value(metric, book.inputs[name], args.get("ignore_index"))
                documented = DOCUMENTED.get((metric, name), value)
                assert np.allclose(value, documented, rtol=1e-4, equal_nan=True), (metric, name, value)
                book.expect(metric, task, args, name, np.asarray(value).tolist(), "sklearn")


def hostile_cases(book):
    entropy, columns = ("NormalizedEntropy", {}), ("NormalizedEntropy", {"num_labels": L})
    error_cases(book, "binary", "bin", s.binary_probs("oe_bin", (8,)), 2, [entropy])
    error_cases(book, "multilabel", "ml", s.binary_probs("oe_ml", (8, L)), 2, [columns])
    for metric in ("NormalizedEntropy", "WeightedCalibration", "ClickThroughRate"):
        book.error(metric, "binary", {}, "bin_weightless", "empty")


def known_differences(book):
    book.skip(
        "normalized_entropy, weighted_calibration, click_through_rate (as torcheval has it)",
        "torcheval 0.0.7 is not installed. Its formulas in numpy and f64, which give the values of its documentation.",
    )
