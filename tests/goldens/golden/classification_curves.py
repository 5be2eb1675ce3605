"""ROC, AUROC, precision-recall curves, average precision and points of curves, exact and binned."""

import numpy as np

from . import curve_definitions
from . import samples as s
from .book import Book

C, L = 4, 3  # small: curves are long
LIST = [0.0, 0.25, 0.5, 0.8, 1.0]
THRESHOLDS = (None, 5, 20, LIST)
CURVES = ("ROC", "PrecisionRecallCurve")
AREAS = ("AUROC", "AveragePrecision")
# One point of a curve, where the other coordinate is at least the option.
POINTS = {
    "RecallAtFixedPrecision": "min_precision",
    "PrecisionAtFixedRecall": "min_recall",
    "SensitivityAtSpecificity": "min_specificity",
    "SpecificityAtSensitivity": "min_sensitivity",
}
LEAST = {"None": (0.35, 0.75), "5": (0.35,), str(LIST): (0.75,)}  # by thresholds
EER_AVERAGES = {"multiclass": ({}, {"average": "micro"}, {"average": "macro"})}
CURVE_AVERAGES = ("micro", "macro", "weighted")
AVERAGES = {"multiclass": ("macro", "weighted", "none"), "multilabel": ("micro", "macro", "weighted", "none")}


def build():
    book = Book()
    add_binary_inputs(book)
    add_multiclass_inputs(book)
    add_multilabel_inputs(book)
    binary_cases(book)
    multiclass_cases(book)
    multilabel_cases(book)
    error_cases(book)
    extreme_points(book)
    averaged_curves(book)
    from_outside(book)
    known_differences(book)
    return book


# --- inputs --------------------------------------------------------------------------------


def add_binary_inputs(book):
    edges = np.array([0.0, 0.25, 0.5, 0.8, 1.0, 0.25, 0.5, 0.8, 1.0, 0.0], dtype=s.F32)
    edge_target = np.array([0, 1, 0, 1, 1, 0, 1, 0, 0, 1], dtype=s.I64)
    for name, target in {"bin_all_zero": 0, "bin_all_one": 1}.items():
        batch = s.binary_probs(name, (9,))
        batch["target"][:] = target
        book.add_input(name, s.split(batch, 4, 5))
    target = (np.arange(14) % 3 == 0).astype(s.I64)
    apart = s.grid(np.where(target == 1, 0.6, 0.1) + 0.3 * s.rng("bin_perfect").uniform(size=14))
    book.add_inputs(
        {
            "bin_probs": s.split(s.binary_probs("bin_probs", (36,)), 14, 1, 21),
            "bin_logits": bin_logits("bin_logits", 30, 12, 18),
            "bin_mixed_range": [s.binary_probs("bin_mixed_a", (11,)), *bin_logits("bin_mixed_b", 13, 13)],
            "bin_ties": s.split(s.tied(s.binary_probs("bin_ties", (40,))), 15, 25),
            "bin_all_tied": [{"scores": np.full(8, 0.4, s.F32), "target": target[:8]}],
            "bin_edges": s.split({"scores": edges, "target": edge_target}, 4, 6),
            "bin_one": [{"scores": np.array([0.75], s.F32), "target": np.array([1], s.I64)}],
            "bin_perfect": s.split({"scores": apart, "target": target}, 5, 9),
            "bin_inverted": s.split({"scores": apart, "target": 1 - target}, 5, 9),
            "bin_ignore_minus_1": s.split(s.with_ignored(s.binary_probs("bin_ignore_minus_1", (30,)), -1), 12, 18),
            "bin_ignore_255": [s.with_ignored(b, 255) for b in bin_logits("bin_ignore_255", 26, 17, 9)],
            "bin_all_ignored": s.split(s.all_ignored(s.binary_probs("bin_all_ignored", (7,))), 3, 4),
        }
    )


def bin_logits(name, n, *sizes):
    return s.require_logits(s.split(s.binary_logits(name, (n,)), *sizes), s.sigmoid)


def add_multiclass_inputs(book):
    # Class 2 is scored but never occurs.
    absent = s.with_target_moved(s.multiclass_probs("mc_absent", 24, C), 2, 3)
    whole_batch = s.multiclass_probs("mc_batch_ignored", 20, C)
    whole_batch["target"][8:12] = -1
    book.add_inputs(
        {
            "mc_probs": s.split(s.multiclass_probs("mc_probs", 30, C), 13, 17),
            "mc_logits": mc_logits("mc_logits", 28, C, 9, 1, 18),
            "mc_ties": s.split(s.tied(s.multiclass_probs("mc_ties", 32, C)), 20, 12),
            "mc_absent": s.split(absent, 10, 14),
            "mc_image": mc_logits("mc_image", 4, 3, 1, 3, extra=(2, 3)),
            # Not class 0, see known_differences.
            "mc_one": [{"scores": s.grid([[0.125, 0.25, 0.5, 0.125]]), "target": np.array([2], s.I64)}],
            "mc_perfect": s.split(s.certain(np.arange(17) % C, C), 8, 9),
            "mc_ignore_minus_1": [
                s.with_ignored(b, -1) for b in mc_logits("mc_ignore_minus_1", 27, C, 14, 13)
            ],
            "mc_batch_ignored": s.split(whole_batch, 8, 4, 8),
            "mc_all_ignored": s.split(s.all_ignored(s.multiclass_probs("mc_all_ignored", 5, C)), 2, 3),
        }
    )


