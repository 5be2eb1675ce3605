"""Segmentation: how the masks of classes overlap, and how far their surfaces are apart.

Values are by definition in numpy and scipy in f64; they are compared with monai, and with TorchMetrics where that is right.
"""

import math

import monai.metrics
import numpy as np
import torch
import torchmetrics.segmentation
from scipy import ndimage
from scipy.spatial.distance import cdist

from . import samples as s
from .book import Book

METRICS = {"euclidean": "euclidean", "chessboard": "chebyshev", "taxicab": "cityblock"}


def build():
    book = Book()
    for name, (classes, ignore, batches) in inputs().items():
        book.add_input(name, batches)
        pred, target = sides(batches, classes, ignore)
        base = {"num_classes": classes} | ({} if ignore is None else {"ignore_index": ignore})
        values = Values(classes, ignore, pred, target)
        for metric, args, value in values.of_overlaps():
            expect(book, metric, base | args, name, value)
        if not name.startswith("seg_many"):
            for metric, args, value in values.of_surfaces():
                expect(book, metric, base | args, name, value)
        if ignore is None and name != "seg_mixed":
            beside_others(values, name)
    errors(book)
    return book


def expect(book, metric, args, name, value):
    flat = np.asarray(value, dtype=np.float64)
    undefined = flat.size and np.isnan(flat).all() and not args.get("samplewise")
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if undefined:
        nothing = name == "seg_all_ignored" and metric not in SURFACES
        book.error(metric, None, args, name, "empty" if nothing else "undefined")
    else:
        book.expect(metric, None, args, name, value, "scipy" if metric in SURFACES else "numpy")


SURFACES = ("HausdorffDistance", "AverageSurfaceDistance", "NormalizedSurfaceDice")


# --- inputs ---------------------------------------------------------------------------------


def blobs(name, shape, classes, noise=0.25):
    """Smooth regions, and a prediction that is a little off."""
    random = s.rng(name)
    smooth = (0.0,) + (2.0,) * (len(shape) - 1)
    fields = random.normal(size=(classes, *shape))
    target = np.stack([ndimage.gaussian_filter(field, smooth) for field in fields])
    pred = target + noise * np.stack(
        [ndimage.gaussian_filter(field, smooth) for field in random.normal(size=target.shape)]
    )
    return {"pred": pred.argmax(axis=0).astype(s.I64), "target": target.argmax(axis=0).astype(s.I64)}


def noisy(name, shape, classes):
    random = s.rng(name)
    target = random.integers(0, classes, size=shape)
    pred = np.where(random.uniform(size=shape) < 0.4, random.integers(0, classes, size=shape), target)
    return {"pred": pred.astype(s.I64), "target": target.astype(s.I64)}


