"""Hinge loss, multilabel ranking, fairness of groups, Dice, and metrics of predicted rates."""

import numpy as np
import torch
from sklearn import metrics as sk
from torchmetrics.functional.classification import ranking
from torchmetrics.functional.classification.hinge import _binary_hinge_loss_update, _multiclass_hinge_loss_update
from torchmetrics.classification import BinaryFairness, BinaryGroupStatRates
from torchmetrics.segmentation import DiceScore

from . import reference
from . import samples as s
from .book import Book

C, L, G = 4, 5, 3
NAN = float("nan")
CRITERIA = ("exact_match", "hamming", "overlap", "contain", "belong")
AVERAGES = ("micro", "macro", "weighted", "none")


def build():
    book = Book()
    add_binary_inputs(book)
    add_multiclass_inputs(book)
    add_multilabel_inputs(book)
    add_group_inputs(book)
    add_documented_inputs(book)
    hinge_cases(book)
    ranking_cases(book)
    group_cases(book)
    dice_cases(book)
    decision_cases(book)
    top_k_cases(book)
    error_cases(book)
    known_differences(book)
    return book


# --- inputs --------------------------------------------------------------------------------


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


# --- hinge loss ----------------------------------------------------------------------------


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


# --- multilabel ranking --------------------------------------------------------------------

RANKING = {
    "CoverageError": (sk.coverage_error, ranking.multilabel_coverage_error),
    "RankingAveragePrecision": (
        sk.label_ranking_average_precision_score,
        ranking.multilabel_ranking_average_precision,
    ),
    "RankingLoss": (sk.label_ranking_loss, ranking.multilabel_ranking_loss),
}


def ranked_rows(score, batches, ignored):
    """scikit-learn's value of each row by itself, without its ignored labels."""
    rows = zip(joined(batches, "target"), joined(batches, "scores").astype(np.float64))
    kept = [(target[target != ignored][None], scores[target != ignored][None]) for target, scores in rows]
    return [score(target, scores) if target.size else NAN for target, scores in kept]


def ranking_cases(book):
    plain = ("ml_probs", "ml_logits", "ml_wide", "ml_one", "ml_degenerate", "ml_everything", "ml_nothing")
    for metric, (theirs, torchmetrics) in RANKING.items():
        for name in (*plain, "ml_constant", "ml_tied", "ml_saturated", "ml_ignored", "ml_weighted", "doc_top"):
            batches = book.inputs[name]
            labels = batches[0]["target"].shape[1]
            args = {"num_labels": labels}
            if name == "ml_ignored":
                args["ignore_index"] = -1
            rows, weights = np.array(ranked_rows(theirs, batches, args.get("ignore_index"))), weights_of(batches)
            used = ~np.isnan(rows)
            value = np.average(rows[used], weights=None if weights is None else weights[used])
            if weights is None and name != "ml_ignored":
                target, scores = joined(batches, "target"), joined(batches, "scores").astype(np.float64)
                assert np.isclose(theirs(target, scores), value, rtol=1e-12)
            in_both = name in plain and not (metric == "RankingLoss" and name in ("ml_everything", "ml_nothing"))
            if in_both:
                target, scores = joined(batches, "target"), joined(batches, "scores")
                also = torchmetrics(torch.tensor(scores), torch.tensor(target), labels).item()
                reference.same_decisions(value.item(), also, f"{metric} {name}")
            book.expect(metric, "multilabel", args, name, value.item(), "torchmetrics" if in_both else "sklearn")
        # scikit-learn refuses infinite scores.
        target, scores = (torch.tensor(joined(book.inputs["ml_infinite"], key)) for key in ("target", "scores"))
        with reference.float64_arithmetic():
            value = torchmetrics(scores.double(), target, L).item()
        book.expect(metric, "multilabel", {"num_labels": L}, "ml_infinite", value, "torchmetrics")


# --- groups --------------------------------------------------------------------------------


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


# --- Dice ----------------------------------------------------------------------------------


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


# --- predicted rates -----------------------------------------------------------------------


def cross_entropy(batch):
    """In f64, of probabilities or of logits as they are in f32."""
    target = np.maximum(batch["target"], 0)
    if "pred" in batch:
        return np.where(batch["pred"] == target, 0.0, np.inf)
    scores = batch["scores"].astype(np.float64)
    if s.is_logits(batch["scores"]):
        return np.logaddexp(0, np.where(target == 1, -scores, scores))
    with np.errstate(divide="ignore"):
        return np.where(target == 1, -np.log(scores), -np.log1p(-scores))