def mc_logits(name, n, classes, *sizes, extra=()):
    batches = s.split(s.multiclass_logits(name, n, classes, extra=extra), *sizes)
    return s.require_logits(batches, s.softmax)


def add_multilabel_inputs(book):
    never = s.binary_probs("ml_never_positive", (22, L))
    never["target"][:, 1] = 0
    always = s.binary_probs("ml_always_positive", (18, L))
    always["target"][:, 0] = 1
    ignored_label = s.binary_probs("ml_ignored_label", (14, L))
    ignored_label["target"][:, 2] = -1
    perfect = s.binary_probs("ml_perfect", (13, L))["target"]
    jitter = s.rng("ml_perfect_jitter").uniform(size=perfect.shape)
    book.add_inputs(
        {
            "ml_probs": s.split(s.binary_probs("ml_probs", (28, L)), 10, 18),
            "ml_logits": ml_logits("ml_logits", 24, 7, 17),
            "ml_mixed_range": [s.binary_probs("ml_mixed_a", (9, L)), *ml_logits("ml_mixed_b", 10, 10)],
            "ml_ties": s.split(s.tied(s.binary_probs("ml_ties", (30, L))), 1, 29),
            "ml_never_positive": s.split(never, 12, 10),
            "ml_always_positive": s.split(always, 8, 10),
            "ml_one": [s.binary_probs("ml_one", (1, L))],
            "ml_perfect": s.split({"scores": s.grid(0.1 + 0.5 * perfect + 0.3 * jitter), "target": perfect}, 6, 7),
            "ml_ignore_minus_1": s.split(s.with_ignored(s.binary_probs("ml_ignore_minus_1", (26, L)), -1), 12, 14),
            "ml_ignore_255": [s.with_ignored(b, 255, every=5) for b in ml_logits("ml_ignore_255", 20, 9, 11)],
            "ml_ignored_label": s.split(ignored_label, 5, 9),
            "ml_all_ignored": s.split(s.all_ignored(s.binary_probs("ml_all_ignored", (5, L))), 2, 3),
        }
    )


def ml_logits(name, n, *sizes):
    return s.require_logits(s.split(s.binary_logits(name, (n, L)), *sizes), s.sigmoid)


# --- cases ---------------------------------------------------------------------------------


def measure(book, metric, task, args, name):
    curve_definitions.measure(book, metric, task, args, name)


def measure_all(book, task, base, name, averages=({},)):
    """All metrics on one input, for all kinds of thresholds."""
    for thresholds in THRESHOLDS:
        for metric in CURVES:
            measure(book, metric, task, {**base, "thresholds": thresholds}, name)
        for metric in AREAS:
            for average in averages:
                measure(book, metric, task, {**base, **average, "thresholds": thresholds}, name)
        for average in EER_AVERAGES.get(task, ({},)):
            if str(thresholds) in LEAST:
                measure(book, "EER", task, {**base, **average, "thresholds": thresholds}, name)
        for metric, option in POINTS.items():
            for least in LEAST.get(str(thresholds), ()):
                measure(book, metric, task, {**base, option: least, "thresholds": thresholds}, name)


def binary_cases(book):
    plain = (
        "bin_probs", "bin_logits", "bin_mixed_range", "bin_ties", "bin_all_tied", "bin_edges", "bin_all_zero",
        "bin_all_one", "bin_one", "bin_perfect", "bin_inverted",
    )  # fmt: skip
    for name in plain:
        measure_all(book, "binary", {}, name)
        for thresholds in (None, 20):
            measure(book, "AUROC", "binary", {"max_fpr": 0.3, "thresholds": thresholds}, name)
    for name, ignored in [("bin_ignore_minus_1", -1), ("bin_ignore_255", 255), ("bin_probs", 0)]:
        measure_all(book, "binary", {"ignore_index": ignored}, name)


def averages_of(task):
    return [{"average": average} for average in AVERAGES[task]]


def multiclass_cases(book):
    base, averages = {"num_classes": C}, averages_of("multiclass")
    for name in ("mc_probs", "mc_logits", "mc_ties", "mc_absent", "mc_one", "mc_perfect"):
        measure_all(book, "multiclass", base, name, averages)
    measure_all(book, "multiclass", {"num_classes": 3}, "mc_image", averages)
    for name, ignored in [("mc_ignore_minus_1", -1), ("mc_batch_ignored", -1), ("mc_probs", 0)]:
        measure_all(book, "multiclass", {**base, "ignore_index": ignored}, name, averages)


