"""Regression metrics that are sums of a term per element or per row, and weights for all of regression."""

import numpy as np
import torch
import torchmetrics
from scipy.spatial import distance
from scipy.special import rel_entr
from sklearn import metrics as sk
from torchmetrics.functional.regression import critical_success_index

from . import reference
from . import samples as s
from .book import Book

D = 3
PAIRS = ("pred", "target")
POWERS = (-1.0, 0.0, 1.0, 1.5, 2.0, 3.0)
ORDERS = (1.0, 2.0, 3.0, 2.5)
QUANTILES = (0.0, 0.3, 0.5, 0.9, 1.0)
ELEMENTWISE = (
    ("MeanAbsolutePercentageError", {}),
    ("SymmetricMeanAbsolutePercentageError", {}),
    ("WeightedMeanAbsolutePercentageError", {}),
    ("LogCoshError", {"num_outputs": 1}),
    *(("MinkowskiDistance", {"p": p}) for p in ORDERS),
    ("CriticalSuccessIndex", {"threshold": 0.5}),
)
POSITIVE = (("MeanSquaredLogError", {}), *(("TweedieDevianceScore", {"power": p}) for p in POWERS))
ROWWISE = ("CosineSimilarity", "KLDivergence", "JensenShannonDivergence")
REDUCTIONS = ("mean", "sum", "none")


def build():
    book = Book()
    add_elements(book)
    add_rows(book)
    element_cases(book)
    row_cases(book)
    pinball_cases(book)
    weighted_cases(book)
    weighted_row_cases(book)
    hostile_cases(book)
    known_differences(book)
    return book


def pair(pred, target, **more):
    arrays = {"pred": pred, "target": target, **more}
    return {key: np.asarray(array).astype(s.F32) for key, array in arrays.items()}


def noisy(name, shape, noise=0.6, scale=1.0):
    random = s.rng(name)
    target = random.normal(size=shape)
    return pair(scale * (target + noise * random.normal(size=shape)), scale * target)


def positive(name, shape, noise=0.5, scale=1.0):
    """Log-normal: all above 0."""
    random = s.rng(name)
    target = random.normal(size=shape)
    return pair(scale * np.exp(target + noise * random.normal(size=shape)), scale * np.exp(target))


def counts(name, n):
    """Counts, some of them 0, and the means they were drawn from."""
    random = s.rng(name)
    mean = np.exp(random.normal(size=n))
    return pair(mean, random.poisson(mean))


def add_elements(book):
    zeros = noisy("el_zero_targets", (12,))
    zeros["target"][[1, 4, 7]] = 0
    ties = pair(s.rng("el_ties").integers(0, 5, size=20) / 4, s.rng("el_ties2").integers(0, 5, size=20) / 4)
    perfect = positive("el_perfect", (9,))
    perfect["pred"] = perfect["target"].copy()
    none = noisy("el_no_targets", (8,))
    none["target"][:] = 0
    book.add_inputs(
        {
            "el_1d": s.split(noisy("el_1d", (40,)), 17, 1, 22),
            "el_2d": s.split(noisy("el_2d", (30, D)), 13, 17),
            "el_one": [noisy("el_one", (1,))],
            "el_large": s.split(noisy("el_large", (24,), scale=60.0), 10, 14),  # cosh overflows f32
            "el_ties": s.split(ties, 8, 12),
            "el_zero_targets": s.split(zeros, 5, 7),
            "el_no_targets": s.split(none, 3, 5),
            "el_no_events": [pair(np.full(5, 0.25), np.full(5, 0.125))],
            "el_tiny": s.split(noisy("el_tiny", (20,), scale=1e-8), 9, 11),
            "pos_1d": s.split(positive("pos_1d", (40,)), 15, 25),
            "pos_2d": s.split(positive("pos_2d", (20, D)), 8, 12),
            "pos_one": [positive("pos_one", (1,))],
            "pos_perfect": s.split(perfect, 4, 5),
            # Where deviances of textbook formulas are nothing but rounding errors in f32.
            "pos_close": s.split(positive("pos_close", (30,), noise=1e-3, scale=300.0), 14, 16),
            "pos_far": s.split(positive("pos_far", (25,), noise=4.0), 11, 14),
            "pos_counts": s.split(counts("pos_counts", 36), 20, 16),
            "any_target": s.split(
                pair(positive("any_target", (18,))["pred"], noisy("any_target", (18,))["target"]), 7, 11
            ),
        }
    )


