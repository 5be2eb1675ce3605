"""Scores of ensembles."""

import numpy as np
import torchmetrics

from . import reference
from . import samples as s
from .book import Book
from .regression_correlation import f32, joined, rounded, with_weights


def build():
    book = Book()
    ensemble_cases(book)
    return book


def ensemble(name, n, members, offset=0.0, spread=1.0):
    random = s.rng(name)
    target = random.normal(size=n)
    pred = target[:, None] + random.normal(size=(n, 1)) * 0.5 + spread * random.normal(size=(n, members))
    return {"pred": f32(pred + offset), "target": f32(target + offset)}


def crps(pred, target, weights=None):
    """The formula itself, in f64."""
    spread = np.abs(pred[:, :, None] - pred[:, None, :]).mean(axis=(1, 2)) / 2
    score = np.abs(pred - target[:, None]).mean(axis=1) - spread
    return float(np.average(score, weights=weights))


def ensemble_cases(book):
    random = s.rng("crps_weights")
    exact = ensemble("crps_exact", 8, 5)
    exact["pred"][:] = exact["target"][:, None]
    inputs = {
        "crps_plain": s.split(ensemble("crps_plain", 30, 10), 12, 1, 17),
        "crps_many": s.split(ensemble("crps_many", 12, 60), 5, 7),
        "crps_two": s.split(ensemble("crps_two", 20, 2), 9, 11),
        "crps_far": s.split(ensemble("crps_far", 25, 8, offset=1e5), 10, 15),
        "crps_ties": s.split(rounded(ensemble("crps_ties", 25, 7), 0.5), 10, 15),
        "crps_sharp": s.split(ensemble("crps_sharp", 20, 6, spread=1e-3), 10, 10),
        "crps_exact": s.split(exact, 3, 5),
        "crps_sizes": [ensemble("crps_sizes_4", 9, 4), ensemble("crps_sizes_7", 12, 7)],
        "crps_one_row": [ensemble("crps_one_row", 1, 9)],
        "crps_one_member": s.split(ensemble("crps_one_member", 14, 1), 6, 8),
        "crps_weighted": s.split(with_weights(ensemble("crps_weighted", 22, 6), random.uniform(0, 2, size=22)), 9, 13),
    }
    book.add_inputs(inputs)
    for name, batches in inputs.items():
        sums = [crps(**joined([batch])) * weight_of(batch) for batch in batches]
        value = sum(sums) / sum(map(weight_of, batches))
        source = "numpy"
        if name not in ("crps_weighted", "crps_one_member"):
            metric = torchmetrics.regression.ContinuousRankedProbabilityScore()
            reference.same_decisions(value, reference.run_float64(metric, batches), name)
            source = "torchmetrics"
        book.expect("ContinuousRankedProbabilityScore", None, {}, name, value, source)
    for key, position in (("pred", (4, 1)), ("target", 4)):
        batch = ensemble(f"crps_nan_{key}", 9, 4)
        batch[key][position] = np.nan
        book.add_input(f"crps_nan_{key}", s.split(batch, 3, 6))
        book.error("ContinuousRankedProbabilityScore", None, {}, f"crps_nan_{key}", "nan", 1)
        batch = ensemble(f"crps_infinite_{key}", 9, 4)
        batch[key][position] = -np.inf
        book.add_input(f"crps_infinite_{key}", s.split(batch, 3, 6))
        # The integral of the squared distance of the distribution functions diverges.
        book.expect("ContinuousRankedProbabilityScore", None, {}, f"crps_infinite_{key}", np.inf, "design")


def weight_of(batch):
    return float(batch["weights"].astype(np.float64).sum()) if "weights" in batch else len(batch["target"])
