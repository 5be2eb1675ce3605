"""Curves and what is made of them, in f64 from the definitions, where TorchMetrics has another answer.

A binned curve begins at (0, 0) and ends at (1, 1). A class without the targets that its value needs has NaN, and is
left out of averages; a number that is left without a class is an error.
"""

import math

import numpy as np
import torch
from sklearn import metrics as sk

from . import reference
from . import samples as s

NEEDS_NEGATIVES = ("AUROC", "EER", "LogAUC", "SensitivityAtSpecificity", "SpecificityAtSensitivity")
OPTIONS = ("min_precision", "min_recall", "min_specificity", "min_sensitivity")


# --- decisions -----------------------------------------------------------------------------


def probabilities(scores, task):
    """In f32, as TorchMetrics makes them, and then as f64."""
    scores = torch.tensor(scores)
    if ((scores < 0) | (scores > 1)).any():
        scores = scores.softmax(1) if task == "multiclass" else scores.sigmoid()
    return scores.double().numpy()


def columns(task, batches, ignore_index=None):
    """Targets of 0 and 1 with scores, for each class or label, and at last for all of them together."""
    p = [probabilities(batch["scores"], task) for batch in batches]
    y = [batch["target"] for batch in batches]
    if task == "multiclass":
        p = np.concatenate([np.moveaxis(p, 1, -1).reshape(-1, p.shape[1]) for p in p])
        y = np.concatenate([y.ravel() for y in y])
        p, y = (p, y) if ignore_index is None else (p[y != ignore_index], y[y != ignore_index])
        each = [((y == c).astype(int), p[:, c]) for c in range(p.shape[1])]
    else:
        p, y = np.concatenate(p), np.concatenate(y)
        p, y = p.reshape(len(p), -1), y.reshape(len(y), -1)
        p, y = (p.reshape(-1, 1), y.reshape(-1, 1)) if task == "binary" else (p, y)
        each = [(y[:, i], p[:, i]) for i in range(p.shape[1])]
        each = [(y[y != ignore_index], p[y != ignore_index]) for y, p in each]
    pooled = tuple(np.concatenate(part) for part in zip(*each))
    return each, pooled


# --- curves --------------------------------------------------------------------------------


def falling(p, thresholds):
    """All scores, or the thresholds in f32 with one that everything reaches."""
    if thresholds is None:
        return np.unique(p)[::-1]
    if isinstance(thresholds, int):
        grid = torch.linspace(0, 1, thresholds).double().numpy()
    else:
        grid = np.sort(np.asarray(thresholds, dtype=s.F32).astype(np.float64))
    return (grid if grid[0] == 0 else np.array([0, *grid]))[::-1]


def counts(y, p, thresholds):
    at = falling(p, thresholds)
    tp = np.array([((p >= t) & (y == 1)).sum() for t in at], dtype=np.float64)
    fp = np.array([((p >= t) & (y == 0)).sum() for t in at], dtype=np.float64)
    return tp, fp, float((y == 1).sum()), float((y == 0).sum()), at


def roc(y, p, thresholds):
    tp, fp, positives, negatives, at = counts(y, p, thresholds)
    with np.errstate(invalid="ignore"):
        return np.array([0, *fp]) / negatives, np.array([0, *tp]) / positives, np.array([1, *at])


def precision_recall(y, p, thresholds):
    tp, fp, positives, _, at = counts(y, p, thresholds)
    with np.errstate(invalid="ignore"):
        return np.array([*(tp / (tp + fp))[::-1], 1]), np.array([*(tp / positives)[::-1], 0]), at[::-1]


def mean_roc(curves, weights):
    """The mean true positive rate at every false positive rate; its least and its highest one where a curve rises."""
    grid = np.unique(np.concatenate([fpr for fpr, _, _ in curves]))
    low, high = np.zeros(len(grid)), np.zeros(len(grid))
    for (fpr, tpr, _), weight in zip(curves, weights):
        for i, x in enumerate(grid):
            there = tpr[fpr == x]
            between = [np.interp(x, fpr, tpr)] if len(there) == 0 else there
            low[i] += weight * min(between)
            high[i] += weight * max(between)
    low, high = low / sum(weights), high / sum(weights)
    points = [(x, y) for x, a, b in zip(grid, low, high) for y in ([a] if a == b else [a, b])]
    return [x for x, _ in points], [y for _, y in points], []


def mean_precision_recall(curves, weights):
    """The mean precision at every recall: of a curve at its highest threshold with that recall or more."""
    grid = np.unique(np.concatenate([recall for _, recall, _ in curves]))[:0:-1]
    mean = np.zeros(len(grid))
    for (precision, recall, _), weight in zip(curves, weights):
        mean += [weight * precision[np.flatnonzero(recall >= r)[-1]] for r in grid]
    return [*(mean / sum(weights)), 1.0], [*grid, 0.0], []


