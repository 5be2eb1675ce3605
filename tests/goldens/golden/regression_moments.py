"""Squared error, plain, relative and normalized, absolute error and R2."""

import numpy as np
import torchmetrics
from sklearn.metrics import r2_score

from . import reference
from . import samples as s
from .book import Book

D = 3
MULTIOUTPUT = ("raw_values", "uniform_average", "variance_weighted")
# Inputs on which TorchMetrics loses digits in f32 or calls a small error zero.
BY_SKLEARN = ("reg_offset", "reg_offset_2d", "reg_tiny")
RELATIVE = ("RelativeSquaredError", "NormalizedRootMeanSquaredError")
TOO_FEW = ("reg_one", "reg_one_2d")


def build():
    book = Book()
    add_inputs(book)
    for name in book.inputs:
        outputs = book.inputs[name][0]["pred"].ndim
        error_cases(book, name, outputs)
        relative_cases(book, name, outputs)
        r2_cases(book, name, outputs)
    hostile_cases(book)
    known_differences(book)
    return book


def noisy(name, shape, offset=0.0, scale=1.0, noise=0.6):
    random = s.rng(name)
    target = random.normal(size=shape)
    pred = target + noise * random.normal(size=shape)
    return {"pred": to_f32(offset + scale * pred), "target": to_f32(offset + scale * target)}


def to_f32(values):
    return np.asarray(values).astype(s.F32)


def add_inputs(book):
    constant = noisy("reg_constant_target", (12,))
    constant["target"][:] = 2.5
    constant_column = noisy("reg_constant_column", (15, D))
    constant_column["target"][:, 1] = 0.75
    exact = noisy("reg_perfect", (11,))
    exact["pred"] = exact["target"].copy()
    both = {"pred": np.full(7, 1.5, s.F32), "target": np.full(7, 1.5, s.F32)}
    scales = noisy("reg_scales", (20, D))
    factor = np.array([1.0, 100.0, 0.1], s.F32)  # outputs of unequal variance
    balanced = np.array([-1, 2, 1, -2, 4, 8, -4, -8], s.F32)  # a mean of exactly 0 in both batches
    nothing = noisy("reg_zero_target", (9,))
    nothing["target"][:] = 0
    book.add_inputs(
        {
            "reg_1d": s.split(noisy("reg_1d", (40,)), 17, 1, 22),
            "reg_2d": s.split(noisy("reg_2d", (30, D)), 13, 17),
            "reg_scales": s.split({key: array * factor for key, array in scales.items()}, 8, 12),
            "reg_constant_target": s.split(constant, 5, 7),
            "reg_constant_column": s.split(constant_column, 6, 9),
            "reg_constant_both": s.split(both, 3, 4),
            "reg_perfect": s.split(exact, 4, 7),
            "reg_worse_than_mean": s.split(noisy("reg_worse_than_mean", (18,), noise=3.0), 7, 11),
            "reg_two": [noisy("reg_two", (2,))],
            "reg_two_batches_of_one": s.split(noisy("reg_two_batches", (2,)), 1, 1),
            "reg_three": s.split(noisy("reg_three", (3,)), 2, 1),
            "reg_one": [noisy("reg_one", (1,))],
            "reg_one_2d": [noisy("reg_one_2d", (1, D))],
            "reg_offset": s.split(noisy("reg_offset", (50,), offset=10000.0), 19, 31),
            "reg_offset_2d": s.split(noisy("reg_offset_2d", (36, D), offset=10000.0), 16, 20),
            "reg_zero_mean": s.split({"pred": balanced + to_f32(0.25), "target": balanced}, 4, 4),
            "reg_zero_target": s.split(nothing, 5, 4),
            "reg_negative": s.split(noisy("reg_negative", (14,), offset=-3.0), 6, 8),
            # rss < 1e-4, which TorchMetrics takes for a perfect fit
            "reg_tiny": s.split(noisy("reg_tiny", (25,), scale=1e-3), 9, 16),
        }
    )


def joined(batches):
    """pred and target over all batches, in f64."""
    return [np.concatenate([batch[key] for batch in batches]).astype(np.float64) for key in ("pred", "target")]


def add(book, metric, args, name, by_float64):
    """`by_float64` is scikit-learn's or numpy's value, taken where TorchMetrics is not accurate."""
    if name in BY_SKLEARN:
        book.expect(metric, None, args, name, np.asarray(by_float64).tolist(), "sklearn")
    else:
        value = reference.run_float64(getattr(torchmetrics, metric)(**args), book.inputs[name])
        book.expect(metric, None, args, name, value, "torchmetrics")


