"""Dice."""

import numpy as np
import torch
from sklearn import metrics as sk
from torchmetrics.segmentation import DiceScore

from . import reference
from .book import Book
from .classification_inputs import (
    C,
    L,
    add_binary_inputs,
    add_multiclass_inputs,
    add_multilabel_inputs,
    joined,
    probabilities,
)


NAN = float("nan")
AVERAGES = ("micro", "macro", "weighted", "none")


def build():
    book = Book()
    add_binary_inputs(book)
    add_multiclass_inputs(book)
    add_multilabel_inputs(book)
    dice_cases(book)
    book.drop_unused_inputs()
    return book


def dice(task, args, batches, ignored=None):
    options = {key: value for key, value in args.items() if key in ("average", "include_background")}
    width = args["num_classes"] if task == "multiclass" else args["num_labels"]
    form = "index" if task == "multiclass" else "one-hot"
    metric = DiceScore(num_classes=width, aggregation_level="global", input_format=form, **options)
    for batch in batches:
        pred, target = batch["pred"], batch["target"]
        pred, target = pred[target != ignored] if ignored is not None else pred, target[target != ignored] if ignored is not None else target
        shape = (1, -1) if task == "multiclass" else (1, *pred.T.shape)
        metric.update(*(torch.tensor(array.T.reshape(shape)) for array in (pred, target)))
    plain = reference.to_list(metric.compute())
    with reference.float64_arithmetic():
        exact = reference.to_list(metric.compute())
    return reference.same_decisions(exact, plain, f"dice {args}")


def dice_cases(book):
    for average in AVERAGES:
        for background in (True, False):
            extra = {} if background else {"include_background": False}
            for name in ("mc_labels", "mc_labels_worse", "mc_unseen", "mc_background", "mc_single"):
                args = {"num_classes": C, "average": average, **extra}
                if name == "mc_background" and not background:  # DiceScore has NaN here but 0 for the weights
                    book.expect("Dice", "multiclass", args, name, [NAN] * (C - 1) if average == "none" else NAN, "design")
                    continue
                book.expect("Dice", "multiclass", args, name, dice("multiclass", args, book.inputs[name]), "torchmetrics")
            args = {"num_labels": L, "average": average, **extra}
            book.expect("Dice", "multilabel", args, "ml_masks", dice("multilabel", args, book.inputs["ml_masks"]), "torchmetrics")
        args = {"num_classes": C, "average": average, "ignore_index": -1}
        value = dice("multiclass", args, book.inputs["mc_labels_ignored"], -1)
        book.expect("Dice", "multiclass", args, "mc_labels_ignored", value, "torchmetrics")
    for name in ("bin_probs", "bin_logits", "bin_labels", "bin_one", "bin_perfect", "bin_positive"):
        batches = book.inputs[name]
        pred = joined(batches, "pred") if "pred" in batches[0] else np.concatenate(
            [probabilities(batch, "sigmoid") > 0.5 for batch in batches]
        )
        value = sk.f1_score(joined(batches, "target"), pred, zero_division=np.nan)
        book.expect("Dice", "binary", {}, name, float(value), "sklearn")