def distributions(name, n, d, logs=False, noise=0.5):
    random = s.rng(name)
    first = random.normal(size=(n, d))
    second = first + noise * random.normal(size=(n, d))
    p, q = s.softmax(first), s.softmax(second)
    return pair(np.log(p), np.log(q)) if logs else pair(p * random.uniform(0.5, 5, (n, 1)), q)


def add_rows(book):
    zeros = distributions("dist_zeros", 12, 4)
    zeros["pred"][2, 1] = zeros["pred"][5, 0] = zeros["pred"][7, 3] = 0
    both = {key: array.copy() for key, array in zeros.items()}
    both["target"][2, 1] = both["target"][7, 3] = 0  # where p is 0 too
    disjoint = pair([[1, 0, 0], [0, 2, 2]], [[0, 1, 1], [3, 0, 0]])
    same = distributions("dist_same", 6, 5)
    same["target"] = same["pred"].copy()
    huge = noisy("vec_huge", (8, 4))
    huge["pred"] *= s.F32(1e25)
    huge["target"] *= s.F32(1e-25)
    opposite = noisy("vec_opposite", (7, 3))
    opposite["target"] = -2 * opposite["pred"]
    zero = noisy("vec_zero", (9, 4))
    zero["pred"][3] = 0
    zero["target"][[3, 6]] = 0
    book.add_inputs(
        {
            "vec": s.split(noisy("vec", (25, 5)), 9, 1, 15),
            "vec_long": s.split(noisy("vec_long", (6, 200)), 4, 2),
            "vec_column": s.split(noisy("vec_column", (10, 1)), 6, 4),
            "vec_one": [noisy("vec_one", (1, 3))],
            "vec_huge": s.split(huge, 3, 5),  # squares overflow and vanish in f32
            "vec_opposite": s.split(opposite, 3, 4),
            "vec_zero": s.split(zero, 4, 5),
            "dist": s.split(distributions("dist", 20, 4), 8, 12),
            "dist_wide": s.split(distributions("dist_wide", 8, 100, noise=1.5), 5, 3),
            "dist_one": [distributions("dist_one", 1, 3)],
            "dist_close": s.split(distributions("dist_close", 15, 6, noise=1e-3), 7, 8),
            "dist_same": s.split(same, 2, 4),
            "dist_zeros": s.split(zeros, 5, 7),
            "dist_both_zero": s.split(both, 5, 7),
            "dist_disjoint": [disjoint],
            "log_dist": s.split(distributions("log_dist", 18, 4, logs=True), 7, 11),
            "log_wide": s.split(distributions("log_wide", 6, 50, logs=True), 2, 4),
        }
    )


def joined(batches, key):
    return np.concatenate([batch[key] for batch in batches]).astype(np.float64)


def pairs(batches):
    return joined(batches, "pred"), joined(batches, "target")


def run(metric, args, batches):
    """TorchMetrics in f64; some of its metrics cast to f32 or make f32 constants in between."""
    with reference.float64_arithmetic():
        return reference.run_float64(getattr(torchmetrics.regression, metric)(**args), batches)


def measure(book, metric, args, name):
    book.expect(metric, None, args, name, run(metric, args, book.inputs[name]), "torchmetrics")


def element_cases(book):
    names = [name for name in book.inputs if name.startswith(("el_", "pos_", "any_"))]
    for name in names:
        for metric, args in ELEMENTWISE:
            element_case(book, metric, args, name)
        if name.startswith("pos_"):
            for metric, args in POSITIVE:
                # A power from 2 on has no zeros among its targets.
                if name != "pos_counts" or args.get("power", 0) < 2:
                    measure(book, metric, args, name)
        if book.inputs[name][0]["pred"].ndim == 2:
            measure(book, "LogCoshError", {"num_outputs": D}, name)
            args = {"threshold": 0.5, "keep_sequence_dim": 1}
            batches = [torch.tensor(array) for array in pairs(book.inputs[name])]
            value = critical_success_index(*batches, **args).tolist()
            book.expect("CriticalSuccessIndex", None, args, name, value, "torchmetrics")
    for threshold in (0.25, 1.0, -0.5):
        measure(book, "CriticalSuccessIndex", {"threshold": threshold}, "el_ties")
    measure(book, "TweedieDevianceScore", {"power": -1.0}, "any_target")
    measure(book, "TweedieDevianceScore", {"power": 1.1}, "pos_1d")
    measure(book, "TweedieDevianceScore", {"power": 1.9}, "pos_counts")


