"""Metrics of counts, calibration and likelihood with sample weights."""

import numpy as np
import sklearn.metrics as sk
import torch

from . import samples as s
from .book import Book

C, L = 4, 3
AVERAGES = ("micro", "macro", "weighted", "none")
ONE_VALUE = ["Accuracy", "Precision", "Recall", "F1Score", "Specificity", "NegativePredictiveValue", "HammingDistance"]
AVERAGED = [(name, {}) for name in [*ONE_VALUE, "JaccardIndex", "StatScores"]] + [("FBetaScore", {"beta": 2.0})]
MATRICES = [("ConfusionMatrix", {"normalize": how}) for how in ("none", "true", "pred", "all")]
KAPPAS = [("CohenKappa", {"weights": how}) for how in (None, "linear", "quadratic")]
SIZES = {"binary": {}, "multiclass": {"num_classes": C}, "multilabel": {"num_labels": L}}


def build():
    book = Book()
    add_weighted_inputs(book)
    weighted_cases(book)
    balanced_accuracy_cases(book)
    weighted_errors(book)
    weighted_calibration(book)
    weighted_likelihood(book)
    known_differences(book)
    return book


# --- weights -------------------------------------------------------------------------------


def weights(name, n):
    """Of all sizes: short in binary, so that sums of them are exact."""
    return (s.rng("weights of " + name).integers(0, 64, size=n) / 16).astype(s.F32)


def weighed(name, batch, own=None):
    n = len(batch["target"])
    return {**batch, "weights": weights(name, n) if own is None else np.broadcast_to(own, n).astype(s.F32)}


def tenths(name, n):
    """Weights without a short form in binary."""
    return s.rng("tenths of " + name).integers(1, 30, size=n) / 10


def wide(name, n):
    return 10.0 ** s.rng("powers of " + name).integers(-6, 7, size=n)


def add_weighted_inputs(book):
    def mc(name, n):
        return s.multiclass_logits(name, n, C)

    def bin_(name, n):
        return s.binary_probs(name, (n,))

    def ml(name, n):
        return s.binary_probs(name, (n, L))

    for task, make in (("mc", mc), ("bin", bin_), ("ml", ml)):
        name = f"w_{task}"
        book.add_inputs(
            {
                name: s.split(weighed(name, make(name, 40)), 15, 1, 24),
                f"{name}_tenths": s.split(weighed(name, make(f"{name}_tenths", 30), tenths(name, 30)), 11, 19),
                f"{name}_wide": s.split(weighed(name, make(f"{name}_wide", 30), wide(name, 30)), 9, 21),
                f"{name}_one": [weighed(name, make(f"{name}_one", 1), 0.3)],
                f"{name}_ignored": s.split(weighed(name, s.with_ignored(make(f"{name}_ignored", 24), -1)), 10, 14),
                f"{name}_zero": s.split(weighed(name, make(f"{name}_zero", 6), 0.0), 2, 4),
                f"{name}_nothing_left": s.split(weighed(name, s.all_ignored(make(f"{name}_nothing_left", 6))), 2, 4),
            }
        )
    correct = s.certain(np.arange(12) % C, C)
    # Class 3 has elements, and none of them any weight.
    weightless = weighed("weightless", mc("w_mc_weightless", 30))
    weightless["weights"][(weightless["target"] == 3) | (weightless["scores"].argmax(1) == 3)] = 0
    always = {"pred": np.full(12, 1), "target": np.arange(12) % C}
    constant = {"pred": np.full(12, 1), "target": np.full(12, 1)}
    book.add_inputs(
        {
            "w_mc_correct": s.split(weighed("correct", correct, tenths("correct", 12)), 5, 7),
            "w_mc_weightless": s.split(weightless, 13, 17),
            "w_mc_always": s.split(weighed("always", always, tenths("always", 12)), 5, 7),
            "w_mc_constant": s.split(weighed("constant", constant, tenths("constant", 12)), 5, 7),
        }
    )


def joined(batches):
    return {key: np.concatenate([batch[key] for batch in batches]) for key in batches[0]}