def error_cases(book, name, dimensions):
    """Per output where there are several, and over all values as if they were one output."""
    pred, target = joined(book.inputs[name])
    squares, sizes = (target - pred) ** 2, np.abs(target - pred)
    for outputs in (1,) if dimensions == 1 else (1, D):
        axis = None if outputs == 1 else 0
        mse = squares.mean(axis=axis)
        add(book, "MeanSquaredError", {"squared": True, "num_outputs": outputs}, name, mse)
        add(book, "MeanSquaredError", {"squared": False, "num_outputs": outputs}, name, np.sqrt(mse))
        add(book, "MeanAbsoluteError", {"num_outputs": outputs}, name, sizes.mean(axis=axis))


def relative_cases(book, name, dimensions):
    """Several outputs are averaged by TorchMetrics' relative error, and not by the normalized one."""
    for outputs in (1,) if dimensions == 1 else (1, D):
        pred, target = joined(book.inputs[name])
        if outputs == 1:
            pred, target = pred.ravel(), target.ravel()
        squares = (target - pred) ** 2
        if (outputs == 1) == (dimensions == 1):  # TorchMetrics takes the outputs from the batch
            rse = squares.sum(axis=0) / np.maximum(target.var(axis=0) * len(target), np.finfo(float).eps)
            add(book, "RelativeSquaredError", {"squared": True, "num_outputs": outputs}, name, rse.mean())
            add(book, "RelativeSquaredError", {"squared": False, "num_outputs": outputs}, name, np.sqrt(rse).mean())
        scales = {"mean": target.mean(axis=0), "std": target.std(axis=0), "l2": np.linalg.norm(target, axis=0)}
        for normalization, scale in scales.items():
            args = {"normalization": normalization, "num_outputs": outputs}
            with np.errstate(all="ignore"):
                by_float64 = np.sqrt(squares.mean(axis=0)) / scale
            add(book, "NormalizedRootMeanSquaredError", args, name, by_float64)


def sklearn_r2(pred, target, args):
    """scikit-learn's R2 with TorchMetrics' adjustment for `adjusted` regressors."""
    score = np.asarray(r2_score(target, pred, multioutput=args["multioutput"]))
    if pred.ndim == 1:
        score = score.reshape(())  # scikit-learn gives one output a list of one
    n, adjusted = len(pred), args["adjusted"]
    if 0 < adjusted < n - 1:
        score = 1 - (1 - score) * (n - 1) / (n - adjusted - 1)
    return score.tolist()


def r2_cases(book, name, dimensions):
    pred, target = joined(book.inputs[name])
    for adjusted in (0, 2):
        for multioutput in MULTIOUTPUT:
            args = {"adjusted": adjusted, "multioutput": multioutput}
            if name in TOO_FEW:
                book.error("R2Score", None, args, name, "too_few")
                continue
            if multioutput == "variance_weighted" and np.ptp(target, axis=0).max() == 0:
                reason = "TorchMetrics weights by tss / sum(tss) = 0 / 0 and gives NaN; scikit-learn does not weight here"
                book.skip(f"r2_score/adjusted={adjusted}/multioutput={multioutput}/{name}", reason)
                continue
            add(book, "R2Score", args, name, sklearn_r2(pred, target, args))


def hostile_cases(book):
    """NaN, where TorchMetrics answers NaN and this library refuses, and infinity."""
    metrics = ("MeanSquaredError", "MeanAbsoluteError", "R2Score", *RELATIVE)
    for key in ("pred", "target"):
        batch = noisy(f"reg_nan_{key}", (9,))
        batch[key][6] = np.nan
        book.add_input(f"reg_nan_{key}", s.split(batch, 4, 5))
        for metric in metrics:
            book.error(metric, None, {}, f"reg_nan_{key}", "nan", 1)
        infinite = noisy(f"reg_infinite_{key}", (10,))
        infinite[key][6] = np.inf
        book.add_input(f"reg_infinite_{key}", s.split(infinite, 5, 5))
        for metric in metrics:
            add(book, metric, {}, f"reg_infinite_{key}", None)


def known_differences(book):
    book.skip(
        "r2_score/*/reg_tiny (as TorchMetrics has it)",
        "r2.py:_r2_score_compute takes rss and tss below 1e-4 (absolute) for zero, so data of scale 1e-3 always "
        "scores 1.0. The cases on reg_tiny hold scikit-learn's value.",
    )
    book.skip(
        "*/reg_offset* (as TorchMetrics has it)",
        "sum(y^2) - sum(y) * mean(y) cancels in f32. The cases hold scikit-learn's value, from f64.",
    )
