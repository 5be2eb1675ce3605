"""Multilabel ranking, and the labels that rank highest."""

import numpy as np
import torch
from sklearn import metrics as sk
from torchmetrics.functional.classification import ranking

from . import reference
from . import samples as s
from .book import Book
from .classification_inputs import (
    L,
    add_documented_inputs,
    add_multilabel_inputs,
    error_cases,
    joined,
    weights_of,
)


NAN = float("nan")
CRITERIA = ("exact_match", "hamming", "overlap", "contain", "belong")


def build():
    book = Book()
    add_multilabel_inputs(book)
    add_documented_inputs(book)
    ranking_cases(book)
    top_k_cases(book)
    hostile_cases(book)
    known_differences(book)
    book.drop_unused_inputs()
    return book


RANKING = {
    "CoverageError": (sk.coverage_error, ranking.multilabel_coverage_error),
    "RankingAveragePrecision": (
        sk.label_ranking_average_precision_score,
        ranking.multilabel_ranking_average_precision,
    ),
    "RankingLoss": (sk.label_ranking_loss, ranking.multilabel_ranking_loss),
}


def ranked_rows(score, batches, ignored):
    """scikit-learn's value of each row by itself, without its ignored labels."""
    rows = zip(joined(batches, "target"), joined(batches, "scores").astype(np.float64))
    kept = [(target[target != ignored][None], scores[target != ignored][None]) for target, scores in rows]
    return [score(target, scores) if target.size else NAN for target, scores in kept]


def ranking_cases(book):
    plain = ("ml_probs", "ml_logits", "ml_wide", "ml_one", "ml_degenerate", "ml_everything", "ml_nothing")
    for metric, (theirs, torchmetrics) in RANKING.items():
        for name in (*plain, "ml_constant", "ml_tied", "ml_saturated", "ml_ignored", "ml_weighted", "doc_top"):
            batches = book.inputs[name]
            labels = batches[0]["target"].shape[1]
            args = {"num_labels": labels}
            if name == "ml_ignored":
                args["ignore_index"] = -1
            rows, weights = np.array(ranked_rows(theirs, batches, args.get("ignore_index"))), weights_of(batches)
            used = ~np.isnan(rows)
            value = np.average(rows[used], weights=None if weights is None else weights[used])
            if weights is None and name != "ml_ignored":
                target, scores = joined(batches, "target"), joined(batches, "scores").astype(np.float64)
                assert np.isclose(theirs(target, scores), value, rtol=1e-12)
            in_both = name in plain and not (metric == "RankingLoss" and name in ("ml_everything", "ml_nothing"))
            if in_both:
                target, scores = joined(batches, "target"), joined(batches, "scores")
                also = torchmetrics(torch.tensor(scores), torch.tensor(target), labels).item()
                reference.same_decisions(value.item(), also, f"{metric} {name}")
            book.expect(metric, "multilabel", args, name, value.item(), "torchmetrics" if in_both else "sklearn")
        # scikit-learn refuses infinite scores.
        target, scores = (torch.tensor(joined(book.inputs["ml_infinite"], key)) for key in ("target", "scores"))
        with reference.float64_arithmetic():
            value = torchmetrics(scores.double(), target, L).item()
        book.expect(metric, "multilabel", {"num_labels": L}, "ml_infinite", value, "torchmetrics")


# --- top k ---------------------------------------------------------------------------------


def top_k(criterion, k, batches, ignored):
    """Right decisions over decisions; those of ties go to the first label."""
    right = total = 0.0
    weights = weights_of(batches)
    rows = zip(joined(batches, "target"), joined(batches, "scores"))
    for i, (target, scores) in enumerate(rows):
        kept = target != ignored
        target, scores = target[kept], scores[kept]
        if not len(target):
            continue
        pred = np.zeros_like(target)
        pred[np.argsort(-scores, kind="stable")[:k]] = 1
        fits = {
            "exact_match": [(pred == target).all()],
            "hamming": pred == target,
            "overlap": [(pred & target).any()],
            "contain": [(pred >= target).all()],
            "belong": [(pred <= target).all()],
        }[criterion]
        weight = 1.0 if weights is None else weights[i]
        right, total = right + weight * np.sum(fits), total + weight * len(fits)
    return right / total


def by_sklearn(criterion, k, batches):
    pred = np.zeros_like(joined(batches, "target"))
    np.put_along_axis(pred, np.argsort(-joined(batches, "scores"), axis=1, kind="stable")[:, :k], 1, axis=1)
    target, weights = joined(batches, "target"), weights_of(batches)
    if criterion == "exact_match":
        return sk.accuracy_score(target, pred, sample_weight=weights)
    return 1 - sk.hamming_loss(target, pred, sample_weight=weights)


def top_k_cases(book):
    names = ("ml_probs", "ml_logits", "ml_one", "ml_degenerate", "ml_constant", "ml_tied", "ml_infinite",
             "ml_saturated", "ml_ignored", "ml_weighted", "doc_top")  # fmt: skip
    for name in names:
        batches = book.inputs[name]
        labels = batches[0]["target"].shape[1]
        for criterion in CRITERIA:
            for k in (1, 2, 3):
                args = {"num_labels": labels, "criteria": criterion, "k": k}
                if name == "ml_ignored":
                    args["ignore_index"] = -1
                value = top_k(criterion, k, batches, args.get("ignore_index"))
                if name != "ml_ignored" and criterion in ("exact_match", "hamming"):
                    assert np.isclose(value, by_sklearn(criterion, k, batches), rtol=1e-12)
                book.expect("TopKMultilabelAccuracy", "multilabel", args, name, value, "sklearn")
    documented = dict(zip(CRITERIA, (0, 7 / 12, 1, 0.5, 0.25)))
    for criterion, value in documented.items():
        assert np.isclose(top_k(criterion, 2, book.inputs["doc_top"], None), value), criterion


# --- errors --------------------------------------------------------------------------------


def hostile_cases(book):
    ranked = [(name, {"num_labels": L}) for name in RANKING]
    top = ("TopKMultilabelAccuracy", {"num_labels": L, "criteria": "exact_match", "k": 2})
    error_cases(book, "multilabel", "ml", s.binary_probs("oe_ml", (8, L)), 2, [*ranked, top])
    for metric, args in ranked:
        book.error(metric, "multilabel", args, "ml_weightless", "empty")


def known_differences(book):
    book.skip(
        "coverage_error/multilabel/*/ml_ignored (as TorchMetrics has it)",
        "_multilabel_confusion_matrix_format gives an ignored label the least score and a target that is not 0, so "
        "multilabel_coverage_error takes it for the worst true label and every such row has all labels to cover.",
    )
    book.skip(
        "ranking_loss/multilabel/*/ml_ignored (as TorchMetrics has it)",
        "The same format makes ignored labels false ones that score least, so the loss is divided by too many pairs.",
    )
    book.skip(
        "ranking_loss/multilabel/ml_tied, ml_constant, ml_everything, ml_nothing (as TorchMetrics has it)",
        "argsort decides who wins a tie, and a batch without any pair of labels counts as a single row.",
    )
    book.skip(
        "*/multilabel/ml_saturated (as TorchMetrics has it)",
        "sigmoid in f32 is 1 from about 17 on, which makes ties of different logits.",
    )
    book.skip(
        "top_k_multilabel_accuracy (as torcheval has it)",
        "torcheval 0.0.7 is not installed. Its formula in numpy, which gives the values of its documentation.",
    )
