"""Metrics of counts with sample weights, by sample, and exact match."""

import numpy as np
import sklearn.metrics as sk
import torch

from . import reference
from . import samples as s
from .book import Book

C, L = 4, 3
AVERAGES = ("micro", "macro", "weighted", "none")
ONE_VALUE = ["Accuracy", "Precision", "Recall", "F1Score", "Specificity", "NegativePredictiveValue", "HammingDistance"]
AVERAGED = [(name, {}) for name in [*ONE_VALUE, "JaccardIndex", "StatScores"]] + [("FBetaScore", {"beta": 2.0})]
MATRICES = [("ConfusionMatrix", {"normalize": how}) for how in ("none", "true", "pred", "all")]
KAPPAS = [("CohenKappa", {"weights": how}) for how in (None, "linear", "quadratic")]
SAMPLEWISE = [(name, extra) for name, extra in AVERAGED if name != "JaccardIndex"]
SIZES = {"binary": {}, "multiclass": {"num_classes": C}, "multilabel": {"num_labels": L}}


def build():
    book = Book()
    add_weighted_inputs(book)
    weighted_cases(book)
    weighted_errors(book)
    weighted_calibration(book)
    weighted_likelihood(book)
    add_samplewise_inputs(book)
    samplewise_cases(book)
    exact_match_cases(book)
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
    edges = torch.linspace(0, 1, bins + 1).numpy()
    places = np.searchsorted(edges, confidence, side="right") - 1
    confidence = confidence.astype(np.float64)
    rows = []
    for i in range(bins + 1):
        inside = places == i
        total = weight[inside].sum()
        means = [np.dot(v[inside], weight[inside]) / total if total else np.nan for v in (confidence, hit)]
        rows.append([i / bins, min(1.0, (i + 1) / bins), total, *means])
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


# --- by sample -----------------------------------------------------------------------------


def add_samplewise_inputs(book):
    image = s.multiclass_logits("s_mc", 7, C, extra=(2, 3))
    # The first sample has nothing but class 0, the second nothing right.
    image["target"][0] = 0
    image["scores"][0, 0] = 9
    image["scores"][1] = s.certain(image["target"][1:2], C, shift=1)["scores"][0]
    line = s.multiclass_logits("s_mc_line", 5, C, extra=(6,))
    ignored = s.with_ignored(s.multiclass_logits("s_mc_ignored", 5, C, extra=(6,)), -1)
    ignored["target"][2] = -1
    labels = {"pred": line["scores"].argmax(1).astype(s.I64), "target": line["target"]}
    binary = s.binary_probs("s_bin", (6, 5))
    binary["target"][1] = 0
    binary["target"][2] = 1
    bin_ignored = s.with_ignored(s.binary_probs("s_bin_ignored", (5, 4)), -1)
    bin_ignored["target"][3] = -1
    ml = s.binary_probs("s_ml", (6, L, 5))
    ml["target"][1] = 0
    ml["target"][2] = (ml["scores"][2] > 0.5).astype(s.I64)
    ml_ignored = s.with_ignored(s.binary_probs("s_ml_ignored", (5, L, 4)), -1, every=3)
    ml_ignored["target"][3] = -1
    book.add_inputs(
        {
            "s_mc": s.split(image, 3, 4),
            "s_mc_line": s.split(line, 2, 3),
            "s_mc_labels": s.split(labels, 2, 3),
            "s_mc_ignored": s.split(ignored, 2, 3),
            "s_mc_one_position": s.split(s.multiclass_logits("s_mc_one_position", 5, C, extra=(1,)), 2, 3),
            "s_bin": s.split(binary, 2, 4),
            "s_bin_logits": s.require_logits(s.split(s.binary_logits("s_bin_logits", (6, 5)), 3, 3), s.sigmoid),
            "s_bin_3d": s.split(s.binary_probs("s_bin_3d", (5, 2, 3)), 2, 3),
            "s_bin_labels": s.split(s.hardened(s.binary_probs("s_bin_labels", (5, 4))), 2, 3),
            "s_bin_ignored": s.split(bin_ignored, 2, 3),
            "s_ml": s.split(ml, 2, 4),
            "s_ml_4d": s.split(s.binary_probs("s_ml_4d", (4, L, 2, 3)), 2, 2),
            "s_ml_labels": s.split(s.hardened(s.binary_probs("s_ml_labels", (5, L, 4))), 2, 3),
            "s_ml_ignored": s.split(ml_ignored, 2, 3),
        }
    )