def inputs():
    plain = noisy("seg_noise", (5, 7, 11), 3)
    images = blobs("seg_images", (5, 20, 33), 4)
    ignored = blobs("seg_ignored", (4, 9, 14), 4)
    ignored["target"][:, 2:4, 3:9] = 255
    absent = blobs("seg_absent", (4, 12, 10), 3)
    absent["target"][1] = np.minimum(absent["target"][1], 1)
    absent["pred"][1] = np.minimum(absent["pred"][1], 1)
    border = {"pred": np.zeros((2, 8, 13), s.I64), "target": np.zeros((2, 8, 13), s.I64)}
    border["pred"][:, :5, 7:] = border["target"][0, 3:, 9:] = border["target"][1, :, :4] = 1
    pixel = {"pred": np.zeros((2, 9, 17), s.I64), "target": np.zeros((2, 9, 17), s.I64)}
    pixel["pred"][0, 1, 2] = pixel["target"][0, 7, 15] = pixel["pred"][1, 8, 16] = pixel["target"][1, 8, 16] = 1
    hollow = {"pred": np.ones((1, 15, 22), s.I64), "target": np.ones((1, 15, 22), s.I64)}
    hollow["pred"][0, 4:9, 5:15] = hollow["target"][0, 6, 11] = 0
    one_sided = blobs("seg_one_sided", (3, 9, 12), 3)
    one_sided["pred"][0] = np.minimum(one_sided["pred"][0], 1)
    one_sided["target"][2] = np.where(one_sided["target"][2] == 1, 0, one_sided["target"][2])
    one_sided["pred"][2, 0, 0] = 1
    nothing = {"pred": np.zeros((2, 5, 6), s.I64), "target": np.zeros((2, 5, 6), s.I64)}
    random = s.rng("seg_scores")
    labels = blobs("seg_scores", (4, 6, 10), 3)["target"]
    scores = s.grid(random.normal(size=(4, 3, 6, 10)) + 1.5 * np.moveaxis(np.eye(3)[labels], -1, 1))
    scores[0, :, 2, 3] = scores[1, 1:, 4, 5] = 2.0  # ties go to the first
    overlapping = {key: (random.uniform(size=(3, 3, 7, 9)) < 0.4).astype(s.I64) for key in ("pred_one_hot", "target_one_hot")}
    empty_channel = {key: array.copy() for key, array in overlapping.items()}
    empty_channel["target_one_hot"][:, 2] = empty_channel["pred_one_hot"][:, 2] = 0
    marked = {key: array.copy() for key, array in overlapping.items()}
    marked["target_one_hot"][:, 1, 2:4] = -1
    mixed = {"scores": scores, "target_one_hot": np.moveaxis(np.eye(3, dtype=s.I64)[labels], -1, 1).copy()}
    return {
        "seg_noise": (3, None, s.split(plain, 2, 3)),
        "seg_images": (4, None, s.split(images, 1, 1, 3)),
        "seg_volume": (3, None, s.split(blobs("seg_volume", (3, 6, 9, 7), 3), 1, 2)),
        "seg_line": (2, None, s.split(noisy("seg_line", (6, 15), 2), 4, 2)),
        "seg_ignored": (4, 255, s.split(ignored, 3, 1)),
        "seg_ignored_class": (4, 2, s.split(images, 2, 3)),
        "seg_ignored_background": (3, 0, s.split(plain, 3, 2)),
        "seg_absent": (4, None, s.split(absent, 2, 2)),
        "seg_border": (2, None, s.split(border, 1, 1)),
        "seg_pixel": (2, None, s.split(pixel, 1, 1)),
        "seg_hollow": (2, None, [hollow]),
        "seg_equal": (3, None, [{"pred": plain["target"], "target": plain["target"]}]),
        "seg_one_sided": (3, None, s.split(one_sided, 1, 2)),
        "seg_nothing": (2, None, s.split(nothing, 1, 1)),
        "seg_all_ignored": (3, -1, [s.all_ignored(plain)]),
        "seg_scores": (3, None, s.split({"scores": scores, "target": labels}, 1, 3)),
        "seg_scores_ignored": (3, 1, s.split({"scores": scores, "target": labels}, 2, 2)),
        "seg_one_hot": (3, None, s.split(overlapping, 2, 1)),
        "seg_one_hot_absent": (3, None, s.split(empty_channel, 1, 2)),
        "seg_one_hot_marked": (3, -1, s.split(marked, 1, 2)),
        "seg_one_hot_class": (3, 1, s.split(overlapping, 1, 2)),
        "seg_mixed": (3, None, s.split(mixed, 3, 1)),
        "seg_many_classes": (70, None, s.split(noisy("seg_many_classes", (3, 16, 17), 70), 2, 1)),
    }


def sides(batches, classes, ignore):
    """Prediction and target as booleans `[N, C, ..]` without what is ignored."""
    whole = {key: np.concatenate([batch[key] for batch in batches]) for key in batches[0]}
    one_hot = lambda labels: np.moveaxis(labels[..., None] == np.arange(classes), -1, 1)
    if "scores" in whole:
        pred = one_hot(whole["scores"].argmax(axis=1))
    else:
        pred = whole["pred_one_hot"] == 1 if "pred_one_hot" in whole else one_hot(whole["pred"])
    if "target" in whole:
        target = one_hot(whole["target"])
        left_out = (whole["target"] == ignore)[:, None] if ignore is not None else np.zeros(1, bool)
    else:
        target = whole["target_one_hot"] == 1
        if ignore is not None and 0 <= ignore < classes:
            left_out = target[:, ignore][:, None]
        else:
            left_out = whole["target_one_hot"] == ignore
    return pred & ~left_out, target & ~left_out


# --- values ---------------------------------------------------------------------------------


def nan_mean(values):
    values = np.asarray(values, dtype=np.float64)
    values = values[~np.isnan(values)]
    return values.mean() if values.size else math.nan


def per_class(values):
    return [nan_mean(column) for column in np.asarray(values).T]


