"""Correlations, explained variance, rank correlations, and errors over the range of targets."""

import numpy as np
import scipy.stats
import torchmetrics
from sklearn.metrics import explained_variance_score

from . import reference
from . import samples as s
from .book import Book, case_id

D = 3
MULTIOUTPUT = ("raw_values", "uniform_average", "variance_weighted")
PEARSON, CONCORDANCE = "PearsonCorrCoef", "ConcordanceCorrCoef"
ALTERNATIVES = ("two-sided", "less", "greater")


def build():
    book = Book()
    pairs = pair_inputs()
    book.add_inputs(pairs)
    for name, batches in pairs.items():
        moment_cases(book, name, batches)
        if "weights" not in batches[0]:
            rank_cases(book, name, batches)
            range_cases(book, name, batches)
    hostile_pairs(book)
    return book


def f32(values):
    return np.asarray(values).astype(s.F32)


def noisy(name, shape, offset=0.0, scale=1.0, noise=0.6, bias=0.0):
    random = s.rng(name)
    target = random.normal(size=shape)
    pred = target + noise * random.normal(size=shape)
    return {"pred": f32(offset + bias + scale * pred), "target": f32(offset + scale * target)}


def filled(batch, **constants):
    """The batch with constants in place of predictions or targets."""
    return {key: np.full_like(array, constants[key]) if key in constants else array for key, array in batch.items()}


def rounded(batch, step):
    """The batch on a coarse grid, so that many numbers are equal."""
    return {key: f32(np.round(array / step) * step) for key, array in batch.items()}


def with_weights(batch, weights):
    return {**batch, "weights": f32(weights)}


def pair_inputs():
    column = noisy("jm_constant_column", (15, D))
    column["target"][:, 1] = 0.7
    opposite = noisy("jm_opposite", (13,), noise=0.0)
    opposite["pred"] = f32(-2.0 * opposite["target"] + 1.0)
    perfect = noisy("jm_perfect", (11,), noise=0.0)
    outlier = noisy("jm_outlier", (40,))
    outlier["pred"][7], outlier["target"][7] = 500.0, 300.0
    random = s.rng("jm_weights")
    zero = random.integers(0, 3, size=24)
    zero[0] = 0
    far = noisy("jm_zero_weights", (24,))
    far["target"][zero == 0] = 1e6  # what does not count may be anything
    return {
        "jm_1d": s.split(noisy("jm_1d", (40,)), 17, 1, 22),
        "jm_2d": s.split(noisy("jm_2d", (30, D)), 13, 17),
        "jm_uncorrelated": s.split(noisy("jm_uncorrelated", (50,), noise=50.0), 20, 30),
        "jm_offset": s.split(noisy("jm_offset", (60,), offset=1e4), 19, 41),
        "jm_far": s.split(noisy("jm_far", (90,), offset=1e6), 1, 40, 49),
        "jm_far_2d": s.split(noisy("jm_far_2d", (45, D), offset=-1e6, scale=2.0), 16, 29),
        "jm_biased": s.split(noisy("jm_biased", (50,), bias=1000.0), 24, 26),
        "jm_close": s.split(noisy("jm_close", (50,), offset=100.0, noise=1e-3), 30, 20),
        "jm_small": s.split(noisy("jm_small", (25,), scale=1e-3), 9, 16),
        "jm_outlier": s.split(outlier, 15, 25),
        "jm_constant_pred": s.split(filled(noisy("jm_constant_pred", (12,)), pred=1.3), 5, 7),
        "jm_constant_target": s.split(filled(noisy("jm_constant_target", (12,)), target=2.5), 5, 7),
        "jm_constant_column": s.split(column, 6, 9),
        "jm_constant_both": s.split(filled(noisy("jm_constant_both", (9,)), pred=1.3, target=1e-3), 4, 5),
        "jm_all_equal": s.split(filled(noisy("jm_all_equal", (7,)), pred=1.5, target=1.5), 3, 4),
        "jm_perfect": s.split(perfect, 4, 7),
        "jm_opposite": s.split(opposite, 6, 7),
        "jm_ties": s.split(rounded(noisy("jm_ties", (70,)), 0.5), 30, 40),
        "jm_ties_2d": s.split(rounded(noisy("jm_ties_2d", (40, D), noise=2.0), 1.0), 21, 19),
        "jm_long": s.split(rounded(noisy("jm_long", (300,), noise=1.5), 0.125), 100, 1, 199),
        "jm_one": [noisy("jm_one", (1,))],
        "jm_one_2d": [noisy("jm_one_2d", (1, D))],
        "jm_two": s.split(noisy("jm_two", (2,), noise=0.1), 1, 1),
        "jm_three": s.split(noisy("jm_three", (3,)), 2, 1),
        "jm_weighted": s.split(with_weights(noisy("jm_weighted", (32,)), random.uniform(0.1, 3, size=32)), 12, 20),
        "jm_weighted_2d": s.split(
            with_weights(noisy("jm_weighted_2d", (26, D), offset=1e4), random.integers(1, 5, size=26)), 12, 14
        ),
        "jm_zero_weights": s.split(with_weights(far, zero), 11, 13),
    }


def joined(batches):
    """Every array over all batches, in f64."""
    return {key: np.concatenate([batch[key] for batch in batches]).astype(np.float64) for key in batches[0]}


def outputs_of(arrays):
    return {} if arrays["pred"].ndim == 1 else {"num_outputs": D}