def decisions(task, args, batches):
    """Targets, predictions and weights of what is not ignored."""
    ignored = args.get("ignore_index")
    data = joined(batches)
    target, weight = data["target"], data["weights"].astype(np.float64)
    if "pred" in data:
        pred = data["pred"]
    elif task == "multiclass":
        order = np.argsort(-data["scores"], axis=1, kind="stable")[:, : args.get("top_k", 1)]
        pred = np.where((order == target[:, None]).any(1), target, order[:, 0])
    else:
        pred = (data["scores"] > np.float32(args.get("threshold", 0.5))).astype(int)
    kept = np.ones_like(target, bool) if ignored is None else target != ignored
    if task != "multilabel":
        return [(target[kept], pred[kept], weight[kept])]
    columns = [(target[:, i], pred[:, i], weight, kept[:, i]) for i in range(L)]
    return [(t[k], p[k], w[k]) for t, p, w, k in columns]


def outcomes(task, columns):
    """tp, fp, tn and fn of each class or label."""
    if task == "multiclass":
        target, pred, weight = columns[0]
        matrices = sk.multilabel_confusion_matrix(target, pred, sample_weight=weight, labels=range(C))
    else:
        matrices = [sk.confusion_matrix(t, p, sample_weight=w, labels=[0, 1]) for t, p, w in columns]
    rows = [(m[1][1], m[0][1], m[0][0], m[1][0]) for m in matrices]
    # What cancels in scikit-learn's differences of margins leaves the last digits of the sums.
    return [tuple(0.0 if abs(v) < 1e-12 * sum(row) else v for v in row) for row in rows]


def quotient(above, below):
    return above / below if below else 0.0


FORMULAS = {
    "Precision": lambda tp, fp, tn, fn: quotient(tp, tp + fp),
    "Recall": lambda tp, fp, tn, fn: quotient(tp, tp + fn),
    "F1Score": lambda tp, fp, tn, fn: quotient(2 * tp, 2 * tp + fp + fn),
    "FBetaScore": lambda tp, fp, tn, fn: quotient(5 * tp, 5 * tp + 4 * fn + fp),
    "Specificity": lambda tp, fp, tn, fn: quotient(tn, tn + fp),
    "NegativePredictiveValue": lambda tp, fp, tn, fn: quotient(tn, tn + fn),
    "JaccardIndex": lambda tp, fp, tn, fn: quotient(tp, tp + fp + fn),
}
BY_SKLEARN = {
    "Precision": sk.precision_score,
    "Recall": sk.recall_score,
    "F1Score": sk.f1_score,
    "FBetaScore": lambda *a, **k: sk.fbeta_score(*a, beta=2.0, **k),
    "JaccardIndex": sk.jaccard_score,
}


def formula(name, task):
    accuracy = FORMULAS["Recall"] if task == "multiclass" else lambda tp, fp, tn, fn: quotient(tp + tn, tp + fp + tn + fn)
    if name == "Accuracy":
        return accuracy
    return (lambda *counts: 1 - accuracy(*counts)) if name == "HammingDistance" else FORMULAS[name]


def averaged(name, task, args, columns):
    counts = outcomes(task, columns)
    average = "none" if task == "binary" else args["average"]
    if name == "StatScores":
        return stat_scores(counts, average, task)
    score = formula(name, task)
    values = [score(*row) for row in counts]
    supports = [tp + fn for tp, _, _, fn in counts]
    if average == "micro":
        value = score(*np.sum(counts, axis=0))
    elif average == "weighted":
        value = quotient(np.dot(values, supports), sum(supports))
    elif average == "macro":
        seen = [task != "multiclass" or seen_at(row, args) for row in counts]
        value = quotient(np.dot(values, seen), sum(seen))
    else:
        value = values[0] if task == "binary" else values
    check_by_sklearn(name, task, args, columns, value)
    return value


def seen_at(row, args):
    tp, fp, _, fn = row
    return tp + fn > 0 if args.get("top_k", 1) > 1 else tp + fp + fn > 0


