"""Calibration error and reliability diagram, binary and multiclass."""

import numpy as np
import torch
from torchmetrics.functional.classification.calibration_error import _binning_bucketize, _ce_compute

from . import reference
from . import samples as s
from .book import Book

C = 4
NORMS = ("l1", "l2", "max")
BINS = (15, 10, 5)


def build():
    book = Book()
    add_binary_inputs(book)
    add_multiclass_inputs(book)
    for name, ignored in [
        ("bin_probs", None), ("bin_logits", None), ("bin_mixed_range", None), ("bin_ends", None),
        ("bin_one", None), ("bin_perfect", None), ("bin_ignore_minus_1", -1),
        ("bin_ignore_255", 255), ("bin_probs", 0),
    ]:  # fmt: skip
        measure_all(book, "binary", {}, name, ignored)
    for name, ignored in [
        ("mc_probs", None), ("mc_logits", None), ("mc_ends", None), ("mc_one", None),
        ("mc_tied", None), ("mc_ignore_minus_1", -1), ("mc_batch_ignored", -1), ("mc_probs", 0),
    ]:  # fmt: skip
        measure_all(book, "multiclass", {"num_classes": C}, name, ignored)
    measure_all(book, "multiclass", {"num_classes": 3}, "mc_image", None)
    for task, prefix, base in [("binary", "bin", {}), ("multiclass", "mc", {"num_classes": C})]:
        measure_all(book, task, base, f"{prefix}_edges", None, bins=(10, 5))
        measure_all(book, task, base, f"{prefix}_edges_15", None, bins=(15,))
    for task, base, names in [
        ("binary", {}, [("bin_probs", None), ("bin_logits", None), ("bin_edges", None), ("bin_ends", None),
                        ("bin_one", None), ("bin_ignore_255", 255)]),
        ("multiclass", {"num_classes": C}, [("mc_probs", None), ("mc_logits", None), ("mc_edges", None),
                                            ("mc_ends", None), ("mc_tied", None), ("mc_ignore_minus_1", -1)]),
    ]:  # fmt: skip
        for name, ignored in names:
            extra = {} if ignored is None else {"ignore_index": ignored}
            for n_bins in (10, 5):
                book.measure("ReliabilityDiagram", task, {**base, **extra, "n_bins": n_bins}, name, diagram)
    from_outside(book)
    error_cases(book)
    return book


def from_outside(book):
    """TorchMetrics #3510: it has 0.35 and 0.5 of 10 bins."""
    scores, target = np.array([0.95, 1, 1, 0.35], s.F32), np.array([1, 0, 1, 0], s.I64)
    book.add_input("bin_3510", s.split({"scores": scores, "target": target}, 1, 3))
    measure_all(book, "binary", {}, "bin_3510", None)
    book.measure("ReliabilityDiagram", "binary", {"n_bins": 10}, "bin_3510", diagram)


def decimal_edges():
    """The edges of 5 and 10 bins: any formula gives the same f32 for them, 0.0 and 1.0 included."""
    return np.concatenate([np.linspace(0, 1, n + 1) for n in (5, 10)]).astype(s.F32)


def torch_edges():
    """The edges of 15 bins as torch.linspace has them, which for some is not i / 15 in f32."""
    return torch.linspace(0, 1, 16).numpy()


def at_edges(name, edges, task):
    target = s.rng(name).integers(0, 2, size=len(edges)).astype(s.I64)
    if task == "multiclass":
        # The winner's score is the edge itself; the others stay below it, whatever they add up to.
        edges = np.stack([edges, edges * 0.5, edges * 0.25, np.zeros_like(edges)], axis=1).astype(s.F32)
    return s.split({"scores": edges, "target": target}, 6, len(edges) - 6)


def add_binary_inputs(book):
    ends = {"scores": np.array([0, 0, 1, 1, 1, 0.5], s.F32), "target": np.array([0, 1, 1, 0, 1, 1], s.I64)}
    perfect = np.array([0, 1, 1, 0, 1], s.I64)
    book.add_inputs(
        {
            "bin_probs": s.split(s.binary_probs("bin_probs", (60,)), 21, 1, 38),
            "bin_logits": logits(s.binary_logits("bin_logits", (50,)), s.sigmoid, 24, 26),
            "bin_mixed_range": [
                s.binary_probs("bin_mixed_a", (20,)),
                *logits(s.binary_logits("bin_mixed_b", (22,)), s.sigmoid, 22),
            ],
            "bin_edges": at_edges("bin_edges", decimal_edges(), "binary"),
            "bin_edges_15": at_edges("bin_edges_15", torch_edges(), "binary"),
            "bin_ends": s.split(ends, 2, 4),
            "bin_one": [{"scores": np.array([0.375], s.F32), "target": np.array([1], s.I64)}],
            "bin_perfect": s.split({"scores": perfect.astype(s.F32), "target": perfect}, 3, 2),
            "bin_ignore_minus_1": s.split(s.with_ignored(s.binary_probs("bin_ignore_minus_1", (40,)), -1), 18, 22),
            "bin_ignore_255": [
                s.with_ignored(b, 255) for b in logits(s.binary_logits("bin_ignore_255", (34,)), s.sigmoid, 20, 14)
            ],
            "bin_all_ignored": s.split(s.all_ignored(s.binary_probs("bin_all_ignored", (6,))), 2, 4),
        }
    )