def decision_value(metric, batches, ignored):
    """One value, or one per column."""
    target = joined(batches, "target")
    shape = target.shape
    weights = weights_of(batches)
    weights = np.ones(len(target)) if weights is None else weights
    weights = np.broadcast_to(weights.reshape(-1, *[1] * (len(shape) - 1)), shape) * (target != ignored)
    pred = np.concatenate([b["pred"] if "pred" in b else probabilities(b, "sigmoid") for b in batches])

    def mean(terms):
        return np.where(weights > 0, weights * np.where(weights > 0, terms, 0), 0).sum(axis=0) / weights.sum(axis=0)

    rate = mean(target)
    if metric == "ClickThroughRate":
        return rate
    if metric == "WeightedCalibration":
        with np.errstate(divide="ignore", invalid="ignore"):
            return mean(pred) / rate
    entropy = mean(np.concatenate([cross_entropy(batch) for batch in batches]))
    with np.errstate(divide="ignore", invalid="ignore"):
        base = -(rate * np.log(rate) + (1 - rate) * np.log(1 - rate))
        value = entropy / np.where((rate == 0) | (rate == 1), 0, base)
    return np.where((entropy == 0) & ((rate == 0) | (rate == 1)), 0.0, value)


DOCUMENTED = {
    ("NormalizedEntropy", "doc_entropy"): 1.4183,
    ("NormalizedEntropy", "doc_entropy_weighted"): 3.1087,
    ("WeightedCalibration", "doc_rates"): 1.2,
    ("WeightedCalibration", "doc_rates_weighted"): 1.1321,
    ("ClickThroughRate", "doc_clicks"): 0.5,
    ("ClickThroughRate", "doc_clicks_weighted"): 0.58333,
}


def decision_cases(book):
    binary = ("bin_probs", "bin_logits", "bin_far", "bin_one", "bin_constant", "bin_positive", "bin_perfect",
              "bin_certain", "bin_wrong", "bin_labels", "bin_weighted", "bin_weighted_logits", "bin_ignored",
              *(name for name in book.inputs if name.startswith("doc_") and name != "doc_top"))  # fmt: skip
    multilabel = ("ml_probs", "ml_logits", "ml_nothing", "ml_everything", "ml_constant", "ml_weighted", "ml_ignored")
    for metric in ("NormalizedEntropy", "WeightedCalibration", "ClickThroughRate"):
        for task, base, names in (("binary", {}, binary), ("multilabel", {"num_labels": L}, multilabel)):
            for name in names:
                args = {**base, **({"ignore_index": -1} if "ignored" in name else {})}
                value = decision_value(metric, book.inputs[name], args.get("ignore_index"))
                documented = DOCUMENTED.get((metric, name), value)
                assert np.allclose(value, documented, rtol=1e-4, equal_nan=True), (metric, name, value)
                book.expect(metric, task, args, name, np.asarray(value).tolist(), "sklearn")


# --- top k ---------------------------------------------------------------------------------


def top_k(criterion, k, batches, ignored):
    """Right decisions over decisions; those of ties go to the first label."""
    right = total = 0.0
    weights = weights_of(batches)
    rows = zip(joined(batches, "target"), joined(batches, "scores"))
    for i, (target, scores) in enumerate(rows):
        kept = target != ignored
        target, scores = target[kept], scores[kept]
        if not len(target):
            continue
        pred = np.zeros_like(target)
        pred[np.argsort(-scores, kind="stable")[:k]] = 1
        fits = {
            "exact_match": [(pred == target).all()],
            "hamming": pred == target,
            "overlap": [(pred & target).any()],
            "contain": [(pred >= target).all()],
            "belong": [(pred <= target).all()],
        }[criterion]
        weight = 1.0 if weights is None else weights[i]
        right, total = right + weight * np.sum(fits), total + weight * len(fits)
    return right / total


def by_sklearn(criterion, k, batches):
    pred = np.zeros_like(joined(batches, "target"))
    np.put_along_axis(pred, np.argsort(-joined(batches, "scores"), axis=1, kind="stable")[:, :k], 1, axis=1)
    target, weights = joined(batches, "target"), weights_of(batches)
    if criterion == "exact_match":
        return sk.accuracy_score(target, pred, sample_weight=weights)
    return 1 - sk.hamming_loss(target, pred, sample_weight=weights)