def check_by_sklearn(name, task, args, columns, value):
    """The formulas above against scikit-learn's own metrics, where it has the metric."""
    average = args.get("average")
    target, pred, weight = columns[0]
    if name == "Accuracy" and (task == "binary" or average == "micro" and task == "multiclass"):
        answer = sk.accuracy_score(target, pred, sample_weight=weight)
    elif name not in BY_SKLEARN or task == "multilabel":
        return
    else:
        labels = list(range(C)) if task == "multiclass" else [0, 1]
        if average == "macro":
            counts = outcomes(task, columns)
            labels = [label for label in labels if seen_at(counts[label], args)]
        how = "binary" if task == "binary" else None if average == "none" else average
        answer = BY_SKLEARN[name](
            target, pred, sample_weight=weight, labels=labels, average=how, zero_division=0.0
        )
    if not np.allclose(answer, value, rtol=1e-9, atol=1e-12):
        raise AssertionError(f"{name} {task} {args}: scikit-learn says {answer}, not {value}")


def stat_scores(counts, average, task):
    rows = np.array([[*row, row[0] + row[3]] for row in counts])
    if task == "binary":
        return rows[0].tolist()
    if average == "none":
        return rows.tolist()
    if average == "micro":
        return rows.sum(0).tolist()
    share = np.full(len(rows), 1 / len(rows)) if average == "macro" else rows[:, 4] / (rows[:, 4].sum() or 1)
    return (rows * share[:, None]).sum(0).tolist()


def confusion(task, args, columns):
    how = None if args["normalize"] == "none" else args["normalize"]
    labels = range(C) if task == "multiclass" else [0, 1]
    matrices = [
        sk.confusion_matrix(t, p, sample_weight=w, labels=labels, normalize=how).tolist() for t, p, w in columns
    ]
    return matrices if task == "multilabel" else matrices[0]


def kappa(task, args, columns):
    target, pred, weight = columns[0]
    labels = range(C) if task == "multiclass" else [0, 1]
    return float(
        sk.cohen_kappa_score(target, pred, labels=labels, weights=args["weights"], sample_weight=weight)
    )


def correlation(task, columns):
    target, pred, weight = map(np.concatenate, zip(*columns))
    return float(sk.matthews_corrcoef(target, pred, sample_weight=weight))


def weighted_value(name, task, args, columns):
    if name == "ConfusionMatrix":
        return confusion(task, args, columns)
    if name == "CohenKappa":
        return kappa(task, args, columns)
    if name == "MatthewsCorrCoef":
        return correlation(task, columns)
    return averaged(name, task, args, columns)


def every(task):
    """All metrics with all averages."""
    for metric, extra in AVERAGED:
        for average in ({},) if task == "binary" else [{"average": how} for how in AVERAGES]:
            yield metric, {**SIZES[task], **average, **extra}
    for metric, extra in [*MATRICES, ("MatthewsCorrCoef", {}), *(KAPPAS if task != "multilabel" else [])]:
        yield metric, {**SIZES[task], **extra}


# Averages that repeat themselves elsewhere would only fill the file.
WITH_ALL_AVERAGES = ("w_bin_tenths", "w_mc_tenths", "w_ml_tenths", "w_mc_weightless")


def weighted_cases(book):
    inputs = {
        "binary": ["w_bin", "w_bin_tenths", "w_bin_wide", "w_bin_one", "w_bin_ignored"],
        "multiclass": [
            "w_mc", "w_mc_tenths", "w_mc_wide", "w_mc_one", "w_mc_ignored", "w_mc_correct", "w_mc_weightless",
            "w_mc_always", "w_mc_constant",
        ],
        "multilabel": ["w_ml", "w_ml_tenths", "w_ml_wide", "w_ml_one", "w_ml_ignored"],
    }  # fmt: skip
    for task, names in inputs.items():
        for name in names:
            for metric, args in every(task):
                if name not in WITH_ALL_AVERAGES and args.get("average", "macro") not in ("macro", "none"):
                    continue
                args = {**args, "ignore_index": -1} if name.endswith("_ignored") else args
                expect(book, metric, task, args, name)
    for average in AVERAGES:
        for metric in ("Accuracy", "F1Score", "StatScores"):
            args = {"num_classes": C, "average": average, "top_k": 2}
            expect(book, metric, "multiclass", args, "w_mc")
            expect(book, metric, "multiclass", {**args, "ignore_index": -1}, "w_mc_ignored")
    for task, name in (("binary", "w_bin"), ("multilabel", "w_ml")):
        for metric, args in every(task):
            if args.get("average", "macro") == "macro":
                expect(book, metric, task, {**args, "threshold": 0.3}, name)


