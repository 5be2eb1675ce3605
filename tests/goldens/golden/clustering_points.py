"""Clustering of points: how well clusters are apart, by scikit-learn or by definition, in f64."""

import itertools
import math

import numpy as np
import scipy.spatial.distance as distance
import sklearn.metrics
import torch
from torchmetrics.functional.clustering import dunn_index

from . import samples as s
from .book import Book

SINGLE = ("cpt_one_cluster", "cpt_singletons", "cpt_point")


def build():
    book = Book()
    book.add_inputs(inputs())
    for name, batches in book.inputs.items():
        points, clusters = (np.concatenate([batch[key] for batch in batches]) for key in ("points", "clusters"))
        if name in SINGLE:
            for metric in ("CalinskiHarabaszScore", "DaviesBouldinScore", "DunnIndex", "SilhouetteScore"):
                book.error(metric, None, {}, name, "undefined")
            continue
        for metric, args, value, source in values(points.astype(np.float64), clusters):
            book.expect(metric, None, args, name, value, source)
        beside_torchmetrics(points, clusters)
    book.add_input("cpt_empty", [{"points": np.zeros((0, 2), s.F32), "clusters": np.zeros(0, s.I64)}])
    book.error("CalinskiHarabaszScore", None, {}, "cpt_empty", "empty")
    book.error("SilhouetteScore", None, {}, "cpt_empty", "empty")
    book.error("DunnIndex", None, {"p": 0.5}, "cpt_blobs", "invalid_option")
    nan = s.split(blobs("cpt_blobs", 90, 4, 3), 40, 1, 49)
    nan[0]["points"][3, 1] = np.nan
    nan[2]["points"][5, 0] = np.inf
    book.add_input("cpt_nan", nan)
    for metric in ("CalinskiHarabaszScore", "DaviesBouldinScore"):
        book.error(metric, None, {}, "cpt_nan", "nan", 2)
    book.error("CalinskiHarabaszScore", None, {"num_clusters": 3, "dimensions": 3}, "cpt_blobs", "invalid_label", 22)
    return book


def blobs(name, n, clusters, width, spread=1.0, apart=3.0, shift=0.0):
    random = s.rng(name)
    labels = np.arange(n) % clusters
    centres = random.normal(size=(clusters, width)) * apart
    points = centres[labels] + random.normal(size=(n, width)) * spread + shift
    return {"points": s.grid(points), "clusters": labels.astype(s.I64)}


def inputs():
    odd = blobs("cpt_odd", 50, 4, 2)
    odd["clusters"] = np.array([-1, 2**40, 255, -(2**35)])[odd["clusters"]]
    uneven = blobs("cpt_uneven", 60, 3, 5)
    uneven["clusters"][1:30] = 0
    uneven["clusters"][40] = 9  # alone
    same = {"points": s.grid(np.repeat([[1.0, 2.0], [4.0, 6.0]], 5, axis=0)), "clusters": np.arange(10) // 5}
    return {
        "cpt_blobs": s.split(blobs("cpt_blobs", 90, 4, 3), 40, 1, 49),
        "cpt_two": [blobs("cpt_two", 31, 2, 1)],
        "cpt_random": s.split(blobs("cpt_random", 80, 5, 4, apart=0.0), 30, 50),
        "cpt_odd": s.split(odd, 20, 30),
        "cpt_uneven": s.split(uneven, 25, 35),
        "cpt_shifted": s.split(blobs("cpt_shifted", 70, 3, 2, spread=0.5, shift=1000.0), 35, 35),
        "cpt_many": s.split(blobs("cpt_many", 400, 30, 8), 100, 300),
        "cpt_wide": [blobs("cpt_wide", 40, 3, 70)],
        "cpt_same": s.split(same, 3, 7),
        "cpt_one_cluster": [{**blobs("cpt_one_cluster", 9, 3, 2), "clusters": np.full(9, 4)}],
        "cpt_singletons": s.split(blobs("cpt_singletons", 6, 6, 2), 2, 4),
        "cpt_point": [blobs("cpt_point", 1, 1, 3)],
    }


def values(points, clusters):
    m = sklearn.metrics
    harabasz = m.calinski_harabasz_score(points, clusters)
    yield "CalinskiHarabaszScore", {}, harabasz, "sklearn"
    names = np.unique(clusters)
    if (names == np.arange(len(names))).all():
        args = {"num_clusters": len(names), "dimensions": points.shape[1]}
        yield "CalinskiHarabaszScore", args, harabasz, "sklearn"
    yield "DaviesBouldinScore", {}, m.davies_bouldin_score(points, clusters), "sklearn"
    yield "SilhouetteScore", {}, m.silhouette_score(points, clusters), "sklearn"
    for p in (2.0, 1.0, 3.0):
        args = {} if p == 2 else {"p": p}
        yield "DunnIndex", args, dunn(points, clusters, p), "numpy"
        yield "DunnIndex", {**args, "form": "points"}, classical_dunn(points, clusters, p), "scipy"


def divide(above, below):
    return above / below if below else math.inf


def dunn(points, clusters, p):
    groups = [points[clusters == name] for name in np.unique(clusters)]
    centroids = [group.mean(axis=0) for group in groups]
    norm = lambda x: np.linalg.norm(x, ord=p, axis=-1)  # noqa: E731
    apart = min(norm(a - b) for a, b in itertools.combinations(centroids, 2))
    return divide(apart, max(norm(group - centre).max() for group, centre in zip(groups, centroids)))


def classical_dunn(points, clusters, p):
    groups = [points[clusters == name] for name in np.unique(clusters)]
    apart = min(distance.cdist(a, b, "minkowski", p=p).min() for a, b in itertools.combinations(groups, 2))
    return divide(apart, max(distance.cdist(group, group, "minkowski", p=p).max() for group in groups))


def beside_torchmetrics(points, clusters):
    """TorchMetrics in f64 has the same Dunn index; its Davies-Bouldin is wrong above 25 clusters."""
    arrays = torch.tensor(points.astype(np.float64)), torch.tensor(clusters)
    ours = dunn(points.astype(np.float64), clusters, 2.0)
    theirs = float(dunn_index(*arrays, p=2))
    if not np.isclose(ours, theirs, rtol=1e-6):
        raise AssertionError(f"Dunn index {ours} by definition, {theirs} of TorchMetrics")