class Values:
    def __init__(self, classes, ignore, pred, target):
        self.classes, self.ignore, self.pred, self.target = classes, ignore, pred, target
        axes = tuple(range(2, pred.ndim))
        self.counts = [side.sum(axis=axes).astype(np.float64) for side in (pred & target, pred, target)]
        self.spatial = pred.shape[2:]

    def counted(self, background):
        skip = {self.ignore} | (set() if background or self.classes == 1 else {0})
        return np.array([c for c in range(self.classes) if c not in skip])

    def full(self, values, background):
        """NaN for the classes that do not count."""
        out = np.full(np.asarray(values).shape, np.nan)
        counted = self.counted(background)
        out[..., counted] = np.asarray(values)[..., counted]
        return out

    def of_overlaps(self):
        hits, pred, target = self.counts
        for background in (True, False):
            extra = {} if background else {"include_background": False}
            own = self.counted(background)
            for average in ("macro", "micro", "weighted", "none"):
                args = extra | ({} if average == "macro" else {"average": average})
                pairs = self.full(self.dice(hits, pred, target), background)
                values = [self.average(counts, own, average) for counts in zip(hits, pred, target)]
                yield "DiceScore", args, per_class(pairs) if average == "none" else nan_mean(values)
                yield "DiceScore", args | {"samplewise": True}, pairs.tolist() if average == "none" else values
                total = [side.sum(axis=0) for side in self.counts]
                value = self.full(self.dice(*total), background) if average == "none" else self.average(total, own, average)
                yield "DiceScore", args | {"aggregation_level": "global"}, value
            for weight in ("square", "simple", "linear"):
                args = extra | ({} if weight == "square" else {"weight_type": weight})
                values = [self.generalized(counts, own, weight) for counts in zip(hits, pred, target)]
                yield "GeneralizedDiceScore", args, nan_mean(values)
                if weight == "square":
                    yield "GeneralizedDiceScore", args | {"samplewise": True}, values
            pairs = self.full(self.dice(hits, pred, target), background)
            yield "GeneralizedDiceScore", extra | {"per_class": True}, per_class(pairs)
            pairs = self.full(self.iou(hits, pred, target), background)
            yield "MeanIoU", extra, nan_mean(pairs)
            yield "MeanIoU", extra | {"per_class": True}, per_class(pairs)
            yield "MeanIoU", extra | {"samplewise": True}, [nan_mean(row) for row in pairs]
            total = self.full(self.iou(*[side.sum(axis=0) for side in self.counts]), background)
            yield "MeanIoU", extra | {"global": True}, nan_mean(total)
            yield "MeanIoU", extra | {"global": True, "per_class": True}, total

    @staticmethod
    def dice(hits, pred, target):
        return 2 * hits / np.where(pred + target > 0, pred + target, np.nan)

    @staticmethod
    def iou(hits, pred, target):
        union = pred + target - hits
        return hits / np.where(union > 0, union, np.nan)

    def average(self, counts, own, average):
        hits, pred, target = (side[own] for side in counts)
        if average == "micro":
            return float(self.dice(hits.sum(), pred.sum(), target.sum()))
        dice = self.dice(hits, pred, target)
        if average == "macro" or np.isnan(dice).all():
            return nan_mean(dice)
        if target.sum() == 0:
            return 0.0
        return float(np.nansum(dice * target / target.sum()))

    def generalized(self, counts, own, weight):
        if sum(side.sum() for side in counts[1:]) == 0:
            return math.nan
        hits, pred, target = (side[own] for side in counts)
        with np.errstate(divide="ignore"):
            weights = {"square": 1 / target**2, "simple": 1 / target, "linear": np.ones_like(target)}[weight]
        infinite = np.isinf(weights)
        weights[infinite] = 0
        weights[infinite] = weights.max(initial=0)
        below = (weights * (pred + target)).sum()
        if below > 0:
            return 2 * (weights * hits).sum() / below
        return 0.0 if pred.sum() > 0 else 1.0

    def of_surfaces(self):
        uneven = [1.5, 0.7, 2.25][: len(self.spatial)]
        for args in ({}, {"include_background": True}, {"spacing": uneven}, {"distance_metric": "taxicab"}, {"distance_metric": "chessboard"},
                     {"distance_metric": "chessboard", "spacing": uneven}):
            background = args.get("include_background", False)
            found = self.distances(args.get("spacing"), args.get("distance_metric", "euclidean"))
            one_sided = any(kind == "one" for (_, c), (kind, _) in found.items() if c in self.counted(background))
            for metric, more, of in (
                ("HausdorffDistance", {}, lambda a, b: max(a.max(), b.max())),
                ("HausdorffDistance", {"directed": True}, lambda a, b: a.max()),
                ("HausdorffDistance", {"percentile": 95}, lambda a, b: max(np.percentile(a, 95), np.percentile(b, 95))),
                ("HausdorffDistance", {"percentile": 40, "directed": True}, lambda a, b: np.percentile(a, 40)),
                ("AverageSurfaceDistance", {}, lambda a, b: np.concatenate([a, b]).mean()),
                ("AverageSurfaceDistance", {"directed": True}, lambda a, b: a.mean()),
            ):
                if "distance_metric" in args and more.get("directed"):
                    continue
                for missing in (None, "skip", 50.0):
                    pairs = self.pairs(found, background, of, {None: math.nan, "skip": math.nan}.get(missing, missing))
                    left = {} if missing is None else {"one_sided": missing}
                    if missing is None and one_sided:
                        yield metric, args | more, math.nan
                        continue
                    if missing is not None and (args or more.get("directed") or not one_sided):
                        continue
                    yield metric, args | more | left, nan_mean(pairs)
                    if not args:
                        yield metric, more | left | {"per_class": True}, per_class(pairs)
            for tolerance in (1.0, 0.0, 2.5):
                share = lambda a, b: ((a <= tolerance).sum() + (b <= tolerance).sum()) / (len(a) + len(b))
                pairs = self.pairs(found, background, share, 0.0)
                more = {} if tolerance == 1 else {"tolerance": tolerance}
                yield "NormalizedSurfaceDice", args | more, nan_mean(pairs)
        for share in (0.02, 0.1):
            args = {} if share == 0.02 else {"dilation_ratio": share}
            regions = self.borders(share)
            pairs = self.full(self.iou(*regions), False)
            yield "BoundaryIoU", args, nan_mean(pairs)
            yield "BoundaryIoU", args | {"include_background": True}, nan_mean(self.full(self.iou(*regions), True))
            yield "BoundaryIoU", args | {"per_class": True}, per_class(pairs)
            total = self.full(self.iou(*[side.sum(axis=0) for side in regions]), False)
            yield "BoundaryIoU", args | {"global": True}, nan_mean(total)

    def pairs(self, found, background, of, missing):
        values = np.full(self.pred.shape[:2], np.nan)
        for (n, c), (kind, distances) in found.items():
            if kind == "both":
                values[n, c] = of(*distances)
            elif kind == "one":
                values[n, c] = missing
        return self.full(values, background)

    def distances(self, spacing, metric):
        """Of each sample and class which sides have it, and the distances of their surfaces."""
        found = {}
        for n, c in np.ndindex(*self.pred.shape[:2]):
            masks = [side[n, c] for side in (self.pred, self.target)]
            if not any(mask.any() for mask in masks) or c == self.ignore:
                found[n, c] = ("none", None)
            elif not all(mask.any() for mask in masks):
                found[n, c] = ("one", None)
            else:
                edges = [mask & ~ndimage.binary_erosion(mask) for mask in masks]
                found[n, c] = ("both", [way(*edges, spacing, metric), way(*edges[::-1], spacing, metric)])
        return found

    def borders(self, share):
        width = max(1, round(share * math.sqrt(sum(size**2 for size in self.spatial))))
        box = np.ones((3,) * len(self.spatial))
        both = []
        for side in (self.pred, self.target):
            inner = [ndimage.binary_erosion(side[n, c], box, iterations=width) for n, c in np.ndindex(*side.shape[:2])]
            both.append(side & ~np.array(inner).reshape(side.shape))
        axes = tuple(range(2, self.pred.ndim))
        return [side.sum(axis=axes).astype(np.float64) for side in (both[0] & both[1], *both)]


