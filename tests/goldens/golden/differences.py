"""Where TorchMetrics' value is not ours: an input for each kind of difference, both values, and the reference that says which is right.

The page `docs/src/from-torchmetrics.md` has a row for each, written by `generate.py`; the tests compute ours.
"""

import math

import numpy as np
import scipy.stats
import sklearn.metrics
import torch
import torchmetrics
import torchmetrics.clustering
import torchmetrics.nominal
import torchmetrics.retrieval

from . import clustering, curve_definitions, reference, retrieval
from . import samples as s
from .book import Book, encode, line

sk = sklearn.metrics


class Differences(Book):
    """A book whose cases are rows of the page."""

    def __init__(self):
        super().__init__()
        self.rows = []

    def row(self, what, theirs, ours, source, metric, task, args, batch, value, their_value=None):
        """One difference: what is measured, what TorchMetrics and we make of it in words, who says so, and the case. `value` is
        ours, computed by the reference; TorchMetrics' is computed here unless it is not made of a metric of its own."""
        batches = batch if isinstance(batch, list) else [batch]
        name = f"differs_{len(self.rows) + 1}"
        self.add_input(name, batches)
        found = torchmetrics_of(metric, task, args, batches) if their_value is None else their_value
        if not isinstance(found, str) and not isinstance(value, str) and curve_definitions.agree(found, value):
            raise AssertionError(f"{what}: TorchMetrics has the same value, {found}")
        given = ", ".join(f"{key}={option!r}" for key, option in args.items())
        cls = reference.PREFIX.get(task, "") + metric
        args = {key: encode(option) if isinstance(option, float) else option for key, option in args.items()}
        if isinstance(value, str):
            self.error(metric, task, args, name, value)
        else:
            self.expect(metric, task, args, name, value, source)
        digits = 4 if shown(found, 4) != shown(value, 4) else 7
        self.rows.append(
            {
                "what": what,
                "case": self.cases[-1]["id"],
                "example": f"`{cls}({given})`",
                "torchmetrics": f"{theirs}: `{found}`" if isinstance(found, str) else with_value(theirs, found, digits),
                "here": with_value(ours, value, digits),
                "source": source,
            }
        )

    def to_text(self):
        rows = ",\n".join(map(line, encode(self.rows)))
        return super().to_text().removesuffix("}\n") + f',\n"rows":[\n{rows}\n]}}\n'


HEAD = "| what | for example | TorchMetrics 1.9.0 | here | says |"