# --- numbers -------------------------------------------------------------------------------


def area(y, p, thresholds, limit=None):
    fpr, tpr, _ = roc(y, p, thresholds)
    if limit is None or limit == 1:
        return np.trapezoid(tpr, fpr)
    stop = np.searchsorted(fpr, limit, "right")
    x, z = np.array([*fpr[:stop], limit]), np.array([*tpr[:stop], np.interp(limit, fpr, tpr)])
    chance = limit * limit / 2
    return 0.5 * (1 + (np.trapezoid(z, x) - chance) / (limit - chance))


def average_precision(y, p, thresholds):
    precision, recall, _ = precision_recall(y, p, thresholds)
    return -np.sum(np.diff(recall) * np.nan_to_num(precision[:-1]))


def equal_error(fpr, tpr):
    fpr, tpr = np.asarray(fpr), np.asarray(tpr)
    best = np.argmin(np.abs(fpr - (1 - tpr)))
    return (fpr[best] + (1 - tpr[best])) / 2


def macro_equal_error(curves):
    """As TorchMetrics does it: of the mean curve, on the line through the last point not right of x and the next."""
    grid = np.sort(np.concatenate([fpr for fpr, _, _ in curves]))
    total = np.zeros(len(grid))
    for fpr, tpr, _ in curves:
        right = np.clip(np.searchsorted(fpr, grid, "right"), 1, len(fpr) - 1)
        (x0, x1), (y0, y1) = (fpr[right - 1], fpr[right]), (tpr[right - 1], tpr[right])
        slope = np.divide(y1 - y0, x1 - x0, out=np.zeros(len(grid)), where=x1 != x0)
        total += y0 + slope * (grid - x0)
    return equal_error(grid, total / len(curves))


def log_auc(fpr, tpr, low, high):
    """The trapezoids over ln(fpr) of the curve cut to the range; at equal rates the highest or lowest
    true positive rate counts for what lies right or left of them."""
    inside = (fpr > low) & (fpr < high)
    first, last = np.searchsorted(fpr, low, "right") - 1, np.searchsorted(fpr, high, "left")

    def at(x, i):
        (x0, x1), (y0, y1) = fpr[i : i + 2], tpr[i : i + 2]
        return y0 + (y1 - y0) * (x - x0) / (x1 - x0)

    x = np.array([low, *fpr[inside], high])
    y = np.array([at(low, first), *tpr[inside], at(high, last - 1)])
    return np.trapezoid(y, np.log(x)) / np.log(high / low)


def point(metric, y, p, thresholds, least):
    """The best value, then the best of what decides between equal ones, then the highest threshold."""
    if metric in ("RecallAtFixedPrecision", "PrecisionAtFixedRecall"):
        precision, recall, at = precision_recall(y, p, thresholds)
        points = zip(precision, recall, at)  # the last point has no threshold
        if metric == "RecallAtFixedPrecision":
            points = ((r, q, t) for q, r, t in points)
        points = [(a, b, t) for a, b, t in points if b >= least and a > 0]
    else:
        tp, fp, positives, negatives, at = counts(y, p, thresholds)
        points = zip([0, *tp], [0, *fp], [1, *at])
        points = [(tp / positives, (negatives - fp) / negatives, t) for tp, fp, t in points]
        if metric == "SensitivityAtSpecificity":
            points = [(a, b, t) for a, b, t in points if b >= least]
        else:
            points = [(b, 0, t) for a, b, t in points if a >= least]
    value, _, threshold = max(points, default=(0.0, 0.0, math.nan))
    return value, threshold


# --- cases ---------------------------------------------------------------------------------


def is_defined(metric, y):
    return (y == 1).any() and (metric not in NEEDS_NEGATIVES or (y == 0).any())