def balanced_accuracy_cases(book):
    """By scikit-learn, which of a single class has NaN or -inf where it is adjusted, and we 0."""
    for task, names in {
        "binary": ["w_bin", "w_bin_tenths", "w_bin_wide", "w_bin_one", "w_bin_ignored"],
        "multiclass": ["w_mc", "w_mc_tenths", "w_mc_wide", "w_mc_ignored", "w_mc_correct", "w_mc_weightless", "w_mc_always"],
    }.items():
        for name in names:
            args = {**SIZES[task], **({"ignore_index": -1} if name.endswith("_ignored") else {})}
            [(target, pred, weight)] = decisions(task, args, book.inputs[name])
            for adjusted in (False, True):
                value = 0.0
                if not adjusted or len(np.unique(target[weight > 0])) > 1:
                    value = sk.balanced_accuracy_score(target, pred, sample_weight=weight, adjusted=adjusted)
                book.expect("BalancedAccuracy", task, {**args, "adjusted": adjusted}, name, value, "sklearn")
    book.error("BalancedAccuracy", "binary", {}, "w_bin_zero", "empty")
    book.error("BalancedAccuracy", "multiclass", SIZES["multiclass"], "w_mc_zero", "empty")


# Of no correlation: one class alone, or one element.
UNCORRELATED = ("w_mc_one", "w_bin_one", "w_mc_constant")


def expect(book, metric, task, args, name):
    columns = decisions(task, args, book.inputs[name])
    if metric == "MatthewsCorrCoef" and name in UNCORRELATED and task == "binary":
        return  # two classes all right are 1 here, 0 in scikit-learn; the unweighted cases have it
    book.expect(metric, task, args, name, weighted_value(metric, task, args, columns), "sklearn")


def weighted_errors(book):
    for task, short in (("binary", "bin"), ("multiclass", "mc"), ("multilabel", "ml")):
        for metric, args in every(task):
            if args.get("average", "macro") == "macro" and args.get("normalize", "none") == "none":
                book.error(metric, task, args, f"w_{short}_zero", "empty")
                book.error(metric, task, {**args, "ignore_index": -1}, f"w_{short}_nothing_left", "empty")
    for kind, weight in (("nan", np.nan), ("inf", np.inf), ("negative", -0.5)):
        for task, short in (("binary", "bin"), ("multiclass", "mc"), ("multilabel", "ml")):
            name = f"w_{short}_{kind}"
            batch = {key: array.copy() for key, array in joined(book.inputs[f"w_{short}"]).items()}
            batch["weights"][7] = weight
            book.add_input(name, s.split(batch, 15, 25))
            # Every label of a row is a decision of its own.
            count = L if task == "multilabel" else 1
            for metric, args in every(task):
                if metric in ("Accuracy", "ConfusionMatrix") and args.get("average", "none") == "none":
                    book.error(metric, task, args, name, "invalid_weight", count)


# --- calibration and likelihood ------------------------------------------------------------


def weighted_calibration(book):
    """numpy, in f64 after the bins are chosen in f32."""
    for task, sized in (("binary", {}), ("multiclass", {"num_classes": C})):
        for kind in ("plain", "tenths", "wide", "ignored"):
            name = f"cal_{task}_{kind}"
            n = 40
            if task == "binary":
                batch = s.binary_probs(name, (n,))
            else:
                batch = s.multiclass_probs(name, n, C)
            own = {"tenths": tenths(name, n), "wide": wide(name, n)}.get(kind)
            batch = weighed(name, s.with_ignored(batch, -1) if kind == "ignored" else batch, own)
            book.add_input(name, s.split(batch, 13, 1, 26))
            base = {**sized, **({"ignore_index": -1} if kind == "ignored" else {})}
            for bins in (15, 4):
                rows = bin_rows(task, joined([batch]), bins, base.get("ignore_index"))
                book.expect("ReliabilityDiagram", task, {**base, "n_bins": bins}, name, rows, "numpy")
                for norm in ("l1", "l2", "max"):
                    args = {**base, "n_bins": bins, "norm": norm}
                    book.expect("CalibrationError", task, args, name, calibration_error(rows, norm), "numpy")
        name = f"cal_{task}_zero"
        batch = s.binary_probs(name, (6,)) if task == "binary" else s.multiclass_probs(name, 6, C)
        book.add_input(name, s.split(weighed(name, batch, 0.0), 2, 4))
        book.error("CalibrationError", task, {**sized, "n_bins": 15, "norm": "l1"}, name, "empty")
        book.error("ReliabilityDiagram", task, {**sized, "n_bins": 15}, name, "empty")