def table(rows):
    """The rows as the page has them."""
    lines = [HEAD, "| --- | --- | --- | --- | --- |"]
    lines += ["| " + " | ".join(row[key] for key in ("what", "example", "torchmetrics", "here", "source")) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def shown(value, digits):
    """A number with so many digits, or a list of such; nothing for a curve or an error."""
    if isinstance(value, (dict, str)):
        return ""
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(shown(item, digits) for item in value) + "]"
    return "NaN" if math.isnan(value) else f"{value:.{digits}g}"


def with_value(words, value, digits):
    number = shown(value, digits)
    return words if number in ("", words) else f"{words}: `{number}`"


def torchmetrics_of(metric, task, args, batches):
    """TorchMetrics' value, or the name of what it raises."""
    try:
        if task is not None:
            return reference.run(metric, task, args, batches)
        modules = (torchmetrics.retrieval, torchmetrics.clustering, torchmetrics.nominal, torchmetrics.regression)
        cls = next(getattr(module, metric) for module in modules if hasattr(module, metric))
        theirs = cls(**args)
        for batch in batches:
            arrays = dict(batch)
            if "queries" in arrays:
                theirs.update(*(torch.tensor(arrays[key]) for key in ("scores", "target", "queries")))
            else:
                theirs.update(*(torch.tensor(array) for array in arrays.values()))
        return reference.to_list(theirs.compute())
    except (*reference.REFUSALS, KeyError) as error:
        return type(error).__name__


# --- inputs --------------------------------------------------------------------------------


def labels(pred, target):
    return {"pred": np.array(pred, s.I64), "target": np.array(target, s.I64)}


def scored(scores, target):
    return {"scores": np.array(scores, s.F32), "target": np.array(target, s.I64)}


def documents(scores, target, queries):
    return {**scored(scores, target), "queries": np.array(queries, s.I64)}


def pairs(pred, target):
    return {"pred": np.array(pred, s.F32), "target": np.array(target, s.F32)}


# --- rows ----------------------------------------------------------------------------------


def build():
    book = Differences()
    counts(book)
    areas(book)
    curves(book)
    queries(book)
    labelings(book)
    numbers(book)
    return book


def counts(book):
    batch = labels([0, 1, 0, 2, 1], [0, 1, 1, 2, 0])
    kept = batch["target"] != 0
    pred, target = batch["pred"][kept], batch["target"][kept]
    args = {"num_classes": 3, "ignore_index": 0}
    book.row(
        "a class that is the `ignore_index`, metrics of counts",
        "in the macro average with 0 if it is ever predicted (Jaccard: not)",
        "no class of an average",
        "scikit-learn, `labels` without it",
        "Recall", "multiclass", {**args, "average": "macro"}, batch,
        sk.recall_score(target, pred, labels=[1, 2], average="macro"),
    )
    per_class = sk.recall_score(target, pred, labels=[1, 2], average=None)
    book.row(
        "such a class in a list of classes", "0", "NaN", "scikit-learn, `labels` without it",
        "Recall", "multiclass", {**args, "average": "none"}, batch, [math.nan, *per_class],
    )
    batch = labels([0, 1, 1, 1], [0, 0, 1, 1])
    book.row(
        "`zero_division=nan`", "refused; in the functional form the average is NaN", "classes with NaN are left out", "scikit-learn",
        "Precision", "multiclass", {"num_classes": 3, "average": "macro", "zero_division": math.nan}, batch,
        sk.precision_score(batch["target"], batch["pred"], labels=[0, 1, 2], average="macro", zero_division=math.nan),
    )
    book.row(
        "`MatthewsCorrCoef` of one class, not all right or wrong", "divides by an epsilon", "0", "scikit-learn",
        "MatthewsCorrCoef", "binary", {}, labels([1, 1, 1, 0], [1, 1, 1, 1]),
        float(sk.matthews_corrcoef([1, 1, 1, 1], [1, 1, 1, 0])),
    )


def areas(book):
    scores, target = [20, 25, 30, 35, 22], [0, 0, 1, 1, 1]
    book.row(
        "exact areas and curves of logits", "rank their sigmoid or softmax in `f32`, which ties large logits", "rank the logits",
        "scikit-learn", "AUROC", "binary", {}, scored(scores, target), sk.roc_auc_score(target, scores),
    )
    batch = scored([[0.7, 0.2, 0.1], [0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.1, 0.8, 0.1]], [0, 0, 1, 1])
    each = [sk.roc_auc_score(batch["target"] == c, batch["scores"][:, c]) for c in (0, 1)]
    book.row(
        "AUROC, EER, LogAUC: a class without positives or negatives", "0 (LogAUC: also infinity or NaN), in the average as well",
        "left out of averages", "scikit-learn, of the other classes",
        "AUROC", "multiclass", {"num_classes": 3, "average": "macro"}, batch, sum(each) / 2,
    )
    book.row(
        "such a class in a list of classes", "0", "NaN", "scikit-learn, of the other classes",
        "AUROC", "multiclass", {"num_classes": 3, "average": "none"}, batch, [*each, math.nan],
    )
    book.row(
        "such data of a binary task", "0", "`MetricError::Undefined`", "scikit-learn, which has NaN",
        "AUROC", "binary", {}, scored([0.2, 0.7, 0.6], [1, 1, 1]), "undefined",
    )
    batch = {"scores": np.array([[0.2, 0.4], [0.6, 0.9], [0.8, 0.1]], s.F32), "target": np.array([[1, 0], [0, 0], [1, 0]], s.I64)}
    book.row(
        "average precision, a label without positives", "0 (multiclass and exact: left out)", "left out of averages",
        "scikit-learn, of the other labels",
        "AveragePrecision", "multilabel", {"num_labels": 2, "average": "macro"}, batch,
        sk.average_precision_score(batch["target"][:, 0], batch["scores"][:, 0]),
    )
    batch = scored([0.2, 0.6, 0.8, 1, 1, 1], [0, 1, 1, 0, 0, 1])
    book.row(
        "areas of binned curves", "from the highest to the lowest threshold", "of the whole curve, from (0, 0) to (1, 1)",
        "scikit-learn, all scores apart",
        "AUROC", "binary", {"thresholds": 11}, batch, sk.roc_auc_score(batch["target"], batch["scores"]),
    )
    batch = scored([0.95, 1, 1, 0.35], [1, 0, 1, 0])
    confidence = np.array([0.95, 1, 1])
    book.row(
        "`CalibrationError`, a confidence of 1", "in a bin of its own, the last but `n_bins`", "in the last bin", "numpy",
        "CalibrationError", "binary", {"n_bins": 10, "norm": "l1"}, batch,
        float(3 / 4 * abs(confidence.mean() - 2 / 3) + 1 / 4 * abs(float(np.float32(0.35)) - 0)),
    )
    batch = scored([1.0000001, 0.6, 0.3, 0.1], [1, 1, 0, 0])
    book.row(
        "scores a few units in the last place outside [0, 1]", "logits", "probabilities", "numpy",
        "Accuracy", "binary", {}, batch, 1.0,
    )
    batch = [scored([2, -1], [1, 0]), scored([0.9, 0.95], [0, 0])]
    book.row(
        "batches of logits and of probabilities in one state", "a value that depends on the batches", "`MetricError::MixedScores`",
        "no value is right", "AUROC", "binary", {}, batch, "mixed_scores",
    )


def curves(book):
    def definition(what, theirs, ours, metric, task, args, batch):
        value = curve_definitions.expected(metric, task, args, [batch])
        book.row(what, theirs, ours, "the definition, in numpy", metric, task, args, batch, "undefined" if value is None else value)

    batch = {"scores": np.array([[0.2, 0.4], [0.6, 0.9], [0.8, 0.1]], s.F32), "target": np.array([[1, 0], [0, 0], [1, 0]], s.I64)}
    args = {"num_labels": 2, "min_precision": 0.4}
    value = curve_definitions.expected("RecallAtFixedPrecision", "multilabel", args, [batch])
    book.row(
        "points of curves, a class without the targets they need", "0 at a threshold of 1e6 or NaN", "NaN", "the definition, in numpy",
        "RecallAtFixedPrecision", "multilabel", args, batch, value,
    )
    definition(
        "rates of a curve without elements", "0 in `ROC`; recall 1, or NaN if multiclass or binned", "NaN",
        "ROC", "binary", {}, scored([0.2, 0.7, 0.6], [1, 1, 1]),
    )
    batch = scored([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])
    definition(
        "a binned ROC curve", "a point per threshold", "and (0, 0) before them, (1, 1) behind them",
        "ROC", "binary", {"thresholds": [0.25, 0.5]}, batch,
    )
    definition(
        "a binned precision-recall curve", "a point per threshold, (0, 1) behind them",
        "and recall 1 before them, if the lowest threshold is above 0",
        "PrecisionRecallCurve", "binary", {"thresholds": [0.25, 0.5]}, batch,
    )
    batch = scored([[0.5, 0.3, 0.2], [0.2, 0.5, 0.3], [0.3, 0.3, 0.4], [0.6, 0.3, 0.1], [0.1, 0.6, 0.3]], [0, 1, 2, 1, 0])
    for average, theirs, ours in (
        ("macro", "the mean recall at each precision, which goes back and forth",
         "the mean precision at each recall; its area is the macro average precision"),
        ("weighted", "none", "as macro, by the number of positives"),
    ):
        args = {"num_classes": 3, "average": average}
        definition(f'`PrecisionRecallCurve(average="{average}")`', theirs, ours, "PrecisionRecallCurve", "multiclass", args, batch)
    for average, theirs, ours in (
        ("macro", "one point per threshold of all classes",
         "the mean true positive rate at each false positive rate; its area is the macro AUROC"),
        ("weighted", "none", "as macro, by the number of positives"),
    ):
        args = {"num_classes": 3, "average": average}
        definition(f'`ROC(average="{average}")`', theirs, ours, "ROC", "multiclass", args, batch)


def queries(book):
    def definition(what, theirs, ours, metric, args, batch):
        book.row(what, theirs, ours, "the definition, in numpy", metric, None, args, batch, retrieval.definition(metric, args, [batch]))

    definition(
        "retrieval, equal scores", "in the order of an unstable sort (nDCG: averaged)", "the mean over all orders",
        "RetrievalMAP", {}, documents([0.5, 0.5, 0.5, 0.2], [1, 0, 0, 1], [0, 0, 0, 0]),
    )
    definition(
        "retrieval, scores of 0 and less", "not retrieved in MAP, MRR, precision and recall", "ranked; `.positive_scores_only()`",
        "RetrievalMRR", {}, documents([-0.5, -1, -2], [0, 1, 0], [0, 0, 0]),
    )
    book.row(
        "retrieval, all queries skipped", "0", "`MetricError::EmptyQueries`", "no value is right",
        "RetrievalMAP", None, {"empty_target_action": "skip"}, documents([0.5, 0.2], [0, 0], [0, 0]), "empty_queries",
    )


def labelings(book):
    batches = [clustering.labels("differs_many", 5_000, 2, 2)] * 20
    target, pred = (np.concatenate([batch[key] for batch in batches]) for key in ("target", "pred"))
    book.row(
        "`AdjustedRandScore` of 1e5 elements and more", "overflows", "exact", "scikit-learn",
        "AdjustedRandScore", None, {}, batches, sk.adjusted_rand_score(target, pred),
    )
    batch = labels([3, 3, 3, 3], [1, 1, 1, 1])
    for metric, function in (
        ("AdjustedMutualInfoScore", sk.adjusted_mutual_info_score),
        ("NormalizedMutualInfoScore", sk.normalized_mutual_info_score),
    ):
        value = float(function(batch["target"], batch["pred"]))
        book.row(f"`{metric}` of one cluster and one class", "0", "1", "scikit-learn", metric, None, {}, batch, value)
    batch = labels([0, 1, 0, 1], [0, 0, 1, 1])
    book.row(
        "`VMeasureScore` of independent labels", "1", "0", "scikit-learn",
        "VMeasureScore", None, {}, batch, float(sk.v_measure_score(batch["target"], batch["pred"])),
    )
    batch = labels([5, 5, 7, 7, 9, 9, 5, 9], [10, 10, 20, 20, 30, 30, 20, 30])
    contingency = sk.cluster.contingency_matrix(batch["target"], batch["pred"])
    value = scipy.stats.contingency.association(contingency, method="cramer")
    book.row(
        "nominal metrics", "categories are places in a table of as many", "categories are any integers", "scipy",
        "CramersV", None, {"bias_correction": False}, batch, float(value),
        their_value=torchmetrics_of("CramersV", None, {"num_classes": 3, "bias_correction": False}, [batch]),
    )


def numbers(book):
    batch = pairs([1, 2, 3], [2, 2, 2])
    book.row(
        "`RelativeSquaredError` of equal targets", "divides by an epsilon", "infinity", "the formula, a number by 0",
        "RelativeSquaredError", None, {}, batch, math.inf,
    )
    batch = pairs([2, 2, 2], [1, 2, 3])
    book.row(
        "`ConcordanceCorrCoef` of a constant", "NaN", "0", "the formula, 0 by a number",
        "ConcordanceCorrCoef", None, {}, batch, 0.0,
    )
    pred, target = [1, 2], [3, 5]
    book.row(
        "`SpearmanCorrCoef` of equal ranks", "adds an epsilon to the divisor", "1", "scipy",
        "SpearmanCorrCoef", None, {}, pairs(pred, target), float(scipy.stats.spearmanr(pred, target).statistic),
    )
    batch = [pairs([2.5, 1.0], [3.0, 2.0])]
    value = scipy.stats.kendalltau([2.5, 1.0], [3.0, 2.0])
    args = {"t_test": True, "alternative": "two-sided"}
    # With two pairs the variance of the difference of concordant and discordant pairs is 2 * 1 * 9 / 18 = 1.
    book.row(
        "the p-value of `KendallRankCorrCoef` of two pairs", "NaN", "that of the normal approximation", "the formula, with scipy",
        "KendallRankCorrCoef", None, args, batch, [float(value.statistic), float(2 * scipy.stats.norm.sf(1))],
    )
    batch = [{**scored([0.9, 0.2, 0.8, 0.6], [0, 0, 1, 1]), "groups": np.array([0, 0, 1, 1], s.I64)}]
    theirs = torchmetrics.classification.BinaryFairness(2, "equal_opportunity")
    theirs.update(*(torch.tensor(batch[0][key]) for key in ("scores", "target", "groups")))
    book.row(
        "`BinaryFairness`, a group without positives", "its true positive rate is 0", "it has none and is left out",
        "the definition", "Fairness", "binary", {"num_groups": 2, "task": "equal_opportunity"}, batch,
        [[1, 1, 1.0]], their_value=[float(item) for item in theirs.compute().values()],
    )
