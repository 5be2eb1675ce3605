"""Metrics of counts by sample, and exact match."""

import numpy as np
import sklearn.metrics as sk

from . import reference
from . import samples as s
from .book import Book
from .classification_counts import value_without_class
from .classification_weights import AVERAGED, AVERAGES, C, L, SIZES, joined, stat_scores

SAMPLEWISE = [(name, extra) for name, extra in AVERAGED if name != "JaccardIndex"]


def build():
    book = Book()
    add_samplewise_inputs(book)
    samplewise_cases(book)
    exact_match_cases(book)
    known_differences(book)
    return book


# --- by sample -----------------------------------------------------------------------------


def add_samplewise_inputs(book):
    image = s.multiclass_logits("s_mc", 7, C, extra=(2, 3))
    # The first sample has nothing but class 0, the second nothing right.
    image["target"][0] = 0
    image["scores"][0, 0] = 9
    image["scores"][1] = s.certain(image["target"][1:2], C, shift=1)["scores"][0]
    line = s.multiclass_logits("s_mc_line", 5, C, extra=(6,))
    ignored = s.with_ignored(s.multiclass_logits("s_mc_ignored", 5, C, extra=(6,)), -1)
    ignored["target"][2] = -1
    labels = {"pred": line["scores"].argmax(1).astype(s.I64), "target": line["target"]}
    binary = s.binary_probs("s_bin", (6, 5))
    binary["target"][1] = 0
    binary["target"][2] = 1
    bin_ignored = s.with_ignored(s.binary_probs("s_bin_ignored", (5, 4)), -1)
    bin_ignored["target"][3] = -1
    ml = s.binary_probs("s_ml", (6, L, 5))
    ml["target"][1] = 0
    ml["target"][2] = (ml["scores"][2] > 0.5).astype(s.I64)
    ml_ignored = s.with_ignored(s.binary_probs("s_ml_ignored", (5, L, 4)), -1, every=3)
    ml_ignored["target"][3] = -1
    book.add_inputs(
        {
            "s_mc": s.split(image, 3, 4),
            "s_mc_line": s.split(line, 2, 3),
            "s_mc_labels": s.split(labels, 2, 3),
            "s_mc_ignored": s.split(ignored, 2, 3),
            "s_mc_one_position": s.split(s.multiclass_logits("s_mc_one_position", 5, C, extra=(1,)), 2, 3),
            "s_bin": s.split(binary, 2, 4),
            "s_bin_logits": s.require_logits(s.split(s.binary_logits("s_bin_logits", (6, 5)), 3, 3), s.sigmoid),
            "s_bin_3d": s.split(s.binary_probs("s_bin_3d", (5, 2, 3)), 2, 3),
            "s_bin_labels": s.split(s.hardened(s.binary_probs("s_bin_labels", (5, 4))), 2, 3),
            "s_bin_ignored": s.split(bin_ignored, 2, 3),
            "s_ml": s.split(ml, 2, 4),
            "s_ml_4d": s.split(s.binary_probs("s_ml_4d", (4, L, 2, 3)), 2, 2),
            "s_ml_labels": s.split(s.hardened(s.binary_probs("s_ml_labels", (5, L, 4))), 2, 3),
            "s_ml_ignored": s.split(ml_ignored, 2, 3),
        }
    )


def samplewise_cases(book):
    for task, names in {
        "binary": ["s_bin", "s_bin_logits", "s_bin_3d", "s_bin_labels", "s_bin_ignored"],
        "multiclass": ["s_mc", "s_mc_line", "s_mc_labels", "s_mc_ignored", "s_mc_one_position"],
        "multilabel": ["s_ml", "s_ml_4d", "s_ml_labels", "s_ml_ignored"],
    }.items():
        for name in names:
            for metric, extra in SAMPLEWISE:
                averages = AVERAGES if name in ("s_mc", "s_ml", "s_mc_ignored") else ("macro", "none")
                for average in ({},) if task == "binary" else [{"average": how} for how in averages]:
                    args = {**SIZES[task], **average, **extra, "multidim_average": "samplewise"}
                    if name.endswith("_ignored"):
                        args["ignore_index"] = -1
                    samplewise_case(book, metric, task, args, name)
    for metric in ("Accuracy", "F1Score", "StatScores"):
        for average in AVERAGES:
            base = {"num_classes": C, "average": average, "multidim_average": "samplewise"}
            for name, more in (("s_mc", {"top_k": 2}), ("s_mc_ignored", {"top_k": 2, "ignore_index": -1}), ("s_mc", {"ignore_index": 0})):
                samplewise_case(book, metric, "multiclass", {**base, **more}, name)
        base = {"multidim_average": "samplewise"}
        samplewise_case(book, metric, "binary", {**base, "threshold": 0.3}, "s_bin")
        samplewise_case(book, metric, "multilabel", {**base, **SIZES["multilabel"], "average": "macro", "threshold": 0.3}, "s_ml")
        samplewise_case(book, metric, "multilabel", {**base, **SIZES["multilabel"], "average": "macro", "ignore_index": 0}, "s_ml")
    # The same batches without `samplewise`, for what makes rows of labels of them.
    for name in ("s_ml", "s_ml_4d", "s_ml_labels"):
        for metric in ("Accuracy", "StatScores"):
            book.measure(metric, "multilabel", {**SIZES["multilabel"], "average": "none"}, name)