def element_case(book, metric, args, name):
    """TorchMetrics' value, or numpy's where that bounds a divisor from below."""
    pred, target = pairs(book.inputs[name])
    size, scale = np.abs(pred - target), np.abs(target)
    if metric == "LogCoshError" and (pred.ndim == 2 or name == "pos_far"):  # TorchMetrics' cosh overflows
        book.expect(metric, None, args, name, log_cosh(pred, target).mean(), "numpy")
    elif name == "el_tiny" and metric.startswith("Symmetric"):
        book.expect(metric, None, args, name, (2 * size / (scale + np.abs(pred))).mean(), "numpy")
    elif name in ("el_tiny", "el_no_targets") and metric.startswith("Weighted"):
        value = size.sum() / scale.sum() if scale.any() else np.inf
        book.expect(metric, None, args, name, value, "numpy")
    else:
        measure(book, metric, args, name)


def pinball_cases(book):
    """By scikit-learn, which has no infinite numbers."""
    for name in ("el_1d", "el_2d", "el_one", "el_large", "el_ties", "el_tiny", "pos_perfect", "pos_close", "pos_far"):
        pred, target = pairs(book.inputs[name])
        for alpha in QUANTILES:
            value = sk.mean_pinball_loss(target.ravel(), pred.ravel(), alpha=alpha)
            book.expect("PinballLoss", None, {"alpha": alpha}, name, value, "sklearn")
            if pred.ndim == 2:
                value = sk.mean_pinball_loss(target, pred, alpha=alpha, multioutput="raw_values").tolist()
                book.expect("PinballLoss", None, {"alpha": alpha, "num_outputs": D}, name, value, "sklearn")


def log_cosh(pred, target):
    return np.logaddexp(pred - target, target - pred) - np.log(2)


def row_cases(book):
    for name in book.inputs:
        for metric in ROWWISE:
            if name.startswith("vec") != (metric == "CosineSimilarity"):
                continue
            if not name.startswith(("vec", "dist", "log")):
                continue
            for reduction in REDUCTIONS:
                args = {"reduction": reduction}
                if metric != "CosineSimilarity":
                    args = {"log_prob": name.startswith("log"), **args}
                if name == "vec_zero":
                    value = reduced(cosines(*pairs(book.inputs[name])), reduction)
                    book.expect(metric, None, args, name, value, "sklearn")
                else:
                    measure_rows(book, metric, args, name)


def measure_rows(book, metric, args, name):
    """A list also where TorchMetrics gives the number of a single row."""
    value = run(metric, args, book.inputs[name])
    if args["reduction"] == "none":
        value = reference.listed(value)
    book.expect(metric, None, args, name, value, "torchmetrics")


def cosines(pred, target):
    """The diagonal of scikit-learn's matrix."""
    return np.diag(sk.pairwise.cosine_similarity(pred, target))


def reduced(values, reduction, weights=None):
    if reduction == "none":
        return values.tolist()
    if reduction == "sum":
        return np.sum(values if weights is None else values * weights)
    return np.average(values, weights=weights)


# --- weights -------------------------------------------------------------------------------


def weigh(name, batch, zeros=()):
    weights = s.rng(name + "_weights").integers(1, 40, size=len(batch["target"])) / 16
    weights[list(zeros)] = 0
    return {**batch, "weights": weights.astype(s.F32)}