def samplewise_cases(book):
    for task, names in {
        "binary": ["s_bin", "s_bin_logits", "s_bin_3d", "s_bin_labels", "s_bin_ignored"],
        "multiclass": ["s_mc", "s_mc_line", "s_mc_labels", "s_mc_ignored", "s_mc_one_position"],
        "multilabel": ["s_ml", "s_ml_4d", "s_ml_labels", "s_ml_ignored"],
    }.items():
        for name in names:
            for metric, extra in SAMPLEWISE:
                averages = AVERAGES if name in ("s_mc", "s_ml", "s_mc_ignored") else ("macro", "none")
                for average in ({},) if task == "binary" else [{"average": how} for how in averages]:
                    args = {**SIZES[task], **average, **extra, "multidim_average": "samplewise"}
                    if name.endswith("_ignored"):
                        args["ignore_index"] = -1
                    samplewise_case(book, metric, task, args, name)
    for metric in ("Accuracy", "F1Score", "StatScores"):
        for average in AVERAGES:
            base = {"num_classes": C, "average": average, "multidim_average": "samplewise"}
            for name, more in (("s_mc", {"top_k": 2}), ("s_mc_ignored", {"top_k": 2, "ignore_index": -1}), ("s_mc", {"ignore_index": 0})):
                samplewise_case(book, metric, "multiclass", {**base, **more}, name)
        base = {"multidim_average": "samplewise"}
        samplewise_case(book, metric, "binary", {**base, "threshold": 0.3}, "s_bin")
        samplewise_case(book, metric, "multilabel", {**base, **SIZES["multilabel"], "average": "macro", "threshold": 0.3}, "s_ml")
        samplewise_case(book, metric, "multilabel", {**base, **SIZES["multilabel"], "average": "macro", "ignore_index": 0}, "s_ml")
    # The same batches without `samplewise`, for what makes rows of labels of them.
    for name in ("s_ml", "s_ml_4d", "s_ml_labels"):
        for metric in ("Accuracy", "StatScores"):
            book.measure(metric, "multilabel", {**SIZES["multilabel"], "average": "none"}, name)


def samplewise_case(book, metric, task, args, name):
    if metric == "StatScores" and args.get("average") == "weighted":
        return weighted_stat_scores(book, task, args, name)
    book.measure(metric, task, args, name)


def weighted_stat_scores(book, task, args, name):
    """From the counts by class. TorchMetrics weighs by the support of all samples together
    (multilabel), and is NaN for a sample without support (multiclass)."""
    counts = reference.run("StatScores", task, {**args, "average": "none"}, book.inputs[name])
    values = [stat_scores([row[:4] for row in sample], "weighted", task) for sample in counts]
    book.expect("StatScores", task, args, name, values, "torchmetrics")


# --- exact match ---------------------------------------------------------------------------


def exact_match_cases(book):
    random = s.rng("exact")
    target = random.integers(0, C, size=(9, 3))
    pred = np.where(random.uniform(size=(9, 3)) < 0.8, target, 0)
    em = {"pred": pred.astype(s.I64), "target": target.astype(s.I64)}
    ml = s.binary_probs("em_ml", (14, L), pull=3.0)
    whole = s.with_ignored({**em, "target": target.copy()}, -1)
    whole["target"][4] = -1
    image = s.multiclass_logits("em_image", 6, C, extra=(1, 2), pull=6.0)
    nothing = {**em, "target": np.full_like(target, -1)}
    book.add_inputs(
        {
            "em_mc": s.split(em, 4, 5),
            "em_mc_image": s.split(image, 2, 4),
            "em_mc_ignored": s.split(whole, 4, 5),
            "em_mc_all_ignored": s.split(nothing, 4, 5),
            "em_mc_flat": s.split(s.multiclass_logits("em_mc_flat", 11, C), 4, 7),
            "em_mc_right": s.split({"pred": target, "target": target.copy()}, 4, 5),
            "em_mc_wrong": s.split({"pred": (target + 1) % C, "target": target}, 4, 5),
            "em_ml": s.split(ml, 6, 8),
            "em_ml_logits": s.require_logits(s.split(s.binary_logits("em_ml_logits", (14, L), 3.0), 7, 7), s.sigmoid),
            "em_ml_labels": s.split(s.hardened(s.binary_probs("em_ml_labels", (9, L), 3.0)), 4, 5),
            "em_ml_ignored": s.split(s.with_ignored(s.binary_probs("em_ml_ignored", (10, L), 3.0), -1), 4, 6),
            "em_ml_dense": s.split(s.binary_probs("em_ml_dense", (5, L, 4), 3.0), 2, 3),
            "em_ml_dense_ignored": s.split(
                s.with_ignored(s.binary_probs("em_ml_dense_ignored", (5, L, 4), 3.0), -1, every=5), 2, 3
            ),
            "em_ml_right": [{"pred": np.ones((3, L), s.I64), "target": np.ones((3, L), s.I64)}],
            "em_ml_one": [s.binary_probs("em_ml_one", (1, L))],
        }
    )
    cases = {
        "multiclass": ["em_mc", "em_mc_image", "em_mc_ignored", "em_mc_all_ignored", "em_mc_flat", "em_mc_right", "em_mc_wrong"],
        "multilabel": ["em_ml", "em_ml_logits", "em_ml_labels", "em_ml_ignored", "em_ml_dense", "em_ml_dense_ignored", "em_ml_right", "em_ml_one"],
    }  # fmt: skip
    by_sample = ("em_mc", "em_mc_image", "em_mc_ignored", "em_mc_right", "em_mc_wrong", "em_ml_dense", "em_ml_dense_ignored")
    for task, names in cases.items():
        for name in names:
            args = {**SIZES[task], **({"ignore_index": -1} if "ignored" in name else {})}
            measure_exact(book, task, args, name)
            if name in by_sample:
                measure_exact(book, task, {**args, "multidim_average": "samplewise"}, name)
    measure_exact(book, "multilabel", {**SIZES["multilabel"], "threshold": 0.3}, "em_ml")
    measure_exact(book, "multiclass", {**SIZES["multiclass"], "ignore_index": 0}, "em_mc")
    exact_match_errors(book, em, ml)