def samplewise_case(book, metric, task, args, name):
    if metric == "StatScores" and args.get("average") == "weighted":
        return weighted_stat_scores(book, task, args, name)
    if task == "multiclass" and args.get("ignore_index") in range(C):
        if args["average"] == "macro" or (args["average"] == "none" and metric != "StatScores"):
            return without_ignored_class(book, metric, args, name)
    book.measure(metric, task, args, name)


def without_ignored_class(book, metric, args, name):
    """As `classification_counts.without_ignored_class`, sample by sample."""
    samples = reference.run("StatScores", "multiclass", {**args, "average": "none"}, book.inputs[name])
    values = [value_without_class(metric, args, counts, args["ignore_index"]) for counts in samples]
    book.expect(metric, "multiclass", args, name, values, "numpy")


def weighted_stat_scores(book, task, args, name):
    """From the counts by class. TorchMetrics weighs by the support of all samples together
    (multilabel), and is NaN for a sample without support (multiclass)."""
    counts = reference.run("StatScores", task, {**args, "average": "none"}, book.inputs[name])
    values = [stat_scores([row[:4] for row in sample], "weighted", task) for sample in counts]
    book.expect("StatScores", task, args, name, values, "torchmetrics")


# --- exact match ---------------------------------------------------------------------------


def exact_match_cases(book):
    random = s.rng("exact")
    target = random.integers(0, C, size=(9, 3))
    pred = np.where(random.uniform(size=(9, 3)) < 0.8, target, 0)
    em = {"pred": pred.astype(s.I64), "target": target.astype(s.I64)}
    ml = s.binary_probs("em_ml", (14, L), pull=3.0)
    whole = s.with_ignored({**em, "target": target.copy()}, -1)
    whole["target"][4] = -1
    image = s.multiclass_logits("em_image", 6, C, extra=(1, 2), pull=6.0)
    nothing = {**em, "target": np.full_like(target, -1)}
    book.add_inputs(
        {
            "em_mc": s.split(em, 4, 5),
            "em_mc_image": s.split(image, 2, 4),
            "em_mc_ignored": s.split(whole, 4, 5),
            "em_mc_all_ignored": s.split(nothing, 4, 5),
            "em_mc_flat": s.split(s.multiclass_logits("em_mc_flat", 11, C), 4, 7),
            "em_mc_right": s.split({"pred": target, "target": target.copy()}, 4, 5),
            "em_mc_wrong": s.split({"pred": (target + 1) % C, "target": target}, 4, 5),
            "em_ml": s.split(ml, 6, 8),
            "em_ml_logits": s.require_logits(s.split(s.binary_logits("em_ml_logits", (14, L), 3.0), 7, 7), s.sigmoid),
            "em_ml_labels": s.split(s.hardened(s.binary_probs("em_ml_labels", (9, L), 3.0)), 4, 5),
            "em_ml_ignored": s.split(s.with_ignored(s.binary_probs("em_ml_ignored", (10, L), 3.0), -1), 4, 6),
            "em_ml_dense": s.split(s.binary_probs("em_ml_dense", (5, L, 4), 3.0), 2, 3),
            "em_ml_dense_ignored": s.split(
                s.with_ignored(s.binary_probs("em_ml_dense_ignored", (5, L, 4), 3.0), -1, every=5), 2, 3
            ),
            "em_ml_right": [{"pred": np.ones((3, L), s.I64), "target": np.ones((3, L), s.I64)}],
            "em_ml_one": [s.binary_probs("em_ml_one", (1, L))],
        }
    )
    cases = {
        "multiclass": ["em_mc", "em_mc_image", "em_mc_ignored", "em_mc_all_ignored", "em_mc_flat", "em_mc_right", "em_mc_wrong"],
        "multilabel": ["em_ml", "em_ml_logits", "em_ml_labels", "em_ml_ignored", "em_ml_dense", "em_ml_dense_ignored", "em_ml_right", "em_ml_one"],
    }  # fmt: skip
    by_sample = ("em_mc", "em_mc_image", "em_mc_ignored", "em_mc_right", "em_mc_wrong", "em_ml_dense", "em_ml_dense_ignored")
    for task, names in cases.items():
        for name in names:
            args = {**SIZES[task], **({"ignore_index": -1} if "ignored" in name else {})}
            measure_exact(book, task, args, name)
            if name in by_sample:
                measure_exact(book, task, {**args, "multidim_average": "samplewise"}, name)
    measure_exact(book, "multilabel", {**SIZES["multilabel"], "threshold": 0.3}, "em_ml")
    measure_exact(book, "multiclass", {**SIZES["multiclass"], "ignore_index": 0}, "em_mc")
    exact_match_errors(book, em, ml)


