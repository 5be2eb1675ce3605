"""Curves of weighted elements, LogAUC, certified bounds on areas, DeLong's interval."""

import functools

import numpy as np
import torch
from scipy.integrate import quad
from scipy.stats import norm
from sklearn import metrics as sk

from . import samples as s
from .book import Book
from .curve_definitions import log_auc

C, L = 4, 3
LIST = [0.1, 0.4, 0.7]
THRESHOLDS = (None, 12, LIST)
AVERAGES = {
    "binary": (None,),
    "multiclass": ("macro", "weighted", "none"),
    "multilabel": ("micro", "macro", "weighted", "none"),
}
SIZE = {"binary": {}, "multiclass": {"num_classes": C}, "multilabel": {"num_labels": L}}


def build():
    book = Book()
    add_inputs(book)
    weighted_cases(book)
    weighted_errors(book)
    log_auc_cases(book)
    certified_cases(book)
    interval_cases(book)
    logit_cases(book)
    return book


# --- inputs --------------------------------------------------------------------------------


def weighted(batch, name, low=0.0, high=4.0):
    """The batch with weights, every sixth of them 0."""
    random = s.rng("weights of " + name)
    weights = s.grid(random.uniform(low, high, size=len(batch["target"])))
    weights[3::6] = 0
    return {**batch, "weights": weights}


def without_weights(batch):
    return {key: array for key, array in batch.items() if key != "weights"}


def with_weight(batch, position, value):
    weights = batch["weights"].copy()
    weights[position] = value
    return {**batch, "weights": weights}