def bin_rows(task, data, bins, ignored):
    kept = np.ones(len(data["target"]), bool) if ignored is None else data["target"] != ignored
    scores, target, weight = data["scores"][kept], data["target"][kept], data["weights"][kept].astype(np.float64)
    confidence, hit = (scores, target == 1) if task == "binary" else (scores.max(1), scores.argmax(1) == target)
    edges = torch.linspace(0, 1, bins + 1).numpy()[:-1]  # the last bin is closed
    places = np.searchsorted(edges, confidence, side="right") - 1
    confidence = confidence.astype(np.float64)
    rows = []
    for i in range(bins):
        inside = places == i
        total = weight[inside].sum()
        means = [np.dot(v[inside], weight[inside]) / total if total else np.nan for v in (confidence, hit)]
        rows.append([i / bins, (i + 1) / bins, total, *means])
    return rows


def calibration_error(rows, norm):
    used = [row for row in rows if row[2] > 0]
    share = np.array([row[2] for row in used])
    share = share / share.sum()
    gaps = np.array([abs(row[4] - row[3]) for row in used])
    if norm == "max":
        return float(gaps.max())
    return float(np.dot(gaps, share)) if norm == "l1" else float(np.sqrt(np.dot(gaps**2, share)))


def weighted_likelihood(book):
    for kind in ("plain", "tenths", "wide", "ignored", "one", "certain"):
        name = f"nll_{kind}"
        n = 1 if kind == "one" else 24
        batch = s.multiclass_logits(name, n, C, pull=12.0 if kind == "certain" else 1.5)
        own = {"tenths": tenths(name, n), "wide": wide(name, n), "one": 0.3}.get(kind)
        batch = weighed(name, s.with_ignored(batch, -1) if kind == "ignored" else batch, own)
        book.add_input(name, [batch] if n == 1 else s.split(batch, 10, 14))
        args = {"ignore_index": -1} if kind == "ignored" else {}
        loss = cross_entropy(batch, args.get("ignore_index"))
        book.expect("NegativeLogLikelihood", None, args, name, loss, "sklearn")
        book.expect("Perplexity", None, args, name, float(np.exp(loss)), "sklearn")
    # An element without weight does not count, however unlikely.
    impossible = weighed("impossible", s.multiclass_logits("nll_impossible", 8, C))
    impossible["scores"][3, impossible["target"][3]] = -np.inf
    impossible["weights"][3] = 0
    rest = {key: np.delete(array, 3, 0) for key, array in impossible.items()}
    book.add_input("nll_impossible_without_weight", [impossible])
    book.expect("NegativeLogLikelihood", None, {}, "nll_impossible_without_weight", cross_entropy(rest, None), "sklearn")
    hostile = weighed("nll_negative", s.multiclass_logits("nll_negative", 8, C))
    hostile["weights"][5] = -1
    book.add_input("nll_negative", [hostile])
    book.error("NegativeLogLikelihood", None, {}, "nll_negative", "invalid_weight", 1)
    book.add_input("nll_zero", [weighed("nll_zero", s.multiclass_logits("nll_zero", 5, C), 0.0)])
    for metric in ("NegativeLogLikelihood", "Perplexity"):
        book.error(metric, None, {}, "nll_zero", "empty")


def cross_entropy(batch, ignored):
    kept = np.ones(len(batch["target"]), bool) if ignored is None else batch["target"] != ignored
    probabilities = s.softmax(batch["scores"][kept].astype(np.float64))
    weight = batch["weights"][kept].astype(np.float64)
    return float(sk.log_loss(batch["target"][kept], probabilities, sample_weight=weight, labels=range(C)))


def known_differences(book):
    book.skip(
        "matthews_corr_coef/binary/w_bin_one",
        "Two classes all right are 1 here, as in TorchMetrics, and 0 in scikit-learn.",
    )