def measure_exact(book, task, args, name):
    cls = {"multiclass": "MulticlassExactMatch", "multilabel": "MultilabelExactMatch"}[task]
    import torchmetrics

    by_sample = args.get("multidim_average") == "samplewise"
    metric = getattr(torchmetrics.classification, cls)(**args)
    kept = [judged(task, args, batch) for batch in book.inputs[name]]
    if not any(rows.any() for rows in kept):
        book.error("ExactMatch", task, args, name, "empty")
        return
    batches = book.inputs[name]
    if not by_sample:
        batches = [{key: array[rows] for key, array in batch.items()} for batch, rows in zip(batches, kept)]
    value = reference.to_list(reference.updated(metric, batches).compute().double())
    if args.get("multidim_average") != "samplewise":
        value = value[0] if isinstance(value, list) else value
        check_subsets(task, args, book.inputs[name], value)
        value = fraction(value)
    else:
        value = [fraction(item) * float(any_left) for item, any_left in zip(value, np.concatenate(kept))]
    book.expect("ExactMatch", task, args, name, value, "torchmetrics")


def judged(task, args, batch):
    """Which samples have anything that is not ignored. TorchMetrics takes the others for right."""
    target = batch["target"]
    used = target != args.get("ignore_index", np.nan)
    if task == "multilabel":
        if not used.any(1).all():
            raise ValueError("a position without any label; change the seed")
        return np.ones(len(target), bool)
    return used.reshape(len(target), -1).any(1)


def fraction(value):
    """The quotient of small numbers that the f32 stands for, in f64."""
    from fractions import Fraction

    return float(Fraction(value).limit_denominator(50))


def check_subsets(task, args, batches, value):
    """scikit-learn's subset accuracy, where it has the case."""
    data = joined(batches)
    if task == "multilabel" and "pred" in data and "ignore_index" not in args:
        reference.same_decisions(sk.accuracy_score(data["target"], data["pred"]), value, "subsets")


def exact_match_errors(book, em, ml):
    book.add_inputs(
        {
            "em_mc_label_too_high": s.split(s.with_target(em, 7, C), 4, 5),
            "em_mc_negative": s.split(s.with_target(em, 7, -2), 4, 5),
            "em_ml_label_too_high": s.split(s.with_target(ml, 7, 2), 4, 10),
            "em_ml_nan": s.split(s.with_nan(ml, 7), 4, 10),
        }
    )
    book.error("ExactMatch", "multiclass", SIZES["multiclass"], "em_mc_label_too_high", "invalid_label", 1)
    book.error("ExactMatch", "multiclass", {**SIZES["multiclass"], "ignore_index": -1}, "em_mc_negative", "invalid_label", 1)
    book.error("ExactMatch", "multilabel", SIZES["multilabel"], "em_ml_label_too_high", "invalid_label", 1)
    book.error("ExactMatch", "multilabel", SIZES["multilabel"], "em_ml_nan", "nan", 1)


def known_differences(book):
    book.skip(
        "stat_scores/multilabel/weighted/multidim_average=samplewise/*",
        "TorchMetrics weighs each sample's labels by the support of all samples together "
        "(stat_scores.py:_multilabel_stat_scores_compute); expected here is the sample's own.",
    )
    book.skip(
        "stat_scores/multiclass/weighted/multidim_average=samplewise/*",
        "TorchMetrics is NaN for a sample without support; expected here is 0, as of the other averages.",
    )
    book.skip(
        "exact_match/multiclass/ignore_index/all_ignored",
        "TorchMetrics takes a sample of which everything is ignored for right, though its documentation says that "
        "ignored targets do not contribute; expected here is the value of the other samples, and 0 for it by sample.",
    )
    book.skip(
        "matthews_corr_coef/binary/w_bin_one",
        "Two classes all right are 1 here, as in TorchMetrics, and 0 in scikit-learn.",
    )