def add_weighted(book):
    positive_2d = weigh("w_2d", positive("w_2d", (24, D)), zeros=(3, 10))
    offset = weigh("w_offset", noisy("w_offset", (40,)), zeros=(0,))
    for key in PAIRS:
        offset[key] += s.F32(1000)
    mixed = s.split(weigh("w_mixed", positive("w_mixed", (30, D))), 9, 12, 9)
    del mixed[0]["weights"]
    del mixed[2]["weights"]
    constant = weigh("w_constant", positive("w_constant", (10,)), zeros=(0, 4))
    constant["target"][:] = 2.5
    constant["target"][[0, 4]] = 7.0  # of no weight
    infinite = weigh("w_infinite", positive("w_infinite", (10,)), zeros=(2, 7))
    infinite["pred"][[2, 7]] = np.inf
    silent = weigh("w_silent_batch", positive("w_silent_batch", (12,), noise=0.3))
    silent["weights"][:5] = 0
    book.add_inputs(
        {
            "w_1d": s.split(weigh("w_1d", positive("w_1d", (36,))), 14, 22),
            "w_2d": s.split(positive_2d, 10, 14),
            "w_one": [weigh("w_one", positive("w_one", (1,)))],
            "w_two": [weigh("w_two", positive("w_two", (2,)))],
            "w_offset": s.split(offset, 16, 24),
            "w_mixed": mixed,
            "w_constant": s.split(constant, 6, 4),
            "w_infinite": s.split(infinite, 5, 5),  # what weighs nothing is infinite
            "w_silent_batch": s.split(silent, 5, 7),  # a batch of no weight
        }
    )


def weights_of(batches):
    return np.concatenate([b.get("weights", np.ones(len(b["target"]))) for b in batches]).astype(np.float64)


def weighted_cases(book):
    add_weighted(book)
    for name in [name for name in book.inputs if name.startswith("w_")]:
        pred, target = pairs(book.inputs[name])
        weights = weights_of(book.inputs[name])
        kept = weights > 0  # scikit-learn refuses infinite numbers of any weight
        weighted(book, name, pred[kept], target[kept], weights[kept], len(weights))


def weighted(book, name, pred, target, weights, rows):
    def expect(metric, args, value, source="sklearn"):
        if name == "w_infinite" and (metric.startswith("Symmetric") or args.get("power") in (-1.0, 1.5, 2.0, 3.0)):
            book.error(metric, None, args, name, "nan", 2)  # inf / inf, of whatever weight
            return
        book.expect(metric, None, args, name, np.asarray(value).tolist(), source)

    own = {"sample_weight": weights}
    if pred.ndim == 2:
        each = {"multioutput": "raw_values", **own}
        outputs = {"num_outputs": D}
        expect("MeanSquaredError", {"squared": True, **outputs}, sk.mean_squared_error(target, pred, **each))
        expect("MeanAbsoluteError", outputs, sk.mean_absolute_error(target, pred, **each))
        expect("LogCoshError", outputs, np.average(log_cosh(pred, target), axis=0, weights=weights), "numpy")
        for alpha in QUANTILES:
            value = sk.mean_pinball_loss(target, pred, alpha=alpha, **each)
            expect("PinballLoss", {"alpha": alpha, **outputs}, value)
        value = [sk.jaccard_score(t >= 0.5, p >= 0.5, **own) for p, t in zip(pred.T, target.T)]
        expect("CriticalSuccessIndex", {"threshold": 0.5, "keep_sequence_dim": 1}, value)
    for multioutput in ("raw_values", "uniform_average", "variance_weighted"):
        if rows < 2 or np.ptp(target, axis=0).max() == 0:
            continue
        score = np.asarray(sk.r2_score(target, pred, multioutput=multioutput, **own))
        score = score.reshape(()) if pred.ndim == 1 else score
        expect("R2Score", {"multioutput": multioutput}, score)
        if rows > 4:
            adjusted = 1 - (1 - score) * (rows - 1) / (rows - 3)
            expect("R2Score", {"adjusted": 2, "multioutput": multioutput}, adjusted)

    # The mean over the outputs of a batch.
    variances = np.average((target - np.average(target, axis=0, weights=weights)) ** 2, axis=0, weights=weights)
    if np.min(variances) > 0:
        value = np.mean(np.average((pred - target) ** 2, axis=0, weights=weights) / variances)
        expect("RelativeSquaredError", {"squared": True, "num_outputs": 1}, value, "numpy")

    # All elements as one output; each weighs as much as its row.
    weights = np.repeat(weights, pred[0].size)
    pred, target, own = pred.ravel(), target.ravel(), {"sample_weight": weights}
    squares, sizes = (pred - target) ** 2, np.abs(pred - target)
    mse = sk.mean_squared_error(target, pred, **own)
    expect("MeanSquaredError", {"squared": True, "num_outputs": 1}, mse)
    expect("MeanSquaredError", {"squared": False, "num_outputs": 1}, np.sqrt(mse))
    expect("MeanAbsoluteError", {"num_outputs": 1}, sk.mean_absolute_error(target, pred, **own))
    expect("MeanAbsolutePercentageError", {}, sk.mean_absolute_percentage_error(target, pred, **own))
    expect("MeanSquaredLogError", {}, sk.mean_squared_log_error(target, pred, **own))
    for power in POWERS:
        value = sk.mean_tweedie_deviance(target, pred, power=power, **own)
        expect("TweedieDevianceScore", {"power": power}, value)
    for alpha in QUANTILES:
        expect("PinballLoss", {"alpha": alpha}, sk.mean_pinball_loss(target, pred, alpha=alpha, **own))
    for p in ORDERS:
        expect("MinkowskiDistance", {"p": p}, distance.minkowski(pred, target, p, weights), "scipy")
    expect("CriticalSuccessIndex", {"threshold": 0.5}, sk.jaccard_score(target >= 0.5, pred >= 0.5, **own))
    expect("LogCoshError", {"num_outputs": 1}, np.average(log_cosh(pred, target), weights=weights), "numpy")
    value = np.average(2 * sizes / (np.abs(pred) + np.abs(target)), weights=weights)
    expect("SymmetricMeanAbsolutePercentageError", {}, value, "numpy")
    value = np.sum(weights * sizes) / np.sum(weights * np.abs(target))
    expect("WeightedMeanAbsolutePercentageError", {}, value, "numpy")

    mean = np.average(target, weights=weights)
    variance = np.average((target - mean) ** 2, weights=weights)
    scales = {"mean": mean, "std": np.sqrt(variance), "l2": np.sqrt(np.sum(weights * target**2))}
    for normalization, scale in scales.items():
        if scale > 0:
            args = {"normalization": normalization, "num_outputs": 1}
            expect("NormalizedRootMeanSquaredError", args, np.sqrt(mse) / scale, "numpy")


