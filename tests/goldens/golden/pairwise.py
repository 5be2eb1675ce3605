"""Similarities and distances between rows, by SciPy and scikit-learn, in f64. The data are what f32 holds."""

import numpy as np
import scipy.spatial.distance as distance
import sklearn.metrics.pairwise as pairwise

from . import samples as s
from .book import Book

REDUCTIONS = (None, "mean", "sum")


def build():
    book = Book()
    book.add_inputs(inputs())
    for name, [batch] in book.inputs.items():
        x = batch["x"].astype(np.float64)
        y = batch["y"].astype(np.float64) if "y" in batch else None
        for metric, args, entries, source in matrices(x, y):
            for zero in (None, True, False):
                own = entries.copy()
                if zero or (zero is None and y is None):
                    np.fill_diagonal(own, 0.0)
                flag = {} if zero is None else {"zero_diagonal": zero}
                for reduction in REDUCTIONS:
                    if zero is not None and reduction == "sum":
                        continue
                    how = {} if reduction is None else {"reduction": reduction}
                    value = own if reduction is None else getattr(own, reduction)(axis=1)
                    book.expect(metric, None, {**args, **flag, **how}, name, value.tolist(), source)
    return book


def rows(name, n, width, shift=0.0):
    return s.grid(s.rng(name).normal(size=(n, width)) * 2 + shift)


def inputs():
    zeros = rows("pw_zeros", 5, 3)
    zeros[[1, 3]] = 0.0
    near = rows("pw_near", 6, 40, shift=100.0)
    near = np.concatenate([near, near + s.grid(s.rng("pw_more").normal(size=near.shape) / 64)])
    return {
        "pw_self": [{"x": rows("pw_self", 9, 4)}],
        "pw_two": [{"x": rows("pw_two", 7, 5), "y": rows("pw_other", 19, 5)}],
        "pw_taller": [{"x": rows("pw_taller", 11, 2), "y": rows("pw_short", 3, 2)}],
        "pw_one": [{"x": rows("pw_one", 1, 1), "y": rows("pw_column", 4, 1)}],
        "pw_zeros": [{"x": zeros}],
        "pw_wide": [{"x": rows("pw_wide", 4, 300), "y": rows("pw_wider", 5, 300)}],
        "pw_near": [{"x": near.astype(s.F32)}],
    }


def matrices(x, y):
    other = x if y is None else y
    yield "PairwiseCosine", {}, pairwise.cosine_similarity(x, other), "sklearn"
    yield "PairwiseLinear", {}, pairwise.linear_kernel(x, other), "sklearn"
    yield "PairwiseEuclidean", {}, distance.cdist(x, other), "scipy"
    yield "PairwiseManhattan", {}, distance.cdist(x, other, "cityblock"), "scipy"
    for exponent in (1.0, 2.0, 2.5, 3.0, 4.0, 10.0):
        yield "PairwiseMinkowski", {"exponent": exponent}, distance.cdist(x, other, "minkowski", p=exponent), "scipy"