def add_inputs(book):
    def binary(name, n, make=s.binary_probs, **options):
        return weighted(make(name, (n,)), name, **options)

    def mixed(batch, *sizes):
        """Batches of which the first and the last have no weights."""
        batches = s.split(batch, *sizes)
        return [without_weights(batches[0]), *batches[1:-1], without_weights(batches[-1])]

    all_one, all_zero = binary("wb_all_one", 9), binary("wb_all_zero", 9)
    all_one["target"][:], all_zero["target"][:] = 1, 0
    ties = binary("wb_ties", 40)
    constant = binary("wb_constant", 11)
    constant["scores"][:] = 0.4
    logits = s.require_logits(s.split(binary("wb_logits", 30, s.binary_logits), 12, 18), s.sigmoid)
    book.add_inputs(
        {
            "wb_probs": s.split(binary("wb_probs", 36), 14, 1, 21),
            "wb_mixed": mixed(binary("wb_mixed", 34), 9, 17, 8),
            "wb_late": s.split(binary("wb_late", 20), 11, 9)[::-1],
            "wb_fractions": s.split(binary("wb_fractions", 28, high=0.05), 20, 8),
            "wb_ties": s.split(s.tied(ties), 15, 25),
            "wb_constant": [constant],
            "wb_logits": logits,
            "wb_all_one": s.split(all_one, 4, 5),
            "wb_all_zero": s.split(all_zero, 4, 5),
            "wb_one": [{"scores": s.grid([0.75]), "target": np.array([1], s.I64), "weights": s.grid([2.5])}],
            "wb_ignored": s.split(s.with_ignored(binary("wb_ignored", 30), -1), 12, 18),
            "wb_no_weight": [with_weight(binary("wb_no_weight", 6), slice(None), 0)],
            "wb_all_ignored": [s.all_ignored(binary("wb_all_ignored", 5))],
            "wm_probs": s.split(weighted(s.multiclass_probs("wm_probs", 30, C), "wm_probs"), 13, 17),
            "wm_mixed": mixed(weighted(s.multiclass_probs("wm_mixed", 33, C), "wm_mixed"), 12, 10, 11),
            "wm_ties": s.split(weighted(s.tied(s.multiclass_probs("wm_ties", 32, C)), "wm_ties"), 20, 12),
            "wl_probs": s.split(weighted(s.binary_probs("wl_probs", (28, L)), "wl_probs"), 10, 18),
            "wl_mixed": mixed(weighted(s.binary_probs("wl_mixed", (31, L)), "wl_mixed"), 12, 9, 10),
            "wl_ties": s.split(weighted(s.tied(s.binary_probs("wl_ties", (30, L))), "wl_ties"), 1, 29),
        }
    )
    target = (np.arange(60) % 3 == 0).astype(s.I64)
    # Few false positives are of interest, so there must be many negatives.
    rare = (np.arange(400) % 20 == 0).astype(s.I64)
    random = s.rng("rare").uniform(size=400)
    small = s.rng("small").uniform(size=60)
    book.add_inputs(
        {
            "b_probs": s.split(s.binary_probs("b_probs", (60,)), 25, 35),
            "b_logits": s.require_logits(s.split(s.binary_logits("b_logits", (50,)), 30, 20), s.sigmoid),
            "b_ties": s.split(s.tied(s.binary_probs("b_ties", (50,))), 20, 30),
            "b_constant": [{"scores": np.full(12, 0.4, s.F32), "target": target[:12]}],
            "b_perfect": [{"scores": s.grid(0.1 + 0.6 * target + 0.2 * small), "target": target}],
            "b_inverted": [{"scores": s.grid(0.1 + 0.6 * target + 0.2 * small), "target": 1 - target}],
            "b_rare": s.split({"scores": s.grid(0.55 * random + 0.3 * rare), "target": rare}, 150, 250),
            "b_one_positive": [{"scores": s.grid(small[:10]), "target": target[:10] * (np.arange(10) == 3)}],
            "b_all_one": [{"scores": s.grid(small[:6]), "target": np.ones(6, s.I64)}],
            "b_all_zero": [{"scores": s.grid(small[:6]), "target": np.zeros(6, s.I64)}],
            "b_one": [{"scores": s.grid([0.5]), "target": np.array([1], s.I64)}],
            "b_ignored": s.split(s.with_ignored(s.binary_probs("b_ignored", (40,)), -1), 22, 18),
            "b_all_ignored": [s.all_ignored(s.binary_probs("b_all_ignored", (5,)))],
            # All of them below 0.01.
            "b_small": [{"scores": (small**4 * 0.0099 + 1e-5 * target).astype(s.F32), "target": target}],
            # As sigmoids of large logits are in f32.
            "b_saturated": [{"scores": np.minimum(s.grid(small * 1.4), s.F32(1)), "target": target}],
            "m_probs": s.split(s.multiclass_probs("m_probs", 80, C), 33, 47),
            "m_ties": s.split(s.tied(s.multiclass_probs("m_ties", 70, C)), 30, 40),
            "m_absent": [s.with_target_moved(s.multiclass_probs("m_absent", 40, C), 2, 3)],
            "l_probs": s.split(s.binary_probs("l_probs", (60, L)), 31, 29),
            "l_ties": s.split(s.tied(s.binary_probs("l_ties", (50, L))), 20, 30),
            "l_ignored": s.split(s.with_ignored(s.binary_probs("l_ignored", (45, L)), -1), 20, 25),
        }
    )


def joined(book, name, ignore_index=None):
    """Scores as f64 of the f32 probabilities, targets and weights of all batches; of one element per
    row where some are to be ignored."""
    batches = book.inputs[name]
    scores = np.concatenate([batch["scores"] for batch in batches]).astype(np.float64)
    target = np.concatenate([batch["target"] for batch in batches])
    weights = [batch.get("weights", np.ones(len(batch["target"]))) for batch in batches]
    weights = np.concatenate(weights).astype(np.float64)
    if s.is_logits(scores):
        scores = s.sigmoid(scores)
    if ignore_index is not None:
        keep = target != ignore_index
        scores, target, weights = scores[keep], target[keep], weights[keep]
    return scores, target, weights


# --- weights -------------------------------------------------------------------------------


def grid_of(thresholds):
    if isinstance(thresholds, int):
        return torch.linspace(0, 1, thresholds).double().numpy()
    if isinstance(thresholds, dict):
        n = thresholds["octaves"]
        below = [(1 + i / n) * 2.0**-e for e in range(24, 1, -1) for i in range(n)]
        low = np.array([0.0, *below])
        return np.concatenate([low, [0.5], 1 - low[::-1]]).astype(s.F32).astype(np.float64)
    return np.asarray(sorted(thresholds), dtype=s.F32).astype(np.float64)


