"""Rates of groups, and fairness."""

import numpy as np
from sklearn import metrics as sk
from torchmetrics.classification import BinaryFairness, BinaryGroupStatRates

from . import reference
from . import samples as s
from .book import Book
from .classification_inputs import bad_cases, error_cases, joined, probabilities, torched, weighted, weights_of


G = 3
NAN = float("nan")


def build():
    book = Book()
    add_group_inputs(book)
    group_cases(book)
    hostile_cases(book)
    known_differences(book)
    book.drop_unused_inputs()
    return book


def grouped(batch, name, groups=G):
    """Every group in every batch, for TorchMetrics."""
    n = len(batch["target"])
    chosen = s.rng(name).integers(0, groups, size=n)
    chosen[:groups], chosen[-groups:] = np.arange(groups), np.arange(groups)
    return {**batch, "groups": chosen.astype(s.I64)}


def add_group_inputs(book):
    absent = grouped(s.binary_probs("og_absent", (20,)), "og_absent_groups")
    absent["groups"] = np.where(absent["groups"] == 1, 2, absent["groups"])
    never = grouped(s.binary_probs("og_never", (20,)), "og_never_groups")
    never["scores"] *= s.F32(0.4)
    negative = grouped(s.binary_probs("og_negative", (24,)), "og_negative_groups")
    negative["target"][negative["groups"] == 0] = 0
    no_positive = grouped(s.binary_probs("og_no_positive", (12,)), "og_no_positive_groups")
    no_positive["target"][:] = 0
    one = {**s.binary_probs("og_one", (1,)), "groups": np.array([1], s.I64)}
    weights = weighted(grouped(s.binary_probs("og_weighted", (40,)), "og_weighted_groups"), "og_weights")
    book.add_inputs(
        {
            "gr_probs": s.split(grouped(s.binary_probs("og_probs", (50,)), "og_groups"), 27, 23),
            "gr_logits": s.require_logits(
                s.split(grouped(s.binary_logits("og_logits", (50,)), "og_groups_l"), 20, 30), s.sigmoid
            ),
            "gr_labels": s.split(grouped(s.hardened(s.binary_probs("og_labels", (40,))), "og_groups_h"), 20, 20),
            "gr_single": s.split(grouped(s.binary_probs("og_single", (20,)), "og_groups_1", 1), 11, 9),
            "gr_ignored": s.split(grouped(s.with_ignored(s.binary_probs("og_ignored", (44,)), -1), "og_groups_i"), 20, 24),
            "gr_all_ignored": [grouped(s.all_ignored(s.binary_probs("og_all", (6,))), "og_groups_a")],
            "gr_absent": s.split(absent, 8, 12),
            "gr_never": [never],
            "gr_negative": s.split(negative, 11, 13),
            "gr_no_positive": [no_positive],
            "gr_one": [one],
            "gr_weighted": s.split(weights, 19, 21),
        }
    )


def group_counts(batches, ignored):
    """tp, fp, tn, fn of each group by scikit-learn, of decisions taken in f32."""
    pred = joined(batches, "pred") if "pred" in batches[0] else np.concatenate(
        [probabilities(batch, "sigmoid") > 0.5 for batch in batches]
    )
    target, groups, weights = joined(batches, "target"), joined(batches, "groups"), weights_of(batches)
    counts = []
    for group in range(G):
        chosen = (groups == group) & (target != ignored)
        if not chosen.any():
            counts.append([0.0] * 4)
            continue
        own = None if weights is None else weights[chosen]
        (tn, fp), (fn, tp) = sk.confusion_matrix(target[chosen], pred[chosen], labels=[0, 1], sample_weight=own)
        counts.append([tp, fp, tn, fn])
    return np.array(counts, dtype=np.float64)


def rates_of(counts):
    with np.errstate(invalid="ignore"):
        return counts / counts.sum(axis=1, keepdims=True)


def disparities(counts, task):
    """Lowest and highest group, and the ratio, where groups without a rate do not count."""
    tp, fp, tn, fn = counts.T
    both = {"demographic_parity": (tp + fp, tp + fp + tn + fn), "equal_opportunity": (tp, tp + fn)}
    rows = []
    for criterion, (part, whole) in both.items():
        if task not in ("all", criterion):
            continue
        with np.errstate(invalid="ignore"):
            rates = part / whole
        if np.isnan(rates).all():
            rows.append([NAN, NAN, NAN])
            continue
        low, high = np.nanargmin(rates), np.nanargmax(rates)
        rows.append([low, high, 1.0 if rates[low] == rates[high] else rates[low] / rates[high]])
    return rows


def group_cases(book):
    agree = ("gr_probs", "gr_logits", "gr_labels", "gr_ignored")
    for name in (*agree, "gr_single", "gr_absent", "gr_never", "gr_negative", "gr_no_positive", "gr_one", "gr_weighted"):
        batches = book.inputs[name]
        args = {"num_groups": G, **({"ignore_index": -1} if name == "gr_ignored" else {})}
        counts = group_counts(batches, args.get("ignore_index"))
        rates = rates_of(counts)
        value = [[*row, row[0] + row[3]] for row in rates.tolist()]
        source = "torchmetrics" if name in agree else "sklearn"
        if name in agree:
            theirs = updated_by_group(BinaryGroupStatRates(**args), batches)
            found = [theirs[f"group_{group}"].double().tolist() for group in range(G)]
            reference.same_decisions(rates.tolist(), found, name)
        book.expect("GroupStatRates", "binary", args, name, value, source)
        for task in ("all", "demographic_parity", "equal_opportunity"):
            value = disparities(counts, task)
            ignoring = name == "gr_ignored" and task == "demographic_parity"  # TorchMetrics has no target then
            if name in agree and not ignoring:
                theirs = updated_by_group(BinaryFairness(task=task, **args), batches)
                found = [[*map(float, key.split("_")[1:]), ratio.item()] for key, ratio in theirs.items()]
                reference.same_decisions([list(map(float, row)) for row in value], found, f"{name} {task}")
            book.expect("Fairness", "binary", {**args, "task": task}, name, value, "sklearn" if ignoring else source)


def updated_by_group(metric, batches):
    for batch in batches:
        metric.update(*torched(batch, "pred" if "pred" in batch else "scores", "target", "groups"))
    return metric.compute()


def hostile_cases(book):
    metrics = [("GroupStatRates", {"num_groups": G}), ("Fairness", {"num_groups": G, "task": "all"})]
    batch = grouped(s.binary_probs("oe_gr", (8,)), "oe_groups")
    error_cases(book, "binary", "gr", batch, 2, metrics)
    groups = batch["groups"].copy()
    groups[2], groups[5] = G, -1
    bad_cases(book, "binary", "gr", "unknown", {**batch, "groups": groups}, metrics, "invalid_label", 2)


def known_differences(book):
    book.skip(
        "group_stat_rates, fairness/binary/*/gr_absent, gr_single, gr_one (as TorchMetrics has it)",
        "_binary_groups_stat_scores splits a batch by the groups that occur in it and numbers the parts from 0, so "
        "everything after an absent group is counted for another one.",
    )
    book.skip(
        "fairness/binary/*/gr_never, gr_negative, gr_no_positive (as TorchMetrics has it)",
        "_safe_divide makes 0 of a rate without elements, and of the ratio where all rates are 0.",
    )