def weighted_row_cases(book):
    vectors = s.split(weigh("wvec", noisy("wvec", (20, 4)), zeros=(5,)), 8, 12)
    rows = s.split(weigh("wdist", distributions("wdist", 20, 4), zeros=(5,)), 8, 12)
    logs = s.split(weigh("wlog", distributions("wlog", 14, 4, logs=True), zeros=(1,)), 8, 6)
    mixed = s.split(weigh("wmixed", distributions("wmixed", 20, 4)), 8, 12)
    del mixed[0]["weights"]
    book.add_inputs({"wvec": vectors, "wdist": rows, "wlog": logs, "wmixed": mixed})
    for name in ("wvec", "wdist", "wlog", "wmixed"):
        batches = book.inputs[name]
        p, q = pairs(batches)
        weights = weights_of(batches)
        for reduction in ("mean", "sum"):
            args = {"reduction": reduction}
            if name == "wvec":
                value = reduced(cosines(p, q), reduction, weights)
                book.expect("CosineSimilarity", None, args, name, value, "sklearn")
                continue
            args = {"log_prob": name == "wlog", **args}
            one, two = (np.exp(p), np.exp(q)) if name == "wlog" else (p, q)
            one, two = (x / x.sum(axis=1, keepdims=True) for x in (one, two))
            kl = rel_entr(one, two).sum(axis=1)
            js = distance.jensenshannon(one, two, axis=1) ** 2
            for metric, values in (("KLDivergence", kl), ("JensenShannonDivergence", js)):
                book.expect(metric, None, args, name, reduced(values, reduction, weights), "scipy")


# --- what is refused -----------------------------------------------------------------------

REGRESSION = (
    *ELEMENTWISE,
    *POSITIVE,
    ("PinballLoss", {"alpha": 0.9}),
    ("MeanSquaredError", {}),
    ("MeanAbsoluteError", {}),
    ("R2Score", {}),
    ("RelativeSquaredError", {}),
    ("NormalizedRootMeanSquaredError", {}),
)