def rates(y, p, w, thresholds):
    """False and true positives at falling thresholds, with the totals."""
    fp = np.array([w[(p >= t) & (y == 0)].sum() for t in thresholds[::-1]])
    tp = np.array([w[(p >= t) & (y == 1)].sum() for t in thresholds[::-1]])
    return fp, tp, w[y == 0].sum(), w[y == 1].sum()


def down_to_0(grid):
    """With a threshold that everything reaches."""
    return grid if grid[0] == 0 else np.array([0, *grid])


def roc(y, p, w, thresholds):
    """From (0, 0) at a threshold of 1 to (1, 1); a rate without elements is NaN, as scikit-learn has it."""
    if thresholds is None:
        fpr, tpr, falling = sk.roc_curve(y, p, sample_weight=w, drop_intermediate=False)
        return fpr, tpr, np.array([1.0, *falling[1:]])
    grid = down_to_0(grid_of(thresholds))
    fp, tp, n, m = rates(y, p, w, grid)
    return np.array([0, *fp]) / n, np.array([0, *tp]) / m, np.array([1, *grid[::-1]])


def precision_recall(y, p, w, thresholds):
    if thresholds is None:
        precision, recall, rising = sk.precision_recall_curve(y, p, sample_weight=w)
        # Without positives the recall is 1 there.
        recall[:-1] = recall[:-1] if w[y == 1].sum() > 0 else np.nan
        return precision, recall, rising
    grid = down_to_0(grid_of(thresholds))
    fp, tp, _, m = rates(y, p, w, grid)
    precision, recall = (tp / (tp + fp))[::-1], (tp / m)[::-1]
    return np.append(precision, 1), np.append(recall, 0), grid


def auroc(y, p, w, thresholds):
    fpr, tpr, _ = roc(y, p, w, thresholds)
    return np.trapezoid(tpr, fpr)


def average_precision(y, p, w, thresholds):
    if not (w[y == 1] > 0).any():
        return np.nan
    precision, recall, _ = precision_recall(y, p, w, thresholds)
    return -np.sum(np.diff(recall) * np.nan_to_num(precision[:-1]))


def curve(keys, points):
    return dict(zip((*keys, "thresholds"), (list(part) for part in points)))


def columns(task, y, p):
    if task == "binary":
        return [(y, p)]
    if task == "multiclass":
        return [((y == c).astype(int), p[:, c]) for c in range(p.shape[1])]
    return [(y[:, label], p[:, label]) for label in range(p.shape[1])]


def averaged(area, task, y, p, w, average):
    """As scikit-learn averages over classes or labels, but for those without a value."""
    if average == "micro":
        return area(y.ravel(), p.ravel(), np.repeat(w, y.shape[1]))
    areas = [area(y, p, w) for y, p in columns(task, y, p)]
    if task == "binary":
        return areas[0]
    if average == "none":
        return areas
    positives = [w[y == 1].sum() if average == "weighted" else 1 for y, _ in columns(task, y, p)]
    defined = ~np.isnan(areas)
    return np.average(np.array(areas)[defined], weights=np.array(positives)[defined])


def scikit(metric, task, y, p, w, average):
    """The same from scikit-learn's own average, exact."""
    options = {"sample_weight": w, "average": {"none": None, None: "macro"}.get(average, average)}
    y = np.eye(C)[y] if task == "multiclass" else y  # tied scores do not sum to 1, which it asks for
    if metric == "AUROC":
        return sk.roc_auc_score(y, p, **options)
    return sk.average_precision_score(y, p, **options)