def multilabel_cases(book):
    base, averages = {"num_labels": L}, averages_of("multilabel")
    for name in (
        "ml_probs", "ml_logits", "ml_mixed_range", "ml_ties", "ml_never_positive", "ml_always_positive", "ml_one",
        "ml_perfect",
    ):  # fmt: skip
        measure_all(book, "multilabel", base, name, averages)
    for name, ignored in [("ml_ignore_minus_1", -1), ("ml_ignore_255", 255), ("ml_ignored_label", -1), ("ml_probs", 0)]:
        measure_all(book, "multilabel", {**base, "ignore_index": ignored}, name, averages)


BASE = {"binary": {}, "multiclass": {"num_classes": C}, "multilabel": {"num_labels": L}}


def expect_error(book, task, extra, name, kind, count=None):
    for thresholds in (None, 20):
        for metric in CURVES + AREAS:
            average = {"average": "macro"} if metric in AREAS and task != "binary" else {}
            args = {**BASE[task], **average, **extra, "thresholds": thresholds}
            book.error(metric, task, args, name, kind, count)
        for metric, option in POINTS.items():
            args = {**BASE[task], **extra, option: 0.5, "thresholds": thresholds}
            book.error(metric, task, args, name, kind, count)


def error_cases(book):
    hostile = {
        "binary": ("bin", s.binary_probs("hostile_bin", (8,)), 2),
        "multiclass": ("mc", s.multiclass_probs("hostile_mc", 8, C), C),
        "multilabel": ("ml", s.binary_probs("hostile_ml", (8, L)), 2),
    }
    for task, (prefix, batch, too_high) in hostile.items():
        expect_error(book, task, {"ignore_index": -1}, f"{prefix}_all_ignored", "empty")
        for name, bad, kind in [
            ("label_too_high", s.with_target(batch, 6, too_high), "invalid_label"),
            ("label_negative", s.with_target(batch, 6, -1), "invalid_label"),
            ("nan", s.with_nan(batch, 6), "nan"),
        ]:
            # Along axis 0, index 6 may lie in either batch.
            book.add_input(f"{prefix}_{name}", s.split(bad, 5, 3))
            expect_error(book, task, {}, f"{prefix}_{name}", kind, 1)


def extreme_points(book):
    """Conditions that every point meets, and that few do."""
    for task, name in {"binary": "bin_ties", "multiclass": "mc_ties", "multilabel": "ml_ties"}.items():
        for metric, option in POINTS.items():
            for least in (0.0, 1.0):
                for thresholds in (None, LIST):
                    measure(book, metric, task, {**BASE[task], option: least, "thresholds": thresholds}, name)


def averaged_curves(book):
    """One curve of several, whose area is the average of the areas."""
    for task, name in [
        ("multiclass", "mc_probs"), ("multiclass", "mc_ties"), ("multiclass", "mc_absent"),
        ("multilabel", "ml_probs"), ("multilabel", "ml_ties"), ("multilabel", "ml_never_positive"),
    ]:  # fmt: skip
        for metric in CURVES:
            for thresholds in (None, 5, [0.3, 0.6]):
                for average in CURVE_AVERAGES:
                    measure(book, metric, task, {**BASE[task], "average": average, "thresholds": thresholds}, name)


def from_outside(book):
    """What others reported."""
    two = {"scores": s.grid([[0.7, 0.2, 0.1], [0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.1, 0.8, 0.1]]),
           "target": np.array([0, 0, 1, 1], s.I64)}  # fmt: skip
    book.add_input("mc_348", s.split(two, 1, 3))
    for metric in AREAS:
        for average in AVERAGES["multiclass"]:
            for thresholds in (None, 5):
                args = {"num_classes": 3, "average": average, "thresholds": thresholds}
                measure(book, metric, "multiclass", args, "mc_348")
    # Scores at the highest threshold; at none of the thresholds; between the lowest of them and 0.
    scores, target = np.array([0.2, 0.6, 0.8, 1, 1, 1], s.F32), np.array([0, 0, 1, 1, 0, 1], s.I64)
    book.add_input("bin_857", s.split({"scores": scores, "target": target}, 2, 4))
    for thresholds in (None, 11, [0.5], [0.9, 0.3], [0.7]):
        measure_all_at(book, "binary", {}, "bin_857", thresholds)
        measure_all_at(book, "multiclass", {"num_classes": C}, "mc_ties", thresholds) if thresholds not in (None, 11) else None


def measure_all_at(book, task, base, name, thresholds):
    for metric in (*CURVES, *AREAS, "EER"):
        measure(book, metric, task, {**base, "thresholds": thresholds}, name)
    for metric, option in POINTS.items():
        measure(book, metric, task, {**base, option: 0.6, "thresholds": thresholds}, name)


def known_differences(book):
    book.skip(
        "PrecisionRecallCurve,AveragePrecision/multiclass/thresholds=null/all_targets_class_0",
        "precision_recall_curve.py:_binary_precision_recall_curve_compute asks `(target == 0).all()` to find out "
        "whether there is no positive sample, also where the positive label is a class index. With all targets of "
        "class 0 the recall of every class becomes 1 at all thresholds, class 0 included, whose recall is defined.",
    )
