"""Covariance, and the distance of two samples."""

import numpy as np
import scipy.stats

from . import samples as s
from .book import Book
from .regression_correlation import D, f32, joined, with_weights


def build():
    book = Book()
    covariance_cases(book)
    distance_cases(book)
    return book


def covariance_cases(book):
    random = s.rng("cov")
    mixing = random.normal(size=(D, D))
    rows = lambda n, offset=0.0: f32(random.normal(size=(n, D)) @ mixing + offset)
    constant = rows(14)
    constant[:, 2] = 0.3
    same = rows(12)
    same[:, 1] = same[:, 0]
    infinite = rows(9)
    infinite[4, 1] = np.inf
    inputs = {
        "cov_plain": s.split({"values": rows(40)}, 11, 1, 28),
        "cov_far": s.split({"values": rows(60, offset=np.array([1e6, -1e4, 10.0]))}, 31, 29),
        "cov_constant": s.split({"values": constant}, 6, 8),
        "cov_equal_columns": s.split({"values": same}, 5, 7),
        "cov_single": s.split({"values": rows(20)[:, :1]}, 9, 11),
        "cov_two": s.split({"values": rows(2)}, 1, 1),
        "cov_infinite": s.split({"values": infinite}, 3, 6),
        "cov_weighted": s.split(with_weights({"values": rows(25)}, random.integers(0, 4, size=25)), 12, 13),
    }
    book.add_inputs(inputs)
    for name, batches in inputs.items():
        arrays = joined(batches)
        weights = arrays.get("weights")
        weights = None if weights is None else weights.astype(np.int64)
        value = np.cov(arrays["values"], rowvar=False, fweights=weights)
        width = arrays["values"].shape[1]
        args = {"variables": width}
        book.expect("Covariance", None, args, name, value.reshape(width, width).tolist(), "numpy")
    book.add_input("cov_one", [{"values": rows(1)}])
    book.error("Covariance", None, {"variables": D}, "cov_one", "too_few")
    broken = rows(8)
    broken[5, 2] = np.nan
    book.add_input("cov_nan", s.split({"values": broken}, 3, 5))
    book.error("Covariance", None, {"variables": D}, "cov_nan", "nan", 1)


def distance_cases(book):
    random = s.rng("wd")
    normal = lambda n, shift=0.0: f32(random.normal(size=n) + shift)
    weights = lambda n: f32(random.uniform(0, 2, size=n))
    coarse = lambda n: f32(np.round(random.normal(size=n) * 2))
    x = normal(17)
    inputs = {
        "wd_plain": [{"x": normal(20), "y": normal(20, 0.5)}, {"x": normal(9), "y": normal(9, 0.5)}],
        "wd_sizes": [{"x": normal(20), "y": normal(3, 2.0)}, {"x": normal(0), "y": normal(8, 2.0)}],
        "wd_ties": [{"x": coarse(30), "y": coarse(25)}, {"x": coarse(11), "y": coarse(4)}],
        "wd_equal": [{"x": x, "y": x[::-1].copy()}],
        "wd_far": [{"x": normal(15, 1e6), "y": normal(12, 1e6)}],
        "wd_one": [{"x": normal(1), "y": normal(1)}],
        "wd_constant": [{"x": np.full(4, 0.3, s.F32), "y": np.full(7, 0.3, s.F32)}],
        "wd_weighted": [
            {"x": normal(10), "x_weights": weights(10), "y": normal(12, 1.0), "y_weights": weights(12)},
            {"x": normal(5), "x_weights": weights(5), "y": normal(6, 1.0), "y_weights": weights(6)},
        ],
        "wd_one_weighted": [{"x": coarse(10), "x_weights": weights(10), "y": coarse(14)}],
        "wd_zero_weights": [{"x": normal(6), "x_weights": f32([0, 1, 0, 2, 0.5, 0]), "y": normal(5)}],
    }
    book.add_inputs(inputs)
    for name, batches in inputs.items():
        arrays = joined(batches)
        value = scipy.stats.wasserstein_distance(
            arrays["x"], arrays["y"], arrays.get("x_weights"), arrays.get("y_weights")
        )
        book.expect("Wasserstein1D", None, {}, name, value, "scipy")
    nan, none = normal(6), normal(5)
    nan[3] = np.nan
    book.add_input("wd_nan", [{"x": nan, "y": normal(4)}])
    book.error("Wasserstein1D", None, {}, "wd_nan", "nan", 1)
    book.add_input("wd_no_weight", [{"x": none, "x_weights": np.zeros(5, s.F32), "y": normal(4)}])
    book.error("Wasserstein1D", None, {}, "wd_no_weight", "empty")
    # A share of 2 / 4 at infinity against one of 1 / 3.
    book.add_input("wd_infinite", [{"x": f32([0, 1, np.inf, np.inf]), "y": f32([2, 3, np.inf])}])
    book.expect("Wasserstein1D", None, {}, "wd_infinite", np.inf, "design")
