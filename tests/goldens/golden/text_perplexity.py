"""Perplexity, and the mean cross entropy of which it is the exponential."""

import numpy as np
import torch
from torchmetrics.text import Perplexity

from . import reference
from . import samples as s
from .book import Book

V = 7  # vocabulary


def build():
    book = Book()
    add_inputs(book)
    for name, ignored in [
        ("ppl_plain", None), ("ppl_uniform", None), ("ppl_one", None), ("ppl_confident", None),
        ("ppl_wide", None), ("ppl_shifted", None), ("ppl_ignore_minus_100", -100), ("ppl_plain", 0),
        ("ppl_batch_ignored", -100), ("ppl_plain", -100),
    ]:  # fmt: skip
        measure(book, ignored, name)
    error_cases(book)
    return book


def tokens(name, batch, length, scale=1.5, pull=1.5):
    random = s.rng(name)
    target = random.integers(0, V, size=(batch, length))
    scores = scale * random.normal(size=(batch, length, V)) + pull * np.eye(V)[target]
    return {"scores": s.grid(scores), "target": target.astype(s.I64)}


def wide():
    """One target's probability is exp(-120), zero in f32, so that log(softmax) would be -inf."""
    batch = tokens("ppl_wide", 3, 5)
    target = batch["target"][1, 2]
    batch["scores"][1, 2, (target + 1) % V] = batch["scores"][1, 2, target] + s.F32(120)
    return batch


def add_inputs(book):
    uniform = tokens("ppl_uniform", 2, 4, scale=0, pull=0)
    shifted = tokens("ppl_shifted", 3, 4)
    shifted["scores"] += s.F32(80)  # exp(80) squared is more than f32 holds
    whole_batch = tokens("ppl_batch_ignored", 5, 6)
    whole_batch["target"][2] = -100
    book.add_inputs(
        {
            "ppl_plain": s.split(tokens("ppl_plain", 7, 6), 2, 4, 1),
            "ppl_uniform": [uniform],
            "ppl_one": [tokens("ppl_one", 1, 1)],
            "ppl_confident": s.split(tokens("ppl_confident", 4, 5, pull=12.0), 1, 3),
            "ppl_wide": s.split(wide(), 1, 2),
            "ppl_shifted": s.split(shifted, 2, 1),
            "ppl_ignore_minus_100": s.split(s.with_ignored(tokens("ppl_ignore", 6, 5), -100), 2, 4),
            "ppl_batch_ignored": s.split(whole_batch, 2, 1, 2),
            "ppl_all_ignored": s.split(s.all_ignored(tokens("ppl_all_ignored", 3, 2), -100), 1, 2),
        }
    )


def mean_cross_entropy(batches, ignored):
    total, count = 0.0, 0
    for batch in batches:
        log_probabilities = torch.log_softmax(torch.tensor(batch["scores"]).double(), dim=-1)
        target = torch.tensor(batch["target"])
        kept = torch.ones_like(target, dtype=torch.bool) if ignored is None else target != ignored
        chosen = log_probabilities[kept].gather(1, target[kept][:, None])
        total, count = total - chosen.sum().item(), count + int(kept.sum())
    return total / count


def measure(book, ignored, name):
    args = {} if ignored is None else {"ignore_index": ignored}
    value = reference.run_float64(Perplexity(ignore_index=ignored), book.inputs[name])
    entropy = mean_cross_entropy(book.inputs[name], ignored)
    reference.same_decisions(float(np.exp(entropy)), value, name)
    book.expect("Perplexity", None, args, name, value, "torchmetrics")
    book.expect("NegativeLogLikelihood", None, args, name, entropy, "torch")


def error_cases(book):
    good = tokens("hostile_ppl", 4, 3)
    hostile = [
        ("ppl_label_too_high", s.with_target(good, 7, V), "invalid_label"),
        ("ppl_label_negative", s.with_target(good, 7, -100), "invalid_label"),
        ("ppl_nan", s.with_nan(good, 7 * V + 3), "nan"),
    ]
    for name, batch, _ in hostile:
        book.add_input(name, s.split(batch, 1, 3))
    for metric in ("Perplexity", "NegativeLogLikelihood"):
        book.error(metric, None, {"ignore_index": -100}, "ppl_all_ignored", "empty")
        for name, _, kind in hostile:
            book.error(metric, None, {}, name, kind, 1)
