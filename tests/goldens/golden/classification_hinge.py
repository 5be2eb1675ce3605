"""Hinge loss."""

import numpy as np
import torch
from sklearn import metrics as sk
from torchmetrics.functional.classification.hinge import _binary_hinge_loss_update, _multiclass_hinge_loss_update

from . import reference
from . import samples as s
from .book import Book
from .classification_inputs import (
    C,
    add_binary_inputs,
    add_multiclass_inputs,
    error_cases,
    joined,
    probabilities,
    weights_of,
)




def build():
    book = Book()
    add_binary_inputs(book)
    add_multiclass_inputs(book)
    hinge_cases(book)
    hostile_cases(book)
    book.drop_unused_inputs()
    return book


def hinge_rows(args, task, batches, raw):
    """The losses of rows that are not ignored, by TorchMetrics' formula in f64."""
    activation = "sigmoid" if task == "binary" else "softmax"
    rows = []
    for batch in batches:
        scores = batch["scores"].astype(np.float64) if raw else probabilities(batch, activation)
        if task == "multiclass":
            scores = np.moveaxis(scores, 1, -1).reshape(-1, scores.shape[1])
        for row, target in zip(scores, batch["target"].ravel()):
            if target == args.get("ignore_index"):
                continue
            target = torch.tensor([target])
            if task == "binary":
                loss, _ = _binary_hinge_loss_update(torch.tensor([row]), target, args["squared"])
            elif raw:  # scikit-learn's formula: TorchMetrics has no way around softmax
                others = np.delete(row, target.item())
                loss = np.maximum(0, 1 - (row[target.item()] - others.max())) ** (2 if args["squared"] else 1)
                loss = torch.tensor(loss)
            else:
                tensor = torch.tensor(row[None])
                loss, _ = _multiclass_hinge_loss_update(tensor, target, args["squared"], args["multiclass_mode"])
            rows.append(loss.numpy())
    return np.stack(rows)


def hinge_cases(book):
    binary = [("bin_probs", {}), ("bin_logits", {}), ("bin_far", {}), ("bin_one", {}), ("bin_constant", {}),
              ("bin_positive", {}), ("bin_perfect", {}), ("bin_ignored", {"ignore_index": -1}),
              ("bin_probs", {"ignore_index": 0})]  # fmt: skip
    multiclass = [("mc_probs", C, {}), ("mc_logits", C, {}), ("mc_two", 2, {}), ("mc_tied", C, {}), ("mc_one", C, {}),
                  ("mc_image", C, {}), ("mc_ignored", C, {"ignore_index": -1})]  # fmt: skip
    for squared in (False, True):
        for name, extra in binary:
            add_hinge(book, "binary", {"squared": squared, **extra}, name)
        for name in ("bin_weighted", "bin_weighted_logits"):
            add_hinge(book, "binary", {"squared": squared}, name)
        for name in ("bin_logits", "bin_weighted_logits", "bin_probs"):
            add_hinge(book, "binary", {"squared": squared, "raw_scores": True}, name)
        for mode in ("crammer-singer", "one-vs-all"):
            for name, classes, extra in multiclass:
                args = {"num_classes": classes, "squared": squared, "multiclass_mode": mode, **extra}
                add_hinge(book, "multiclass", args, name)
            for name in ("mc_weighted", "mc_weighted_logits"):
                args = {"num_classes": C, "squared": squared, "multiclass_mode": mode}
                add_hinge(book, "multiclass", args, name)
        args = {"num_classes": C, "squared": squared, "multiclass_mode": "crammer-singer", "raw_scores": True}
        for name in ("mc_logits", "mc_weighted_logits"):
            add_hinge(book, "multiclass", args, name)


def add_hinge(book, task, args, name):
    batches = book.inputs[name]
    raw, weights = args.get("raw_scores", False), weights_of(batches)
    rows = hinge_rows(args, task, batches, raw)
    value = np.average(rows, axis=0, weights=weights).tolist()
    if raw or weights is not None:
        if not args["squared"] and args.get("multiclass_mode") != "one-vs-all":
            scores = joined(batches, "scores") if raw else np.concatenate(
                [probabilities(b, "sigmoid" if task == "binary" else "softmax") for b in batches]
            )
            labels = list(range(args["num_classes"])) if task == "multiclass" else None
            target = joined(batches, "target")
            theirs = sk.hinge_loss(target, scores.astype(np.float64), labels=labels, sample_weight=weights)
            assert np.isclose(theirs, value, rtol=1e-12), (name, theirs, value)
        return book.expect("HingeLoss", task, args, name, value, "sklearn")
    metric = reference.updated(reference.classification_metric("HingeLoss", task, args), batches)
    reference.same_decisions(value, reference.to_list(metric.compute()), f"{name} {args}")
    book.expect("HingeLoss", task, args, name, value, "torchmetrics")


def hostile_cases(book):
    binary = {"squared": False}
    multiclass = {"num_classes": C, "squared": False, "multiclass_mode": "crammer-singer"}
    error_cases(book, "binary", "bin", s.binary_probs("oe_bin", (8,)), 2, [("HingeLoss", binary)])
    error_cases(book, "multiclass", "mc", s.multiclass_probs("oe_mc", 8, C), C, [("HingeLoss", multiclass)])
    book.error("HingeLoss", "binary", binary, "bin_weightless", "empty")