def hostile_cases(book):
    for key in PAIRS:
        batch = positive(f"bad_nan_{key}", (9,))
        batch[key][6] = np.nan
        book.add_input(f"bad_nan_{key}", s.split(batch, 4, 5))
        for metric, args in (*ELEMENTWISE, *POSITIVE, ("PinballLoss", {"alpha": 0.9})):
            book.error(metric, None, args, f"bad_nan_{key}", "nan", 1)
        rows = distributions(f"bad_row_nan_{key}", 7, 4)
        rows[key][2, 1] = np.nan
        negative = distributions(f"bad_row_negative_{key}", 7, 4)
        negative[key][2, 1] = -0.25
        negative[key][5] = 0
        book.add_inputs({f"bad_row_nan_{key}": s.split(rows, 4, 3), f"bad_row_negative_{key}": s.split(negative, 4, 3)})
        for metric in ROWWISE:
            for reduction in REDUCTIONS:
                book.error(metric, None, {"reduction": reduction}, f"bad_row_nan_{key}", "nan", 1)
                if metric != "CosineSimilarity":
                    name = f"bad_row_negative_{key}"
                    book.error(metric, None, {"reduction": reduction}, name, "invalid_label", 2)
    domain_cases(book)
    infinite_cases(book)
    zero_log_cases(book)
    bad_weights(book)


def domain_cases(book):
    """Predictions of 0 and less, and targets of these."""
    for key in PAIRS:
        batch = positive(f"bad_sign_{key}", (12,))
        batch[key][[2, 7]] = 0
        batch[key][[4, 9]] = -0.5
        batch[key][10] = -1.5
        name = f"bad_sign_{key}"
        book.add_input(name, s.split(batch, 5, 7))
        book.error("MeanSquaredLogError", None, {}, name, "invalid_label", 1)
        for power in (-1.0, 1.0, 1.5, 2.0, 3.0):
            args = {"power": power}
            if key == "target" and power < 0:
                measure(book, "TweedieDevianceScore", args, name)
            else:
                zeros_too = key == "pred" or power >= 2
                book.error("TweedieDevianceScore", None, args, name, "invalid_label", 5 if zeros_too else 3)


def infinite_cases(book):
    pred = positive("inf_pred", (10,))
    pred["pred"][6] = np.inf
    target = positive("inf_target", (10,))
    target["target"][6] = np.inf
    both = positive("inf_both", (10,))
    both["pred"][6] = both["target"][6] = np.inf
    for name, batch in (("inf_pred", pred), ("inf_target", target), ("inf_both", both)):
        book.add_input(name, s.split(batch, 5, 5))
    infinite = ("MeanSquaredLogError", {}), ("LogCoshError", {}), ("MinkowskiDistance", {"p": 3.0})
    for metric, args in infinite:
        for name in ("inf_pred", "inf_target"):
            book.expect(metric, None, args, name, np.inf, "numpy")
        book.error(metric, None, args, "inf_both", "nan", 1)
    # What costs nothing costs nothing however far off it is.
    for alpha in (0.0, 0.5, 1.0):
        args = {"alpha": alpha}
        book.error("PinballLoss", None, args, "inf_both", "nan", 1)
        for name, free in (("inf_pred", 1.0), ("inf_target", 0.0)):
            pred, target = pairs(book.inputs[name])
            finite = np.isfinite(pred) & np.isfinite(target)
            losses = np.maximum(alpha * (target - pred)[finite], (alpha - 1) * (target - pred)[finite])
            book.expect("PinballLoss", None, args, name, losses.sum() / len(pred) if alpha == free else np.inf, "numpy")
    book.expect("MeanAbsolutePercentageError", None, {}, "inf_pred", np.inf, "numpy")
    book.expect("WeightedMeanAbsolutePercentageError", None, {}, "inf_pred", np.inf, "numpy")
    for name in ("inf_pred", "inf_target", "inf_both"):
        book.error("SymmetricMeanAbsolutePercentageError", None, {}, name, "nan", 1)
        measure(book, "CriticalSuccessIndex", {"threshold": 0.5}, name)