def moment_cases(book, name, batches):
    arrays = joined(batches)
    args = outputs_of(arrays)
    weighted = "weights" in arrays
    for metric in (PEARSON, CONCORDANCE):
        if weighted:
            value, source = by_moments(metric, **arrays).tolist(), "numpy"
        else:
            value = reference.run_float64(getattr(torchmetrics, metric)(**args), batches)
            if metric == CONCORDANCE and name not in ("jm_outlier",):
                value = listed_like(value)
            source = "torchmetrics"
        book.expect(metric, None, args, name, value, source)
    for multioutput in MULTIOUTPUT:
        args = {"multioutput": multioutput}
        value = explained_variance_score(arrays["target"], arrays["pred"], sample_weight=arrays.get("weights"), **args)
        value = np.asarray(value)
        if arrays["pred"].ndim == 1:
            value = value.reshape(())  # scikit-learn gives one output a list of one
        book.expect("ExplainedVariance", None, args, name, value.tolist(), "sklearn")


def listed_like(value):
    """TorchMetrics gives the concordance of one output as a list of one."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def by_moments(metric, pred, target, weights):
    """The textbook formula, with rows that count as often as their weight says."""
    total = weights.sum()
    mean = lambda x: np.tensordot(weights, x, 1) / total
    x, y = pred - mean(pred), target - mean(target)
    if metric == PEARSON:
        return mean(x * y) / np.sqrt(mean(x * x) * mean(y * y))
    x2, y2, xy = (product * total / (total - 1) for product in (mean(x * x), mean(y * y), mean(x * y)))
    return 2 * xy / (x2 + y2 + mean(pred - target) ** 2)


def columns(arrays):
    """Predictions and targets, output by output."""
    if arrays["pred"].ndim == 1:
        return [(arrays["pred"], arrays["target"])]
    return list(zip(arrays["pred"].T, arrays["target"].T))


def of_outputs(values, arrays):
    return values[0] if arrays["pred"].ndim == 1 else values


def rank_cases(book, name, batches):
    arrays = joined(batches)
    args = outputs_of(arrays)
    values = [float(scipy.stats.spearmanr(*pair).statistic) if len(pair[0]) > 1 else np.nan for pair in columns(arrays)]
    book.expect("SpearmanCorrCoef", None, args, name, of_outputs(values, arrays), "scipy")
    for variant in "abc":
        kendall_cases(book, name, batches, {"variant": variant, **args})


def kendall_cases(book, name, batches, args):
    """Of TorchMetrics; SciPy has variants b and c and must agree, and is better with two rows."""
    arrays = joined(batches)
    kendall = lambda **more: reference.run_float64(torchmetrics.KendallRankCorrCoef(**args, **more), batches)
    book.expect("KendallRankCorrCoef", None, args, name, kendall(), "torchmetrics")
    for alternative in ALTERNATIVES if name in ("jm_1d", "jm_ties", "jm_ties_2d") else ALTERNATIVES[:1]:
        tested = {**args, "t_test": True, "alternative": alternative}
        value = kendall(t_test=True, alternative=alternative)
        if args["variant"] != "a" and len(arrays["pred"]) > 2:
            options = {"variant": args["variant"], "alternative": alternative, "method": "asymptotic"}
            both = [scipy.stats.kendalltau(*pair, **options) for pair in columns(arrays)]
            checked = [of_outputs([float(part) for part in parts], arrays) for parts in zip(*both)]
            if not np.isnan(checked).any():  # TorchMetrics may have 0 / rounding in place of 0 / 0
                reference.same_decisions(value, checked, f"Kendall {tested} {name}")
            value = checked
        if len(arrays["pred"]) == 2 and args["variant"] != "a":
            reason = "the variance of the test has a term 0 / 0 with two rows, and TorchMetrics gives NaN"
            book.skip(case_id("KendallRankCorrCoef", None, tested, name), reason)
            continue
        book.expect("KendallRankCorrCoef", None, tested, name, value, "torchmetrics")


def range_cases(book, name, batches):
    arrays = joined(batches)
    for outputs in (1,) if arrays["pred"].ndim == 1 else (1, D):
        args = {"normalization": "range", "num_outputs": outputs}
        axis = None if outputs == 1 else 0
        with np.errstate(all="ignore"):
            rmse = np.sqrt(((arrays["pred"] - arrays["target"]) ** 2).mean(axis=axis))
            value = (rmse / np.ptp(arrays["target"], axis=axis)).tolist()
        theirs = reference.run_float64(torchmetrics.NormalizedRootMeanSquaredError(**args), batches)
        reference.same_decisions(value, theirs, f"range {name}")
        book.expect("NormalizedRootMeanSquaredError", None, args, name, value, "numpy")


def hostile_pairs(book):
    metrics = (PEARSON, CONCORDANCE, "ExplainedVariance", "SpearmanCorrCoef", "KendallRankCorrCoef")
    ranged = {"normalization": "range"}
    for key in ("pred", "target"):
        name = f"jm_nan_{key}"
        batch = noisy(name, (9,))
        batch[key][6] = np.nan
        book.add_input(name, s.split(batch, 4, 5))
        for metric in metrics:
            book.error(metric, None, {}, name, "nan", 1)
        book.error("NormalizedRootMeanSquaredError", None, ranged, name, "nan", 1)
        name = f"jm_infinite_{key}"
        batch = noisy(name, (10,))
        batch[key][6] = np.inf
        book.add_input(name, s.split(batch, 5, 5))
        for metric in metrics[:3]:
            value = listed_like(reference.run_float64(getattr(torchmetrics, metric)(), book.inputs[name]))
            book.expect(metric, None, {}, name, value, "torchmetrics")
        rank_cases(book, name, book.inputs[name])
    nothing = with_weights(noisy("jm_no_weight", (6,)), np.zeros(6))
    book.add_input("jm_no_weight", s.split(nothing, 2, 4))
    for metric in metrics[:3]:
        book.error(metric, None, {}, "jm_no_weight", "empty")
