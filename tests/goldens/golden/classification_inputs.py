"""Inputs that several files of classification share. A file has those of them that its cases use."""

import numpy as np
import torch

from . import samples as s

C, L = 4, 5


def weighted(batch, name, zeros=False):
    """Weights on a grid, a few of them 0."""
    weights = s.grid(s.rng(name).uniform(0.1, 3.0, size=len(batch["target"])))
    weights[::5] = 0.0
    return {**batch, "weights": np.zeros_like(weights) if zeros else weights}


def add_binary_inputs(book):
    constant = s.binary_probs("ob_constant", (7,))
    constant["scores"][:] = 0.5
    positive = s.binary_probs("ob_positive", (6,))
    positive["target"][:] = 1
    perfect = {"scores": np.array([0, 1, 1, 0], s.F32), "target": np.array([0, 1, 1, 0], s.I64)}
    certain = {"scores": np.ones(4, s.F32), "target": np.ones(4, s.I64)}
    wrong = {"scores": np.array([0.0, 1.0, 0.25], s.F32), "target": np.array([1, 1, 0], s.I64)}
    far = {"scores": np.array([-90, 40, 3, -0.5, 90], s.F32), "target": np.array([0, 1, 0, 1, 0], s.I64)}
    book.add_inputs(
        {
            "bin_probs": s.split(s.binary_probs("ob_probs", (40,)), 23, 17),
            "bin_logits": s.require_logits(s.split(s.binary_logits("ob_logits", (50,)), 20, 30), s.sigmoid),
            "bin_far": [far],
            "bin_one": [s.binary_probs("ob_one", (1,))],
            "bin_constant": s.split(constant, 3, 4),
            "bin_positive": [positive],
            "bin_perfect": s.split(perfect, 1, 3),
            "bin_certain": [certain],
            "bin_wrong": [wrong],
            "bin_labels": s.split(s.hardened(s.binary_probs("ob_labels", (30,))), 14, 16),
            "bin_ignored": s.split(s.with_ignored(s.binary_probs("ob_ignored", (36,)), -1), 15, 21),
            "bin_all_ignored": s.split(s.all_ignored(s.binary_probs("ob_all", (5,))), 2, 3),
            "bin_weighted": s.split(weighted(s.binary_probs("ob_weighted", (45,)), "ob_weights"), 25, 20),
            "bin_weighted_logits": s.require_logits(
                s.split(weighted(s.binary_logits("ob_weighted_logits", (40,)), "ob_weights_l"), 22, 18), s.sigmoid
            ),
            "bin_weightless": [weighted(s.binary_probs("ob_weightless", (6,)), "ob_weightless", zeros=True)],
        }
    )


def add_multiclass_inputs(book):
    tied = {"scores": np.full((6, C), 0.25, s.F32), "target": np.array([0, 1, 2, 3, 3, 0], s.I64)}
    two = s.multiclass_probs("om_two", 20, 2)
    labels = {"pred": s.rng("om_pred").integers(0, C, size=60), "target": s.rng("om_target").integers(0, C, size=60)}
    close = {**labels, "pred": np.where(s.rng("om_close").random(60) < 0.6, labels["target"], labels["pred"])}
    unseen = {"pred": close["pred"] % 2 * 2, "target": close["target"] % 2 * 2}
    book.add_inputs(
        {
            "mc_probs": s.split(s.multiclass_probs("om_probs", 40, C), 18, 22),
            "mc_logits": s.require_logits(s.split(s.multiclass_logits("om_logits", 40, C), 25, 15), s.softmax),
            "mc_two": s.split(two, 9, 11),
            "mc_tied": s.split(tied, 2, 4),
            "mc_one": [s.multiclass_probs("om_one", 1, C)],
            "mc_image": s.require_logits(
                s.split(s.multiclass_logits("om_image", 6, C, extra=(2, 3)), 2, 4), s.softmax
            ),
            "mc_ignored": s.split(s.with_ignored(s.multiclass_probs("om_ignored", 36, C), -1), 16, 20),
            "mc_all_ignored": [s.all_ignored(s.multiclass_probs("om_all", 4, C))],
            "mc_weighted": s.split(weighted(s.multiclass_probs("om_weighted", 40, C), "om_weights"), 19, 21),
            "mc_weighted_logits": s.require_logits(
                s.split(weighted(s.multiclass_logits("om_weighted_logits", 40, C), "om_weights_l"), 19, 21), s.softmax
            ),
            "mc_labels": s.split(close, 25, 35),
            "mc_labels_worse": s.split(labels, 40, 20),
            "mc_unseen": s.split(unseen, 30, 30),
            "mc_background": [{"pred": np.zeros(5, s.I64), "target": np.zeros(5, s.I64)}],
            "mc_single": [{"pred": np.array([2], s.I64), "target": np.array([1], s.I64)}],
            "mc_labels_ignored": s.split(s.with_ignored(close, -1), 30, 30),
        }
    )