def measure_exact(book, task, args, name):
    cls = {"multiclass": "MulticlassExactMatch", "multilabel": "MultilabelExactMatch"}[task]
    import torchmetrics

    by_sample = args.get("multidim_average") == "samplewise"
    metric = getattr(torchmetrics.classification, cls)(**args)
    kept = [judged(task, args, batch) for batch in book.inputs[name]]
    if not any(rows.any() for rows in kept):
        book.error("ExactMatch", task, args, name, "empty")
        return
    batches = book.inputs[name]
    if not by_sample:
        batches = [{key: array[rows] for key, array in batch.items()} for batch, rows in zip(batches, kept)]
    value = reference.to_list(reference.updated(metric, batches).compute().double())
    if args.get("multidim_average") != "samplewise":
        value = value[0] if isinstance(value, list) else value
        check_subsets(task, args, book.inputs[name], value)
        value = fraction(value)
    else:
        value = [fraction(item) * float(any_left) for item, any_left in zip(value, np.concatenate(kept))]
    book.expect("ExactMatch", task, args, name, value, "torchmetrics")


def judged(task, args, batch):
    """Which samples have anything that is not ignored. TorchMetrics takes the others for right."""
    target = batch["target"]
    used = target != args.get("ignore_index", np.nan)
    if task == "multilabel":
        if not used.any(1).all():
            raise ValueError("a position without any label; change the seed")
        return np.ones(len(target), bool)
    return used.reshape(len(target), -1).any(1)


def fraction(value):
    """The quotient of small numbers that the f32 stands for, in f64."""
    from fractions import Fraction

    return float(Fraction(value).limit_denominator(50))


def check_subsets(task, args, batches, value):
    """scikit-learn's subset accuracy, where it has the case."""
    data = joined(batches)
    if task == "multilabel" and "pred" in data and "ignore_index" not in args:
        reference.same_decisions(sk.accuracy_score(data["target"], data["pred"]), value, "subsets")


def exact_match_errors(book, em, ml):
    book.add_inputs(
        {
            "em_mc_label_too_high": s.split(s.with_target(em, 7, C), 4, 5),
            "em_mc_negative": s.split(s.with_target(em, 7, -2), 4, 5),
            "em_ml_label_too_high": s.split(s.with_target(ml, 7, 2), 4, 10),
            "em_ml_nan": s.split(s.with_nan(ml, 7), 4, 10),
        }
    )
    book.error("ExactMatch", "multiclass", SIZES["multiclass"], "em_mc_label_too_high", "invalid_label", 1)
    book.error("ExactMatch", "multiclass", {**SIZES["multiclass"], "ignore_index": -1}, "em_mc_negative", "invalid_label", 1)
    book.error("ExactMatch", "multilabel", SIZES["multilabel"], "em_ml_label_too_high", "invalid_label", 1)
    book.error("ExactMatch", "multilabel", SIZES["multilabel"], "em_ml_nan", "nan", 1)


def known_differences(book):
    book.skip(
        "stat_scores/multilabel/weighted/multidim_average=samplewise/*",
        "TorchMetrics weighs each sample's labels by the support of all samples together "
        "(stat_scores.py:_multilabel_stat_scores_compute); expected here is the sample's own.",
    )
    book.skip(
        "stat_scores/multiclass/weighted/multidim_average=samplewise/*",
        "TorchMetrics is NaN for a sample without support; expected here is 0, as of the other averages.",
    )
    book.skip(
        "exact_match/multiclass/ignore_index/all_ignored",
        "TorchMetrics takes a sample of which everything is ignored for right, though its documentation says that "
        "ignored targets do not contribute; expected here is the value of the other samples, and 0 for it by sample.",
    )