def add_multiclass_inputs(book):
    ends = np.array([[0, 0, 0, 1], [1, 0, 0, 0], [0, 0, 0, 0], [0, 1, 0, 0]], s.F32)
    whole_batch = s.multiclass_probs("mc_batch_ignored", 30, C)
    whole_batch["target"][9:14] = -1
    book.add_inputs(
        {
            "mc_probs": s.split(s.multiclass_probs("mc_probs", 60, C), 25, 35),
            "mc_logits": logits(s.multiclass_logits("mc_logits", 55, C), s.softmax, 30, 1, 24),
            "mc_edges": at_edges("mc_edges", decimal_edges(), "multiclass"),
            "mc_edges_15": at_edges("mc_edges_15", torch_edges(), "multiclass"),
            "mc_ends": s.split({"scores": ends, "target": np.array([3, 1, 0, 1], s.I64)}, 1, 3),
            "mc_one": [{"scores": s.grid([[0.125, 0.25, 0.5, 0.125]]), "target": np.array([2], s.I64)}],
            "mc_tied": [{"scores": np.full((5, C), 0.25, s.F32), "target": np.array([0, 0, 1, 2, 3], s.I64)}],
            "mc_image": logits(s.multiclass_logits("mc_image", 6, 3, extra=(2, 3)), s.softmax, 2, 4),
            "mc_ignore_minus_1": [
                s.with_ignored(b, -1) for b in logits(s.multiclass_logits("mc_ignore_minus_1", 44, C), s.softmax, 20, 24)
            ],
            "mc_batch_ignored": s.split(whole_batch, 9, 5, 16),
            "mc_all_ignored": s.split(s.all_ignored(s.multiclass_probs("mc_all_ignored", 5, C)), 2, 3),
        }
    )


def logits(batch, activation, *sizes):
    return s.require_logits(s.split(batch, *sizes), activation)


def run(name, task, args, batches):
    """TorchMetrics' formula in f64, on bin edges and confidences as they are in f32.

    f64 edges would move a confidence like 0.7, whose f32 is less than 0.7, to the bin below. The last bin is closed;
    TorchMetrics has one more for a confidence of 1.
    """
    metric = reference.updated(reference.classification_metric(name, task, args), batches)
    confidences = torch.cat(metric.confidences).double()
    exact = _ce_compute(confidences, torch.cat(metric.accuracies), lower_edges(args["n_bins"]), args["norm"]).item()
    if (confidences == 1).any():
        return exact
    return reference.same_decisions(exact, metric.compute().item(), f"{task} {args}")


def lower_edges(n_bins):
    return torch.linspace(0, 1, n_bins + 1).double()[:-1]


def diagram(_name, task, args, batches):
    """TorchMetrics' bins, of which the last is closed: lower and upper edge, count, mean confidence, accuracy.

    A bin without elements has mean 0 there and NaN here. The means are of f64 sums, see `run`.
    """
    metric = reference.updated(reference.classification_metric("CalibrationError", task, args), batches)
    n_bins = args["n_bins"]
    confidences = torch.cat(metric.confidences).double()
    accuracies = torch.cat(metric.accuracies).double()
    accuracy, confidence, share = _binning_bucketize(confidences, accuracies, lower_edges(n_bins))
    counts = (share * len(confidences)).round()
    rows = []
    for i, count in enumerate(counts.int().tolist()):
        means = [confidence[i].item(), accuracy[i].item()] if count else [float("nan")] * 2
        rows.append([i / n_bins, (i + 1) / n_bins, count, *means])
    return rows


def measure_all(book, task, base, name, ignored, bins=BINS):
    extra = {} if ignored is None else {"ignore_index": ignored}
    for n_bins in bins:
        for norm in NORMS:
            args = {**base, **extra, "n_bins": n_bins, "norm": norm}
            book.measure("CalibrationError", task, args, name, run)


def error_cases(book):
    expect = {"binary": {}, "multiclass": {"num_classes": C}}
    hostile = {
        "binary": ("bin", s.binary_probs("hostile_bin", (8,)), 2),
        "multiclass": ("mc", s.multiclass_probs("hostile_mc", 8, C), C),
    }
    for task, (prefix, batch, too_high) in hostile.items():
        args = {**expect[task], "n_bins": 10, "norm": "l1"}
        empty = {**args, "ignore_index": -1}
        book.error("CalibrationError", task, empty, f"{prefix}_all_ignored", "empty")
        bins = {key: value for key, value in empty.items() if key != "norm"}
        book.error("ReliabilityDiagram", task, bins, f"{prefix}_all_ignored", "empty")
        for name, bad, kind in [
            ("label_too_high", s.with_target(batch, 6, too_high), "invalid_label"),
            ("label_negative", s.with_target(batch, 6, -1), "invalid_label"),
            ("nan", s.with_nan(batch, 6), "nan"),
        ]:
            book.add_input(f"{prefix}_{name}", s.split(bad, 5, 3))
            book.error("CalibrationError", task, args, f"{prefix}_{name}", kind, 1)