def way(one, other, spacing, metric):
    """From each pixel of a surface to the nearest of the other."""
    spacing = np.ones(one.ndim) if spacing is None else np.asarray(spacing)
    here, there = (np.argwhere(side) * spacing for side in (one, other))
    distances = cdist(here, there, METRICS[metric]).min(axis=1)
    if metric == "euclidean":
        transformed = ndimage.distance_transform_edt(~other, sampling=spacing)[one]
        np.testing.assert_allclose(distances, transformed, rtol=1e-12)
    return distances


# --- others ---------------------------------------------------------------------------------


def beside_others(values, name):
    pred, target = (torch.tensor(side.astype(np.int64)) for side in (values.pred, values.target))
    ours = {}
    for metric, args, value in values.of_overlaps():
        ours[metric, tuple(sorted(args.items()))] = value
    key = lambda metric, **args: ours[metric, tuple(sorted(args.items()))]
    for average in ("macro", "micro", "weighted", "none"):
        for level in ("samplewise", "global"):
            theirs = torchmetrics.segmentation.DiceScore(values.classes, average=average, aggregation_level=level)(pred, target)
            args = ({} if average == "macro" else {"average": average}) | ({"aggregation_level": level} if level == "global" else {})
            close(key("DiceScore", **args), theirs, f"{name} DiceScore {args}")
    close(key("MeanIoU"), torchmetrics.segmentation.MeanIoU(values.classes)(pred, target), f"{name} MeanIoU")
    theirs = torchmetrics.segmentation.MeanIoU(values.classes, per_class=True)(pred, target)
    theirs[theirs < 0] = math.nan  # a class that no sample has
    close(key("MeanIoU", per_class=True), theirs, f"{name} MeanIoU per class")
    if (pred.sum(dim=1) == 1).all():
        for weight, type_name in (("square", {}), ("simple", {"weight_type": "simple"}), ("uniform", {"weight_type": "linear"})):
            theirs = monai.metrics.compute_generalized_dice(pred, target, weight_type=weight, sum_over_classes=True)
            close(key("GeneralizedDiceScore", **type_name), theirs.mean(), f"{name} generalized {weight}")
            theirs = monai.metrics.compute_generalized_dice(
                pred, target, include_background=False, weight_type=weight, sum_over_classes=True
            )
            close(key("GeneralizedDiceScore", include_background=False, **type_name), theirs.mean(), f"{name} generalized {weight}")
    if pred.ndim < 4 or name.startswith("seg_many"):
        return
    for spacing in (None, [1.5, 0.7, 2.25][: len(values.spatial)]):
        found = values.distances(spacing, "euclidean")
        for percentile in (None, 95, 40):
            theirs = monai.metrics.compute_hausdorff_distance(
                pred, target, include_background=True, percentile=percentile, spacing=spacing
            )
            of = lambda a, b: max(np.percentile(side, percentile or 100) for side in (a, b))
            close_pairs(values.pairs(found, True, of, math.nan), theirs, f"{name} hausdorff {percentile}")
        theirs = monai.metrics.compute_average_surface_distance(
            pred, target, include_background=True, symmetric=True, spacing=spacing
        )
        of = lambda a, b: np.concatenate([a, b]).mean()
        close_pairs(values.pairs(found, True, of, math.nan), theirs, f"{name} average surface distance")
        theirs = monai.metrics.compute_surface_dice(
            pred, target, [2.5] * values.classes, include_background=True, spacing=spacing
        )
        of = lambda a, b: ((a <= 2.5).sum() + (b <= 2.5).sum()) / (len(a) + len(b))
        close_pairs(values.pairs(found, True, of, 0.0), theirs, f"{name} surface dice")