def zero_log_cases(book):
    """Logarithms of 0, where TorchMetrics has 0 * inf."""
    batch = distributions("log_zeros", 8, 4)
    batch["pred"][1, 2] = batch["pred"][6, 0] = 0
    p, q = (array / array.sum(axis=1, keepdims=True) for array in (batch["pred"], batch["target"]))
    with np.errstate(divide="ignore"):
        logs = pair(np.log(p), np.log(q))
    book.add_input("log_zeros", s.split(logs, 3, 5))
    p, q = (np.exp(logs[key].astype(np.float64)) for key in PAIRS)
    values = {
        "KLDivergence": rel_entr(p, q).sum(axis=1),
        "JensenShannonDivergence": (rel_entr(p, (p + q) / 2) + rel_entr(q, (p + q) / 2)).sum(axis=1) / 2,
    }
    for metric, rows in values.items():
        for reduction in REDUCTIONS:
            args = {"log_prob": True, "reduction": reduction}
            book.expect(metric, None, args, "log_zeros", reduced(rows, reduction), "scipy")


def bad_weights(book):
    nothing = weigh("bad_no_weight", positive("bad_no_weight", (8,)), zeros=range(8))
    wrong = weigh("bad_weights", positive("bad_weights", (12,)))
    wrong["weights"][[1, 5, 8, 9]] = [-1, np.nan, np.inf, -np.inf]
    rows = weigh("bad_row_weights", distributions("bad_row_weights", 8, 3))
    rows["weights"][[2, 6]] = [np.nan, -2]
    none = weigh("bad_row_no_weight", distributions("bad_row_no_weight", 6, 3), zeros=range(6))
    book.add_inputs(
        {
            "bad_no_weight": s.split(nothing, 3, 5),
            "bad_weights": s.split(wrong, 6, 6),
            "bad_row_weights": s.split(rows, 4, 4),
            "bad_row_no_weight": s.split(none, 2, 4),
        }
    )
    for metric, args in REGRESSION:
        book.error(metric, None, args, "bad_no_weight", "empty")
        book.error(metric, None, args, "bad_weights", "invalid_weight", 4)
    for metric in ROWWISE:
        book.error(metric, None, {"reduction": "mean"}, "bad_row_weights", "invalid_weight", 2)
        book.error(metric, None, {"reduction": "mean"}, "bad_row_no_weight", "empty")
        book.error(metric, None, {"reduction": "none"}, "bad_row_weights", "weights_unsupported")


def known_differences(book):
    book.skip(
        "symmetric_mean_absolute_percentage_error/el_tiny (as TorchMetrics has it)",
        "TorchMetrics divides by no less than 1.17e-6, so that values of scale 1e-8 have hardly any error. The case "
        "holds numpy's value.",
    )
    book.skip(
        "weighted_mean_absolute_percentage_error/el_tiny and el_no_targets (as TorchMetrics has it)",
        "TorchMetrics divides by no less than 1.17e-6, in whatever unit the targets are. Where all are 0 an error is "
        "infinite here, as a relative squared error is.",
    )
    book.skip(
        "log_cosh_error/num_outputs=1/*_2d (as TorchMetrics has it)",
        "TorchMetrics refuses several columns as one output. The cases hold numpy's value.",
    )
    book.skip(
        "cosine_similarity/*/vec_zero (as TorchMetrics has it)",
        "TorchMetrics divides by the length of 0, and all of the value is NaN. scikit-learn has 0 for the row.",
    )
    book.skip(
        "kl_divergence and jensen_shannon_divergence/log_prob=true/*/log_zeros (as TorchMetrics has it)",
        "TorchMetrics multiplies exp(-inf) by infinity and gives NaN; p ln(p / q) is 0 where p is.",
    )
    book.skip(
        "kl_divergence and jensen_shannon_divergence/*/bad_row_negative_* (as TorchMetrics has it)",
        "TorchMetrics normalizes rows with negative entries too, and gives NaN for rows of zeros.",
    )
    book.skip(
        "mean_squared_log_error and tweedie_deviance_score/*/bad_sign_* (as TorchMetrics has it)",
        "TorchMetrics gives NaN, and raises in the middle of the data.",
    )
    book.skip(
        "critical_success_index/keep_sequence_dim=1 (as TorchMetrics' class has it)",
        "The class lists the values of every update, the function those of all data. The cases hold the function's.",
    )