def weighted_cases(book):
    for name in book.inputs:
        if not name.startswith("w") or name in ("wb_no_weight", "wb_all_ignored"):
            continue
        task = {"b": "binary", "m": "multiclass", "l": "multilabel"}[name[1]]
        ignore = {"ignore_index": -1} if name == "wb_ignored" else {}
        y, p, w = (lambda p, y, w: (y, p, w))(*joined(book, name, ignore.get("ignore_index")))
        for thresholds in THRESHOLDS:
            args = {**SIZE[task], **ignore, "thresholds": thresholds}
            if name != "wb_logits":  # whose thresholds are sigmoids in f32
                curves(book, task, args, name, y, p, w)
            for metric, area in {"AUROC": auroc, "AveragePrecision": average_precision}.items():
                for average in AVERAGES[task]:
                    of = {**args, **({"average": average} if average else {})}
                    with np.errstate(invalid="ignore"):
                        value = averaged(lambda y, p, w: area(y, p, w, thresholds), task, y, p, w, average)
                    if np.ndim(value) == 0 and np.isnan(value):
                        book.error(metric, task, of, name, "undefined")
                        continue
                    two_classes = task != "binary" or len(np.unique(y[w > 0])) == 2
                    if thresholds is None and two_classes:
                        np.testing.assert_allclose(value, scikit(metric, task, y, p, w, average), rtol=1e-12)
                    book.expect(metric, task, of, name, np.asarray(value).tolist(), "sklearn")
        if task == "binary" and len(np.unique(y[w > 0])) == 2:
            for limit in (0.3, 0.75):
                value = sk.roc_auc_score(y, p, sample_weight=w, max_fpr=limit)
                book.expect("AUROC", task, {**ignore, "max_fpr": limit}, name, value, "sklearn")
            value = log_auc(*roc(y, p, w, None)[:2], 0.05, 0.5)
            book.expect("LogAUC", task, {**ignore, "fpr_range": [0.05, 0.5]}, name, value, "sklearn")


def curves(book, task, args, name, y, p, w):
    with np.errstate(invalid="ignore"):
        points = [roc(y, p, w, args["thresholds"]) for y, p in columns(task, y, p)]
        book.expect("ROC", task, args, name, {"curves": [curve(("fpr", "tpr"), c) for c in points]}, "sklearn")
        points = [precision_recall(y, p, w, args["thresholds"]) for y, p in columns(task, y, p)]
        value = {"curves": [curve(("precision", "recall"), c) for c in points]}
        book.expect("PrecisionRecallCurve", task, args, name, value, "sklearn")


