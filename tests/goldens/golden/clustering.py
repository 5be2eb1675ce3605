"""Clustering and nominal association: how two labelings of the same elements agree."""

import math

import numpy as np
import scipy.optimize
import scipy.stats
import sklearn.metrics
import torch
import torchmetrics
from scipy.stats.contingency import association

from . import samples as s
from .book import Book


def build():
    book = Book()
    book.add_inputs(inputs())
    for name, batches in book.inputs.items():
        pred, target = (np.concatenate([batch[key] for batch in batches]) for key in ("pred", "target"))
        for metric, args, value, source in values(pred, target):
            book.expect(metric, None, args, name, value, source)
    book.add_input("clu_empty", [{"pred": np.zeros(0, s.I64), "target": np.zeros(0, s.I64)}])
    book.error("RandScore", None, {}, "clu_empty", "empty")
    book.error("CramersV", None, {}, "clu_empty", "empty")
    book.error("VMeasureScore", None, {"beta": -1.0}, "clu_plain", "invalid_option")
    return book


def labels(name, n, clusters, classes, noise=0.4):
    random = s.rng(name)
    target = random.integers(0, classes, size=n)
    pred = np.where(random.uniform(size=n) < noise, random.integers(0, clusters, size=n), target % clusters)
    return {"pred": pred.astype(s.I64), "target": target.astype(s.I64)}


def inputs():
    plain = labels("clu_plain", 60, 4, 5)
    odd = labels("clu_odd", 40, 5, 4)
    odd["pred"] = odd["pred"] * 1_000_003 - 7
    odd["target"] = np.array([-1, 2**40, 255, -(2**35)])[odd["target"]]
    one = {"pred": np.full(12, 3), "target": np.arange(12) % 3}
    return {
        "clu_plain": s.split(plain, 25, 1, 34),
        "clu_two": s.split(labels("clu_two", 30, 2, 2), 13, 17),
        "clu_two_by_three": [labels("clu_two_by_three", 25, 2, 3)],
        "clu_random": s.split(labels("clu_random", 200, 6, 3, noise=1.0), 90, 110),
        "clu_same": s.split({"pred": (plain["target"] * 3 + 1) % 11, "target": plain["target"]}, 30, 30),
        "clu_odd": s.split(odd, 11, 29),
        "clu_one_cluster": s.split(one, 5, 7),
        "clu_one_class": s.split({"pred": one["target"], "target": one["pred"]}, 5, 7),
        "clu_both_one": [{"pred": np.full(6, 2), "target": np.full(6, 9)}],
        "clu_singletons": [{"pred": np.arange(8), "target": np.arange(8)[::-1].copy()}],
        "clu_all_apart": [{"pred": np.arange(9), "target": np.arange(9) % 3}],
        "clu_independent": [{"pred": np.arange(24) % 4, "target": np.arange(24) // 4 % 2}],
        "clu_element": [{"pred": np.array([4]), "target": np.array([0])}],
        "clu_many": s.split(labels("clu_many", 3000, 12, 15), 1000, 2000),
    }


def values(pred, target):
    m = sklearn.metrics
    yield "MutualInfoScore", {}, m.mutual_info_score(target, pred), "sklearn"
    yield "HomogeneityScore", {}, m.homogeneity_score(target, pred), "sklearn"
    yield "CompletenessScore", {}, m.completeness_score(target, pred), "sklearn"
    for beta in (1.0, 0.5, 2.0):
        yield "VMeasureScore", {} if beta == 1 else {"beta": beta}, m.v_measure_score(target, pred, beta=beta), "sklearn"
    for mean in ("arithmetic", "min", "geometric", "max"):
        args = {} if mean == "arithmetic" else {"average_method": mean}
        nmi = m.normalized_mutual_info_score(target, pred, average_method=mean)
        yield "NormalizedMutualInfoScore", args, nmi, "sklearn"
        ami = m.adjusted_mutual_info_score(target, pred, average_method=mean)
        if len(np.unique(pred)) == len(np.unique(target)) == len(np.unique(np.stack([pred, target]), axis=1).T):
            ami = 1.0  # equal partitions; scikit-learn has what two rounded differences of 0 leave
        yield "AdjustedMutualInfoScore", args, ami, "sklearn"
    yield "RandScore", {}, m.rand_score(target, pred), "sklearn"
    yield "AdjustedRandScore", {}, m.adjusted_rand_score(target, pred), "sklearn"
    yield "FowlkesMallowsIndex", {}, m.fowlkes_mallows_score(target, pred), "sklearn"
    table = m.cluster.contingency_matrix(target, pred)
    rows, columns = scipy.optimize.linear_sum_assignment(table, maximize=True)
    yield "ClusterAccuracy", {}, table[rows, columns].sum() / table.sum(), "scipy"
    yield from nominal(pred, target, table)


def nominal(pred, target, table):
    constant = min(table.shape) == 1
    for metric, method in (("CramersV", "cramer"), ("TschuprowsT", "tschuprow")):
        plain = math.nan if constant else association(table, method=method)
        yield metric, {"bias_correction": False}, plain, "scipy"
        yield metric, {}, corrected(table, method), "numpy"
    coefficient = 0.0 if constant else association(table, method="pearson")
    yield "PearsonsContingencyCoefficient", {}, coefficient, "scipy"
    entropy = scipy.stats.entropy(table.sum(axis=0))
    left = sum(row.sum() * scipy.stats.entropy(row) for row in table) / table.sum()
    yield "TheilsU", {}, 0.0 if entropy == 0 else (entropy - left) / entropy, "scipy"
    beside_torchmetrics(pred, target, table)


def corrected(table, method):
    """Bergsma's correction, and that of Yates for two categories each."""
    n = table.sum()
    r, c = table.shape
    if min(r, c) == 1:
        return math.nan
    chi_squared = scipy.stats.chi2_contingency(table, correction=True).statistic
    phi_squared = max(0.0, chi_squared / n - (r - 1) * (c - 1) / (n - 1))
    rows, columns = ((k - 1) * (1 - (k - 1) / (n - 1)) for k in (r, c))
    if min(rows, columns) == 0:
        return math.nan
    divisor = min(rows, columns) if method == "cramer" else math.sqrt(rows * columns)
    return min(1.0, math.sqrt(phi_squared / divisor))


def beside_torchmetrics(pred, target, table):
    """TorchMetrics takes categories for places, and needs them to be the first numbers."""
    used = np.unique(np.concatenate([pred, target]))
    if (used != np.arange(len(used))).any() or min(table.shape) == 1:
        return
    args = {"num_classes": len(used)}
    for metric in ("CramersV", "TschuprowsT"):
        for bias in (True, False):
            theirs = getattr(torchmetrics.nominal, metric)(**args, bias_correction=bias)
            method = "cramer" if metric == "CramersV" else "tschuprow"
            value = corrected(table, method) if bias else association(table, method=method)
            if not math.isnan(value):
                close(value, theirs(torch.tensor(pred), torch.tensor(target)), f"{metric} {bias}")
    theirs = torchmetrics.nominal.TheilsU(**args)(torch.tensor(pred), torch.tensor(target))
    entropy = scipy.stats.entropy(table.sum(axis=0))
    left = sum(row.sum() * scipy.stats.entropy(row) for row in table) / table.sum()
    close((entropy - left) / entropy, theirs, "TheilsU")


def close(ours, theirs, what):
    if not np.isclose(ours, float(theirs), rtol=1e-4, atol=1e-5, equal_nan=True):
        raise AssertionError(f"{what}: {ours} by definition, {float(theirs)} of TorchMetrics")