def expected(metric, task, args, batches):
    """The value, or None for a number that no class defines."""
    thresholds, average = args.get("thresholds"), args.get("average")
    each, pooled = columns(task, batches, args.get("ignore_index"))
    if metric in ("ROC", "PrecisionRecallCurve"):
        make, mean, names = {
            "ROC": (roc, mean_roc, ("fpr", "tpr")),
            "PrecisionRecallCurve": (precision_recall, mean_precision_recall, ("precision", "recall")),
        }[metric]
        if average == "micro":
            curves = [make(*pooled, thresholds)]
        elif average in ("macro", "weighted"):
            kept = [(y, p) for y, p in each if (y == 1).any() and (metric != "ROC" or (y == 0).any())]
            weights = [float((y == 1).sum()) if average == "weighted" else 1.0 for y, _ in kept]
            curves = [mean([make(y, p, thresholds) for y, p in kept], weights)]
        else:
            curves = [make(y, p, thresholds) for y, p in each]
        return {"curves": [dict(zip((*names, "thresholds"), map(list, curve))) for curve in curves]}
    if (option := next((o for o in OPTIONS if o in args), None)) is not None:
        points = [
            point(metric, y, p, thresholds, args[option]) if is_defined(metric, y) else (math.nan, math.nan)
            for y, p in each
        ]
        if task == "binary":
            return None if math.isnan(points[0][0]) else list(points[0])
        return [list(part) for part in zip(*points)]
    if metric == "EER" and average == "macro":
        curves = [roc(y, p, thresholds) for y, p in each if is_defined(metric, y)]
        return macro_equal_error(curves) if curves else None

    def number(y, p):
        if not is_defined(metric, y):
            return math.nan
        if metric == "EER":
            return equal_error(*roc(y, p, thresholds)[:2])
        if metric == "LogAUC":
            return log_auc(*roc(y, p, thresholds)[:2], *args.get("fpr_range", (0.001, 0.1)))
        if metric == "AUROC":
            return area(y, p, thresholds, args.get("max_fpr"))
        return average_precision(y, p, thresholds)

    if task == "binary" or average == "micro":
        value = number(*pooled)
        return None if math.isnan(value) else value
    values = [number(y, p) for y, p in each]
    if average == "none" or (average is None and metric in ("EER", "LogAUC")):
        return values
    pairs = [(value, (y == 1).sum() if average == "weighted" else 1) for value, (y, _) in zip(values, each)]
    pairs = [(value, weight) for value, weight in pairs if not math.isnan(value)]
    total = sum(weight for _, weight in pairs)
    return float(sum(value * weight for value, weight in pairs) / total) if pairs else None


def scikit(metric, task, args, batches):
    """An exact area of binary scores by scikit-learn, to hold the definitions above."""
    [(y, p)], _ = columns(task, batches, args.get("ignore_index"))
    if metric == "AUROC":
        return sk.roc_auc_score(y, p, max_fpr=args.get("max_fpr"))
    return sk.average_precision_score(y, p)


def differs_on_purpose(metric, task, args, batches):
    """Whether TorchMetrics may answer otherwise: a binned curve, a class without the targets it needs, an average."""
    thresholds = args.get("thresholds")
    each, pooled = columns(task, batches, args.get("ignore_index"))
    undefined = not all((y == 1).any() and (y == 0).any() for y, _ in [*each, pooled])
    is_curve = metric in ("ROC", "PrecisionRecallCurve")
    return thresholds is not None or undefined or (is_curve and "average" in args)


def right(metric, task, args, batches, theirs):
    """The value by its definition, which TorchMetrics agrees with (a softmax to its last digit) unless they differ on
    purpose, and who says so. `theirs` is None where TorchMetrics has no value, and the value where it is an error."""
    value = expected(metric, task, args, batches)
    if value is not None and theirs is not None and agree(theirs, value):
        return theirs, "torchmetrics"
    if not differs_on_purpose(metric, task, args, batches):
        raise AssertionError(f"{metric}/{task} {args}: TorchMetrics has another value")
    return value, "numpy"


def measure(book, metric, task, args, name):
    batches = book.inputs[name]
    two_classes = is_defined("AUROC", columns(task, batches, args.get("ignore_index"))[1][0])
    if metric in ("AUROC", "AveragePrecision") and task == "binary" and args.get("thresholds") is None and two_classes:
        exact = expected(metric, task, args, batches)
        np.testing.assert_allclose(exact, scikit(metric, task, args, batches), rtol=1e-12)
    try:
        theirs = reference.run(metric, task, args, batches)
    except (*reference.REFUSALS, AssertionError):
        theirs = None
    value, source = right(metric, task, args, batches, theirs)
    if value is None:
        return book.error(metric, task, args, name, "undefined")
    book.expect(metric, task, args, name, value, source)


def agree(theirs, ours):
    if isinstance(ours, dict):
        return agree(theirs["curves"], ours["curves"]) if "curves" in ours else all(agree(theirs[k], ours[k]) for k in ours)
    if isinstance(ours, (list, tuple)):
        return isinstance(theirs, list) and len(theirs) == len(ours) and all(map(agree, theirs, ours))
    if isinstance(theirs, list) or math.isnan(theirs) or math.isnan(ours):
        return not isinstance(theirs, list) and math.isnan(theirs) and math.isnan(ours)
    return math.isclose(theirs, ours, rel_tol=1e-6, abs_tol=1e-9)