def weighted_errors(book):
    batches = {
        "binary": ("wb", weighted(s.binary_probs("wb_hostile", (8,)), "wb_hostile"), 1),
        "multiclass": ("wm", weighted(s.multiclass_probs("wm_hostile", 8, C), "wm_hostile"), 1),
        "multilabel": ("wl", weighted(s.binary_probs("wl_hostile", (8, L)), "wl_hostile"), L),
    }
    for task, (prefix, batch, elements) in batches.items():
        both = with_weight(s.with_nan(batch, 6 * (batch["scores"].size // 8)), 6, np.nan)
        hostile = {
            "nan_weight": (with_weight(batch, 6, np.nan), "invalid_weight", elements),
            "infinite_weight": (with_weight(batch, 6, np.inf), "invalid_weight", elements),
            "negative_weight": (with_weight(batch, 6, -1), "invalid_weight", elements),
            "nan_score": (s.with_nan(batch, 6), "nan", 1),
            "bad_label": (s.with_target(batch, 6, 7), "invalid_label", 1),
        }
        if task != "multilabel":  # where a row has other elements
            hostile["nan_score_and_weight"] = (both, "nan", 1)
        for what, (bad, kind, count) in hostile.items():
            book.add_input(f"{prefix}_{what}", s.split(bad, 5, 3))
            for metric in ("ROC", "AUROC"):
                for thresholds in (None, 12):
                    args = {**SIZE[task], "thresholds": thresholds}
                    book.error(metric, task, args, f"{prefix}_{what}", kind, count)
    for name, ignore in [("wb_no_weight", {}), ("wb_all_ignored", {"ignore_index": -1})]:
        for metric in ("ROC", "AUROC", "AveragePrecision"):
            for thresholds in (None, 12):
                book.error(metric, "binary", {**ignore, "thresholds": thresholds}, name, "empty")


# --- LogAUC --------------------------------------------------------------------------------


def log_auc_cases(book):
    ranges = ({}, {"fpr_range": [0.05, 0.6]}, {"fpr_range": [0.2, 1.0]})
    binary = ("b_probs", "b_logits", "b_ties", "b_constant", "b_perfect", "b_inverted", "b_rare", "b_ignored")
    for name in binary:
        for thresholds in (None, 12):
            ignore = {"ignore_index": -1} if name == "b_ignored" else {}
            for fpr_range in ranges:
                measure(book, "binary", {**ignore, **fpr_range, "thresholds": thresholds}, name)
    for task, name in [("multiclass", "m_probs"), ("multiclass", "m_ties"),
                       ("multilabel", "l_probs"), ("multilabel", "l_ties"), ("multilabel", "l_ignored")]:  # fmt: skip
        ignore = {"ignore_index": -1} if name == "l_ignored" else {}
        for average in ({}, {"average": "macro"}):
            for fpr_range in ranges:
                for thresholds in (None, 12):
                    args = {**SIZE[task], **ignore, **average, **fpr_range, "thresholds": thresholds}
                    measure(book, task, args, name)
    for task, name in [("binary", "b_probs"), ("binary", "b_rare"), ("binary", "b_ties"), ("multilabel", "l_probs")]:
        p, y, w = joined(book, name)
        for fpr_range in ([0.001, 0.1], [0.05, 0.6], [0.2, 1.0]):
            # The thresholds end within the range, see below.
            values = [log_auc(*roc(y, p, w, LIST)[:2], *fpr_range) for y, p in columns(task, y, p)]
            args = {**SIZE[task], "fpr_range": fpr_range, "thresholds": LIST}
            book.expect("LogAUC", task, args, name, values if task != "binary" else values[0], "numpy")
    # Class 2 has no positives; TorchMetrics takes its area for 0.
    p, y, w = joined(book, "m_absent")
    for fpr_range in ([0.001, 0.1], [0.05, 0.6], [0.2, 1.0]):
        for thresholds in (None, 12):
            points = [(y, roc(y, p, w, thresholds)[:2]) for y, p in columns("multiclass", y, p)]
            values = [log_auc(*rates, *fpr_range) if y.any() else np.nan for y, rates in points]
            for average, value in {"none": values, "macro": np.nanmean(values)}.items():
                args = {**SIZE["multiclass"], "average": average, "fpr_range": fpr_range, "thresholds": thresholds}
                book.expect("LogAUC", "multiclass", args, "m_absent", value, "numpy")
    # TorchMetrics has 0 without positives, and a slope of 1 / 0 without negatives.
    for name in ("b_all_one", "b_all_zero", "b_one"):
        for thresholds in (None, 12):
            book.error("LogAUC", "binary", {"thresholds": thresholds}, name, "undefined")
    book.error("LogAUC", "binary", {"ignore_index": -1}, "b_all_ignored", "empty")
    book.skip(
        "log_auc/*, as it is sorted",
        "utilities/data.py:interp sorts the points of a curve, which are in order, by an unstable sort: points of one "
        "false positive rate change places, and the value is another. The expected ones are from a stable sort.",
    )
    book.skip(
        "log_auc/*/thresholds=[0.1,0.4,0.7], as it is extended",
        "utilities/data.py:interp extends a curve that ends within the range by the slope of its last two points, "
        "which is NaN where they have one false positive rate, and leads past 1 elsewhere; the curve leads to (1, 1).",
    )
    book.skip(
        "log_auc/*/fpr_range=[0,0.1]",
        "functional/classification/logauc.py takes a range from 0, whose logarithm is -inf: the value is NaN.",
    )


def measure(book, task, args, name):
    """utilities/data.py:interp sorts points that are in order by an unstable sort, see log_auc_cases."""
    argsort = torch.argsort
    torch.argsort = functools.partial(argsort, stable=True)
    book.measure("LogAUC", task, args, name)
    torch.argsort = argsort


# --- certified bounds ----------------------------------------------------------------------


def arranged(y, p, grid, best):
    """Scores in the same bins, in the best or the worst order: the places of bins, and within them of
    elements."""
    bins = np.searchsorted(grid, p, "right").astype(float)
    # The first bin is below all thresholds, the last holds but one score if its threshold is 1.
    one_score = (bins == len(grid)) & (grid[-1] == 1.0)
    within = np.zeros(len(y))
    if best:
        within[y == 1] = 0.5
    else:
        # Positives one by one below all negatives of their bin.
        within[y == 1] = -0.5 * (1 + np.arange((y == 1).sum())) / (y == 1).sum()
    return bins, bins + np.where(one_score, 0, within)


def ap_bounds(y, p, w, grid):
    """Of weights: the least value is an integral, as if positives were of no size."""
    bins, _ = arranged(y, p, grid, True)
    total, lower, upper, tp, fp = w[y == 1].sum(), 0.0, 0.0, 0.0, 0.0
    for b in np.unique(bins)[::-1]:
        m, n = w[(bins == b) & (y == 1)].sum(), w[(bins == b) & (y == 0)].sum()
        if m and b == len(grid) and grid[-1] == 1.0:
            lower += m * (tp + m) / (tp + m + fp + n)
            upper += m * (tp + m) / (tp + m + fp + n)
        elif m:
            below = tp + fp + n
            lower += quad(lambda x: (tp + x) / (below + x) if below + x else 1.0, 0, m, epsabs=1e-13)[0]
            upper += m * (tp + m) / (tp + m + fp)
        tp, fp = tp + m, fp + n
    return lower / total, upper / total


def certified_auroc(y, p, w, grid):
    if len(np.unique(y[w > 0])) < 2:
        return [np.nan] * 3
    scores = [arranged(y, p, grid, best)[1] for best in (False, True)]
    lower, upper = (sk.roc_auc_score(y, q, sample_weight=w) for q in scores)
    value = sk.roc_auc_score(y, arranged(y, p, grid, True)[0], sample_weight=w)
    return [value, lower, upper]


def certified_ap(y, p, w, grid):
    if not (w[y == 1] > 0).any():
        return [np.nan] * 3
    value = sk.average_precision_score(y, arranged(y, p, grid, True)[0], sample_weight=w)
    if (w == 1).all():
        scores = [arranged(y, p, grid, best)[1] for best in (False, True)]
        return [value, *(sk.average_precision_score(y, q) for q in scores)]
    return [value, *ap_bounds(y, p, w, grid)]


def certified_cases(book):
    binary = (
        "b_probs", "b_logits", "b_ties", "b_constant", "b_perfect", "b_rare", "b_one_positive", "b_all_one", "b_all_zero",
        "b_one", "b_ignored", "b_small", "b_saturated", "wb_probs", "wb_mixed", "wb_fractions",
    )  # fmt: skip
    for name in binary:
        ignore = {"ignore_index": -1} if name == "b_ignored" else {}
        p, y, w = joined(book, name, ignore.get("ignore_index"))
        for thresholds in (5, 50, LIST, {"octaves": 1}, {"octaves": 4}):
            args = {**ignore, "thresholds": thresholds, "certified": 1}
            grid = grid_of(thresholds)
            for metric, bounds in {"AUROC": certified_auroc, "AveragePrecision": certified_ap}.items():
                value = bounds(y, p, w, grid)
                if np.isnan(value[0]):
                    book.error(metric, "binary", args, name, "undefined")
                else:
                    book.expect(metric, "binary", args, name, value, "sklearn")
    for task, name in [("multiclass", "m_probs"), ("multiclass", "m_absent"), ("multilabel", "l_probs"), ("multilabel", "wl_mixed")]:
        p, y, w = joined(book, name)
        for average in AVERAGES[task][:-1]:
            args = {**SIZE[task], "average": average, "thresholds": 9, "certified": 1}
            grid = grid_of(9)
            book.expect("AUROC", task, args, name, mean_bounds(certified_auroc, task, y, p, w, average, grid), "sklearn")
            value = mean_bounds(certified_ap, task, y, p, w, average, grid)
            book.expect("AveragePrecision", task, args, name, value, "sklearn")
    for thresholds in (5, {"octaves": 2}):
        args = {"ignore_index": -1, "thresholds": thresholds, "certified": 1}
        book.error("AUROC", "binary", args, "b_all_ignored", "empty")


def mean_bounds(bounds, task, y, p, w, average, grid):
    if average == "micro":
        return bounds(y.ravel(), p.ravel(), np.repeat(w, y.shape[1]), grid)
    each = [(bounds(y, p, w, grid), w[y == 1].sum()) for y, p in columns(task, y, p)]
    each = [(bound, positives) for bound, positives in each if not np.isnan(bound[0])]
    weights = [positives if average == "weighted" else 1.0 for _, positives in each]
    return np.average([bound for bound, _ in each], axis=0, weights=weights).tolist()


# --- DeLong --------------------------------------------------------------------------------


def delong(y, p, level):
    """By the definition: every positive against every negative."""
    x, z = p[y == 1], p[y == 0]
    wins = (x[:, None] > z) + 0.5 * (x[:, None] == z)
    area = wins.mean()
    if len(x) == 1 or len(z) == 1:
        return [area, np.nan, np.nan]
    variance = wins.mean(axis=1).var(ddof=1) / len(x) + wins.mean(axis=0).var(ddof=1) / len(z)
    width = norm.ppf((1 + level) / 2) * np.sqrt(variance)
    return [area, max(area - width, 0.0), min(area + width, 1.0)]


def interval_cases(book):
    for name in (
        "b_probs", "b_logits", "b_ties", "b_constant", "b_perfect", "b_inverted", "b_rare", "b_one_positive", "b_all_one",
        "b_all_zero", "b_one", "b_ignored", "b_small", "b_saturated",
    ):  # fmt: skip
        ignore = {"ignore_index": -1} if name == "b_ignored" else {}
        p, y, _ = joined(book, name, ignore.get("ignore_index"))
        for level in (0.5, 0.95, 0.999):
            if len(np.unique(y)) < 2:
                book.error("AUROC", "binary", {**ignore, "interval": level}, name, "undefined")
                continue
            book.expect("AUROC", "binary", {**ignore, "interval": level}, name, delong(y, p, level), "numpy")
    book.error("AUROC", "binary", {"ignore_index": -1, "interval": 0.95}, "b_all_ignored", "empty")


# --- ranks of logits -----------------------------------------------------------------------


def log_odds(logits):
    """The score of each class less the logarithm of the sum of exponentials of the others, which are added in their order."""
    odds = np.empty(logits.shape)
    for c in range(logits.shape[1]):
        others = np.sort(np.delete(logits, c, axis=1), axis=1)
        top = others[:, -1]
        odds[:, c] = (logits[:, c] - top) - np.log(np.exp(others - top[:, None]).sum(axis=1))
    return odds


def logit_cases(book):
    """Areas of logits as scikit-learn ranks the logits themselves, or the log-odds of classes, in f64."""
    random = s.rng("ranks of logits")
    quarters = lambda values: (np.round(4 * values) / 4).astype(s.F32)
    target = random.integers(0, 2, 60).astype(s.I64)
    rows = quarters(random.normal(0, 3, (70, C)))
    rows[1::2, 1:] = random.permuted(rows[::2, 1:], axis=1)
    rows[1::2, 0] = rows[::2, 0]
    inputs = {
        "rb_reported": [
            {"scores": np.array([20, 25, 30, 35, 22], s.F32), "target": np.array([0, 0, 1, 1, 1], s.I64)}
        ],
        "rb_large": s.split({"scores": quarters(random.normal(8 * target, 30)), "target": target}, 25, 35),
        "rm_permuted": s.split({"scores": rows, "target": random.integers(0, C, 70).astype(s.I64)}, 30, 40),
        "rl_large": s.split(
            {"scores": quarters(random.normal(0, 40, (50, L))), "target": random.integers(0, 2, (50, L)).astype(s.I64)},
            20, 30,
        ),
    }
    book.add_inputs(inputs)
    for name, batches in inputs.items():
        if not all(s.is_logits(batch["scores"]) for batch in batches):
            raise ValueError("a batch lies inside [0, 1] and would be taken for probabilities")
        task = {"b": "binary", "m": "multiclass", "l": "multilabel"}[name[1]]
        logits = np.concatenate([batch["scores"] for batch in batches]).astype(np.float64)
        y = np.concatenate([batch["target"] for batch in batches])
        odds = log_odds(logits) if task == "multiclass" else logits
        for metric in ("AUROC", "AveragePrecision"):
            for average in AVERAGES[task]:
                of = {**SIZE[task], **({"average": average} if average else {})}
                value = scikit(metric, task, y, odds, None, average)
                book.expect(metric, task, of, name, np.asarray(value).tolist(), "sklearn")