def add_multilabel_inputs(book):
    shape = (24, L)
    degenerate = s.binary_probs("ol_degenerate", shape)
    degenerate["target"][::3], degenerate["target"][1::3] = 0, 1
    nothing = s.binary_probs("ol_nothing", (6, L))
    nothing["target"][:] = 0
    everything = s.binary_probs("ol_everything", (6, L))
    everything["target"][:] = 1
    constant = s.binary_probs("ol_constant", (8, L))
    constant["scores"][:] = 0.5
    ignored = s.with_ignored(s.binary_probs("ol_ignored", shape), -1)
    ignored["target"][5] = -1
    infinite = s.binary_logits("ol_infinite", (9, L))
    infinite["scores"][2, 1], infinite["scores"][7, 4] = np.inf, -np.inf
    saturated = s.binary_logits("ol_saturated", (12, L))
    saturated["scores"] += 40
    masks = {"pred": s.rng("ol_pred").integers(0, 2, size=(30, L)), "target": s.rng("ol_mask").integers(0, 2, size=(30, L))}
    masks["pred"][:, 3] = masks["target"][:, 3] = 0
    book.add_inputs(
        {
            "ml_probs": s.split(s.binary_probs("ol_probs", shape), 10, 14),
            "ml_logits": s.require_logits(s.split(s.binary_logits("ol_logits", shape), 13, 11), s.sigmoid),
            "ml_wide": [s.binary_probs("ol_wide", (7, 40))],
            "ml_one": [s.binary_probs("ol_one", (1, L))],
            "ml_degenerate": s.split(degenerate, 10, 14),
            "ml_nothing": [nothing],
            "ml_everything": [everything],
            "ml_constant": s.split(constant, 3, 5),
            "ml_tied": s.split(s.tied(s.binary_probs("ol_tied", shape)), 11, 13),
            "ml_infinite": [infinite],
            "ml_saturated": [saturated],
            "ml_ignored": s.split(ignored, 12, 12),
            "ml_all_ignored": [s.all_ignored(s.binary_probs("ol_all", (4, L)))],
            "ml_weighted": s.split(weighted(s.binary_probs("ol_weighted", shape), "ol_weights"), 9, 15),
            "ml_weightless": [weighted(s.binary_probs("ol_weightless", (4, L)), "ol_weightless", zeros=True)],
            "ml_masks": s.split(masks, 18, 12),
        }
    )


def add_documented_inputs(book):
    """Examples in the documentation of torcheval 0.0.7."""
    entropy = {"scores": np.array([0.2, 0.3], s.F32), "target": np.array([1, 0], s.I64)}
    rates = {"scores": np.array([0.8, 0.4, 0.3, 0.8, 0.7, 0.6], s.F32), "target": np.array([1, 1, 0, 0, 1, 0], s.I64)}
    clicks = np.array([0, 1, 0, 1, 1, 0, 0, 1], s.I64)
    top = {
        "scores": np.array([[0.1, 0.5, 0.2], [0.3, 0.2, 0.1], [0.2, 0.4, 0.5], [0, 0.1, 0.9]], s.F32),
        "target": np.array([[1, 1, 0], [0, 1, 0], [1, 1, 1], [0, 1, 0]], s.I64),
    }
    book.add_inputs(
        {
            "doc_entropy": [entropy],
            "doc_entropy_weighted": [{**entropy, "weights": np.array([5, 1], s.F32)}],
            "doc_rates": [rates],
            "doc_rates_weighted": [{**rates, "weights": np.array([0.5, 1, 2, 0.4, 1.3, 0.9], s.F32)}],
            "doc_clicks": [{"pred": clicks, "target": clicks}],
            "doc_clicks_weighted": [{"pred": clicks, "target": clicks, "weights": np.array([1, 2] * 4, s.F32)}],
            "doc_top": [top],
        }
    )


# --- shared --------------------------------------------------------------------------------


def torched(batch, *names):
    return [torch.tensor(batch[name]) for name in names]


def probabilities(batch, activation):
    """What TorchMetrics makes of scores, in f32, whose values are then taken as f64."""
    scores = torch.tensor(batch["scores"])
    if s.is_logits(batch["scores"]):
        scores = scores.sigmoid() if activation == "sigmoid" else scores.softmax(1)
    return scores.double().numpy()


def joined(batches, key):
    return np.concatenate([batch[key] for batch in batches])


def weights_of(batches):
    return joined(batches, "weights").astype(np.float64) if "weights" in batches[0] else None


# --- errors --------------------------------------------------------------------------------


def error_cases(book, task, prefix, batch, too_high, metrics):
    """Of what is hostile in a batch of eight, and of nothing that is left; metrics with their arguments."""
    for metric, args in metrics:
        book.error(metric, task, {**args, "ignore_index": -1}, f"{prefix}_all_ignored", "empty")
    bad_cases(book, task, prefix, "nan", s.with_nan(batch, 6), metrics, "nan")
    bad_cases(book, task, prefix, "high", s.with_target(batch, 6, too_high), metrics, "invalid_label")
    bad_cases(book, task, prefix, "low", s.with_target(batch, 6, -1), metrics, "invalid_label")


def bad_cases(book, task, prefix, kind, hostile, metrics, error, count=1):
    name = f"{prefix}_bad_{kind}"
    book.add_input(name, s.split(hostile, 5, 3))
    for metric, args in metrics:
        book.error(metric, task, args, name, error, count)