def close(ours, theirs, what):
    ours, theirs = np.asarray(ours, dtype=np.float64), np.asarray(theirs, dtype=np.float64)
    if not np.allclose(ours, theirs, rtol=1e-4, atol=1e-6, equal_nan=True):
        raise AssertionError(f"{what}: {ours} by definition, {theirs} of the other")


def close_pairs(ours, theirs, what):
    """A pair without a value is NaN or infinite to monai."""
    theirs = np.asarray(theirs, dtype=np.float64)
    close(ours, np.where(np.isinf(theirs), math.nan, theirs), what)


def errors(book):
    three = {"num_classes": 3}
    book.add_input("seg_no_samples", [{"pred": np.zeros((0, 4, 5), s.I64), "target": np.zeros((0, 4, 5), s.I64)}])
    bad = noisy("seg_invalid", (2, 4, 5), 3)
    bad["pred"][0, 1, 2], bad["target"][1, 2, :2] = 3, -1
    book.add_input("seg_invalid", [bad])
    nan = {"scores": np.zeros((2, 3, 4, 5), s.F32), "target": bad["pred"] % 3}
    nan["scores"][0, 1, 2, 3] = nan["scores"][1, 2, 0, 0] = np.nan
    book.add_input("seg_nan", [nan])
    for metric in ("DiceScore", "GeneralizedDiceScore", "MeanIoU", *SURFACES, "BoundaryIoU"):
        book.error(metric, None, three, "seg_no_samples", "empty")
        book.error(metric, None, three, "seg_invalid", "invalid_label", 3)
        book.error(metric, None, three, "seg_nan", "nan", 2)
    book.error("HausdorffDistance", None, three | {"percentile": 101}, "seg_noise", "invalid_option")
    book.error("HausdorffDistance", None, three | {"spacing": [1.0, -1.0]}, "seg_noise", "invalid_option")
    book.error("NormalizedSurfaceDice", None, three | {"tolerance": -0.5}, "seg_noise", "invalid_option")
    book.error("BoundaryIoU", None, three | {"dilation_ratio": 0.0}, "seg_noise", "invalid_option")
