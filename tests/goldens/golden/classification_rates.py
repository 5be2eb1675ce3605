"""Metrics of predicted rates and probabilities."""

import numpy as np
from sklearn.metrics import brier_score_loss

from . import samples as s
from .book import Book
from .classification_inputs import (
    C,
    L,
    add_binary_inputs,
    add_documented_inputs,
    add_multiclass_inputs,
    add_multilabel_inputs,
    error_cases,
    joined,
    probabilities,
    weights_of,
)



def build():
    book = Book()
    add_binary_inputs(book)
    add_multiclass_inputs(book)
    add_multilabel_inputs(book)
    add_documented_inputs(book)
    decision_cases(book)
    brier_cases(book)
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


def brier_cases(book):
    """By scikit-learn, a label at a time; decompositions by their definition."""
    binary = ("bin_probs", "bin_logits", "bin_far", "bin_one", "bin_constant", "bin_positive", "bin_perfect",
              "bin_certain", "bin_wrong", "bin_weighted", "bin_weighted_logits", "bin_ignored")  # fmt: skip
    for name in binary:
        args = {"ignore_index": -1} if "ignored" in name else {}
        target, pred, weights = kept(book.inputs[name], "sigmoid")
        value = brier_score_loss(target, pred, sample_weight=weights, pos_label=1)
        book.expect("BrierScore", "binary", args, name, value, "sklearn")
        for bins in (4, 10):
            value = decomposition(target, pred, weights, bins)
            book.expect("BrierScore", "binary", {**args, "decomposition": bins}, name, value, "numpy")
    multiclass = ("mc_probs", "mc_logits", "mc_two", "mc_tied", "mc_one", "mc_image", "mc_ignored", "mc_weighted",
                  "mc_weighted_logits")  # fmt: skip
    for name in multiclass:
        target, pred, weights = kept(book.inputs[name], "softmax")
        own = {"sample_weight": weights, "labels": range(pred.shape[1])}
        for half in (False, True):
            args = {"num_classes": pred.shape[1], **({"ignore_index": -1} if "ignored" in name else {})}
            if pred.shape[1] > 2:
                value = brier_score_loss(target, pred, scale_by_half=half, **own)
            else:
                value = brier_score_loss(target, pred[:, 1], sample_weight=weights) * (1 if half else 2)
            book.expect("BrierScore", "multiclass", {**args, "scale_by_half": half}, name, value, "sklearn")
            for bins in (4, 10):
                # The sums over the classes of each against the rest.
                each = [decomposition(target == c, pred[:, c], weights, bins) for c in range(pred.shape[1])]
                value = (np.sum(each, axis=0) * (0.5 if half else 1)).tolist()
                more = {**args, "scale_by_half": half, "decomposition": bins}
                book.expect("BrierScore", "multiclass", more, name, value, "numpy")
    for name in ("ml_probs", "ml_logits", "ml_one", "ml_everything", "ml_constant", "ml_weighted", "ml_ignored"):
        args = {"num_labels": L, **({"ignore_index": -1} if "ignored" in name else {})}
        columns = [kept([{**b, **{k: b[k][:, i] for k in ("scores", "target")}} for b in with_kind(book.inputs[name])], "")
                   for i in range(L)]  # fmt: skip
        values = [brier_score_loss(t, p, sample_weight=w, pos_label=1) for t, p, w in columns]
        averages = {
            "none": values,
            "macro": np.mean(values),
            "micro": np.average(values, weights=[w.sum() for _, _, w in columns]),
            "weighted": np.average(values, weights=[(w * t).sum() for t, _, w in columns]),
        }
        for average, value in averages.items():
            book.expect("BrierScore", "multilabel", {**args, "average": average}, name, value, "sklearn")
        for bins in (4, 10):
            each = np.array([decomposition(*column, bins) for column in columns])
            averages = {
                "none": each.T.tolist(),
                "macro": each.mean(axis=0),
                "micro": np.average(each, axis=0, weights=[w.sum() for _, _, w in columns]),
                "weighted": np.average(each, axis=0, weights=[(w * t).sum() for t, _, w in columns]),
            }
            for average, value in averages.items():
                more = {**args, "average": average, "decomposition": bins}
                book.expect("BrierScore", "multilabel", more, name, np.asarray(value).tolist(), "numpy")


def with_kind(batches):
    """Probabilities in place of scores: a column alone does not show whether they are logits."""
    return [{**batch, "scores": probabilities(batch, "sigmoid")} for batch in batches]


def kept(batches, activation):
    """Targets, probabilities and weights of what is not ignored."""
    target = joined(batches, "target")
    pred = np.concatenate([probabilities(batch, activation) for batch in batches])
    if activation == "softmax":
        pred = np.moveaxis(pred, 1, -1).reshape(-1, pred.shape[1])
    target = target.ravel()
    weights = weights_of(batches)
    weights = np.ones(len(target)) if weights is None else weights
    return target[target >= 0], pred[target >= 0], weights[target >= 0]


def decomposition(target, pred, weights, bins):
    """Reliability, resolution and uncertainty (Murphy 1973)."""
    total, rate = weights.sum(), np.average(target, weights=weights)
    reliability = resolution = 0.0
    index = np.minimum(np.floor(pred * bins), bins - 1)  # the last bin is closed
    for i in np.unique(index[weights > 0]):
        inside = index == i
        share, own = weights[inside].sum() / total, np.average(target[inside], weights=weights[inside])
        reliability += share * (np.average(pred[inside], weights=weights[inside]) - own) ** 2
        resolution += share * (own - rate) ** 2
    return [reliability, resolution, rate * (1 - rate)]


def hostile_cases(book):
    for task, prefix, args, batch, high in (
        ("binary", "bin", {}, s.binary_probs("oe_bin", (8,)), 2),
        ("multilabel", "ml", {"num_labels": L}, s.binary_probs("oe_ml", (8, L)), 2),
        ("multiclass", "mc", {"num_classes": C}, s.multiclass_probs("oe_mc", 8, C), C),
    ):
        metrics = ["BrierScore"] if task == "multiclass" else ["NormalizedEntropy", "BrierScore"]
        error_cases(book, task, prefix, batch, high, [(metric, args) for metric in metrics])
    for metric in ("NormalizedEntropy", "WeightedCalibration", "ClickThroughRate", "BrierScore"):
        book.error(metric, "binary", {}, "bin_weightless", "empty")


def known_differences(book):
    book.skip(
        "normalized_entropy, weighted_calibration, click_through_rate (as torcheval has it)",
        "torcheval 0.0.7 is not installed. Its formulas in numpy and f64, which give the values of its documentation.",
    )