def top_k_cases(book):
    names = ("ml_probs", "ml_logits", "ml_one", "ml_degenerate", "ml_constant", "ml_tied", "ml_infinite",
             "ml_saturated", "ml_ignored", "ml_weighted", "doc_top")  # fmt: skip
    for name in names:
        batches = book.inputs[name]
        labels = batches[0]["target"].shape[1]
        for criterion in CRITERIA:
            for k in (1, 2, 3):
                args = {"num_labels": labels, "criteria": criterion, "k": k}
                if name == "ml_ignored":
                    args["ignore_index"] = -1
                value = top_k(criterion, k, batches, args.get("ignore_index"))
                if name != "ml_ignored" and criterion in ("exact_match", "hamming"):
                    assert np.isclose(value, by_sklearn(criterion, k, batches), rtol=1e-12)
                book.expect("TopKMultilabelAccuracy", "multilabel", args, name, value, "sklearn")
    documented = dict(zip(CRITERIA, (0, 7 / 12, 1, 0.5, 0.25)))
    for criterion, value in documented.items():
        assert np.isclose(top_k(criterion, 2, book.inputs["doc_top"], None), value), criterion


# --- errors --------------------------------------------------------------------------------


def error_cases(book):
    hinge, entropy = ("HingeLoss", {"squared": False}), ("NormalizedEntropy", {})
    rates, parity = ("GroupStatRates", {"num_groups": G}), ("Fairness", {"num_groups": G, "task": "all"})
    crammer = {"num_classes": C, "squared": False, "multiclass_mode": "crammer-singer"}
    ranked = [(name, {"num_labels": L}) for name in RANKING]
    top = ("TopKMultilabelAccuracy", {"num_labels": L, "criteria": "exact_match", "k": 2})
    group = grouped(s.binary_probs("oe_gr", (8,)), "oe_groups")
    for task, prefix, batch, too_high, metrics in [
        ("binary", "bin", s.binary_probs("oe_bin", (8,)), 2, [hinge, entropy]),
        ("multiclass", "mc", s.multiclass_probs("oe_mc", 8, C), C, [("HingeLoss", crammer)]),
        ("multilabel", "ml", s.binary_probs("oe_ml", (8, L)), 2, [*ranked, top, ("NormalizedEntropy", {"num_labels": L})]),
        ("binary", "gr", group, 2, [rates, parity]),
    ]:  # fmt: skip
        for metric, args in metrics:
            book.error(metric, task, {**args, "ignore_index": -1}, f"{prefix}_all_ignored", "empty")
        bad = [("nan", s.with_nan(batch, 6), "nan"), ("high", s.with_target(batch, 6, too_high), "invalid_label"),
               ("low", s.with_target(batch, 6, -1), "invalid_label")]  # fmt: skip
        if prefix == "gr":
            groups = batch["groups"].copy()
            groups[2], groups[5] = G, -1
            bad.append(("unknown", {**batch, "groups": groups}, "invalid_label"))
        for kind, hostile, error in bad:
            name = f"{prefix}_bad_{kind}"
            book.add_input(name, s.split(hostile, 5, 3))
            for metric, args in metrics:
                book.error(metric, task, args, name, error, 2 if kind == "unknown" else 1)
    for metric in ("HingeLoss", "NormalizedEntropy", "WeightedCalibration", "ClickThroughRate"):
        args = {"squared": False} if metric == "HingeLoss" else {}
        book.error(metric, "binary", args, "bin_weightless", "empty")
    for metric, args in ranked:
        book.error(metric, "multilabel", args, "ml_weightless", "empty")


def known_differences(book):
    book.skip(
        "coverage_error/multilabel/*/ml_ignored (as TorchMetrics has it)",
        "_multilabel_confusion_matrix_format gives an ignored label the least score and a target that is not 0, so "
        "multilabel_coverage_error takes it for the worst true label and every such row has all labels to cover.",
    )
    book.skip(
        "ranking_loss/multilabel/*/ml_ignored (as TorchMetrics has it)",
        "The same format makes ignored labels false ones that score least, so the loss is divided by too many pairs.",
    )
    book.skip(
        "ranking_loss/multilabel/ml_tied, ml_constant, ml_everything, ml_nothing (as TorchMetrics has it)",
        "argsort decides who wins a tie, and a batch without any pair of labels counts as a single row.",
    )
    book.skip(
        "*/multilabel/ml_saturated (as TorchMetrics has it)",
        "sigmoid in f32 is 1 from about 17 on, which makes ties of different logits.",
    )
    book.skip(
        "group_stat_rates, fairness/binary/*/gr_absent, gr_single, gr_one (as TorchMetrics has it)",
        "_binary_groups_stat_scores splits a batch by the groups that occur in it and numbers the parts from 0, so "
        "everything after an absent group is counted for another one.",
    )
    book.skip(
        "fairness/binary/*/gr_never, gr_negative, gr_no_positive (as TorchMetrics has it)",
        "_safe_divide makes 0 of a rate without elements, and of the ratio where all rates are 0.",
    )
    book.skip(
        "normalized_entropy, weighted_calibration, click_through_rate, top_k_multilabel_accuracy (as torcheval has it)",
        "torcheval 0.0.7 is not installed. Its formulas in numpy and f64, which give the values of its documentation.",
    )
