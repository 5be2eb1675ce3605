"""Retrieval: how well scores rank the documents of each query.

A value is the mean over all orders of documents with equal scores, here over every such order by itself. Where nothing is tied
and all scores are above 0 it is also TorchMetrics', and without a cutoff of the relevant documents trec_eval's.
"""

import itertools
import math

import numpy as np
import pytrec_eval
import sklearn.metrics
import torch
import torchmetrics

from . import reference
from . import samples as s
from .book import Book


def build():
    book = Book()
    inputs = retrieval_inputs()
    book.add_inputs(inputs)
    for name, batches in inputs.items():
        for metric, args in cases(name):
            add_case(book, name, batches, metric, args)
    designed(book)
    return book


# ---------------------------------------------------------------- inputs


def documents(name, sizes, tied=None, relevant=0.35, logits=False, graded=False):
    """Documents of several queries, in a random order."""
    random = s.rng(name)
    n = sum(sizes)
    queries = np.repeat(np.arange(len(sizes)) * 3 - 4, sizes)
    scores = random.permutation(n) / n + 0.003 if tied is None else random.integers(1, tied + 1, size=n) / (tied + 1)
    if logits:
        scores = 6 * scores - 4
    target = (random.uniform(size=n) < relevant).astype(s.I64)
    batch = {"scores": s.grid(scores), "target": target, "queries": queries.astype(s.I64)}
    if graded:
        batch["gains"] = s.grid(random.integers(0, 4, size=n) * target * 0.75)
        del batch["target"]
    order = random.permutation(n)
    return {key: array[order] for key, array in batch.items()}


def whole(name, queries, width, tied=None):
    """Whole queries: a row each."""
    batch = documents(name, [width] * queries, tied)
    order = np.argsort(batch["queries"], kind="stable")
    return {key: batch[key][order].reshape(queries, width) for key in ("scores", "target")}


def retrieval_inputs():
    ignored = documents("ret_ignored", [6, 5, 4])
    ignored["target"][::4] = -1
    wide = documents("ret_wide", [5, 5, 5])
    wide["queries"] = wide["queries"] * 2**33 + np.where(wide["queries"] > 0, 2**40, -1)
    bare = documents("ret_bare", [5, 4, 3, 6])
    bare["target"][bare["queries"] == -1] = 0
    bare["target"][bare["queries"] == 2] = 1
    invalid = documents("ret_invalid", [6, 6])
    invalid["scores"][3] = np.nan
    invalid["target"][5] = -2
    ignored_rows = whole("ret_ignored_rows", 4, 6)
    ignored_rows["target"][1, 2:] = -1
    ignored_rows["target"][3] = -1
    return {
        "ret_plain": s.split(documents("ret_plain", [9, 7, 12, 5, 1]), 10, 1, 23),
        "ret_ties": s.split(documents("ret_ties", [7, 6, 7, 5], tied=3), 11, 14),
        "ret_all_tied": [documents("ret_all_tied", [6, 5], tied=1)],
        "ret_logits": s.split(documents("ret_logits", [9, 8, 6], logits=True), 12, 11),
        "ret_graded": s.split(documents("ret_graded", [9, 7, 12], graded=True), 13, 15),
        "ret_graded_ties": [documents("ret_graded_ties", [7, 6], tied=3, relevant=0.6, graded=True)],
        "ret_many": [documents("ret_many", [80, 70], relevant=0.6)],
        "ret_rows": s.split(whole("ret_rows", 7, 9), 3, 4),
        "ret_rows_ties": [whole("ret_rows_ties", 5, 6, tied=3)],
        "ret_rows_ignored": s.split(ignored_rows, 2, 2),
        "ret_one": [{"scores": s.grid([0.5]), "target": np.array([1]), "queries": np.array([7])}],
        "ret_ignored": s.split(ignored, 8, 7),
        "ret_wide": s.split(wide, 6, 9),
        "ret_bare": s.split(bare, 9, 9),
        "ret_invalid": [invalid],
    }


BY_K = ("RetrievalFallOut", "RetrievalHitRate", "RetrievalMAP", "RetrievalMRR", "RetrievalNormalizedDCG", "RetrievalPrecision",
        "RetrievalRecall", "RetrievalAUROC")
AVERAGES = ("median", "min", "max", "none")


def cases(name):
    if name == "ret_invalid":
        return
    base = {"ignore_index": -1} if "ignored" in name else {}
    if "graded" in name:
        for args in ({}, {"top_k": 1}, {"top_k": 4}, {"gain": "exponential"}, {"top_k": 3, "gain": "exponential"}):
            yield "RetrievalNormalizedDCG", {**base, **args}
        yield "RetrievalMAP", base
        return
    for metric in BY_K:
        for args in ({}, {"top_k": 1}, {"top_k": 3}, {"top_k": 5}, {"top_k": 1000}):
            yield metric, {**base, **args}
    yield "RetrievalRPrecision", base
    for args in ({"top_k": 3}, {"top_k": 5}):
        yield "RetrievalMAP", {**base, **args, "of_all": True}
    yield "RetrievalPrecision", {**base, "top_k": 8, "adaptive_k": True}
    for args in ({}, {"max_k": 4}, {"max_k": 14, "adaptive_k": True}):
        yield "RetrievalPrecisionRecallCurve", {**base, **args}
    for args in ({"min_precision": 0.0}, {"min_precision": 0.45}, {"min_precision": 0.4, "max_k": 4}, {"min_precision": 0.99}):
        yield "RetrievalRecallAtFixedPrecision", {**base, **args}
    if "tie" not in name and name != "ret_many":
        for rate in (0.2, 0.5, 1.0):
            yield "RetrievalAUROC", {**base, "max_fpr": rate}
    if name == "ret_logits":
        for metric in ("RetrievalMAP", "RetrievalMRR", "RetrievalPrecision", "RetrievalRecall"):
            for args in ({}, {"top_k": 3}):
                yield metric, {**args, "positive_scores_only": True}
    if name in ("ret_plain", "ret_bare", "ret_rows"):
        for metric in ("RetrievalMRR", "RetrievalFallOut", "RetrievalPrecisionRecallCurve"):
            for average in AVERAGES:
                if metric == "RetrievalPrecisionRecallCurve" and average == "none":
                    continue
                yield metric, {"aggregation": average, **({"top_k": 2} if metric == "RetrievalFallOut" else {})}
    if name == "ret_bare":
        for metric in ("RetrievalMAP", "RetrievalFallOut", "RetrievalPrecisionRecallCurve"):
            for action in ("neg", "pos", "skip"):
                yield metric, {"empty_target_action": action, **({"top_k": 3} if metric == "RetrievalFallOut" else {})}


def designed(book):
    book.error("RetrievalMAP", None, {}, "ret_invalid", "invalid", 2)
    book.error("RetrievalMAP", None, {"empty_target_action": "error"}, "ret_bare", "empty_queries")
    book.error("RetrievalFallOut", None, {"empty_target_action": "error"}, "ret_bare", "empty_queries")
    book.error("RetrievalMAP", None, {"top_k": 0}, "ret_plain", "invalid_option")
    book.error("RetrievalFallOut", None, {"empty_target_action": "skip"}, "ret_one", "empty_queries")


# ---------------------------------------------------------------- the definition


def queries_of(batches, ignore_index=None):
    """Scores and relevance of each query, in the order of our values."""
    found = {}
    for number, batch in enumerate(batches):
        relevance = batch["gains"] if "gains" in batch else batch["target"]
        queries = batch.get("queries")
        if queries is None:
            # After those of the batches before, and before all numbers there are.
            rows = np.arange(len(relevance))[:, None] + 1000 * number
            queries = np.broadcast_to(rows, relevance.shape)
        for score, own, query in zip(batch["scores"].ravel(), relevance.ravel(), queries.ravel()):
            if own != ignore_index:
                found.setdefault(int(query), []).append((float(score), float(own)))
    return [np.array(found[query]).T for query in sorted(found)]


def orders(scores, gains):
    """Every order of gains by falling scores, as likely as all others."""
    groups = []
    for score in sorted(set(scores), reverse=True):
        groups.append(sorted(set(itertools.permutations(gains[scores == score].tolist()))))
    for order in itertools.product(*groups):
        yield np.array([gain for group in order for gain in group])


def expected(scores, gains, value):
    if len(set(scores)) == len(scores):
        return value(gains[np.argsort(-scores)])
    return math.fsum(values := [value(order) for order in orders(scores, gains)]) / len(values)


def dcg(gains):
    return math.fsum(gain / math.log2(rank + 2) for rank, gain in enumerate(gains))


def auroc(gains, max_fpr):
    relevant = gains > 0
    if relevant.all() or not relevant.any():
        return 0.0
    return float(sklearn.metrics.roc_auc_score(relevant, -np.arange(len(gains)), max_fpr=max_fpr))


def of_query(metric, args, scores, gains):
    """The value of a query that has one, in an order without ties."""
    n = len(gains)
    top_k = args.get("top_k")
    k = n if top_k is None else min(top_k, n)
    positive = int((scores > 0).sum()) if args.get("positive_scores_only") else n
    all_relevant = int((gains > 0).sum())

    def value(order):
        relevant = order > 0
        found = relevant[: min(k, positive)]
        hits = int(found.sum())
        if metric == "RetrievalRecall":
            return hits / all_relevant
        if metric == "RetrievalPrecision":
            return hits / (n if top_k is None else min(top_k, n) if args.get("adaptive_k") else top_k)
        if metric == "RetrievalFallOut":
            return (k - hits) / (n - all_relevant)
        if metric == "RetrievalHitRate":
            return float(hits > 0)
        if metric == "RetrievalRPrecision":
            return int(relevant[:all_relevant].sum()) / all_relevant
        if metric == "RetrievalMRR":
            return 1 / (int(np.argmax(found)) + 1) if hits else 0.0
        if metric == "RetrievalMAP":
            ranks = np.flatnonzero(found) + 1
            precisions = [(i + 1) / rank for i, rank in enumerate(ranks.tolist())]
            return math.fsum(precisions) / max(1, all_relevant if args.get("of_all") else hits)
        if metric == "RetrievalNormalizedDCG":
            gain = (lambda g: 2**g - 1) if args.get("gain") else lambda g: g
            best = sorted(map(gain, order.tolist()), reverse=True)
            return dcg(map(gain, order[:k].tolist())) / dcg(best[:k])
        return auroc(order[:k], args.get("max_fpr"))

    return expected(scores, gains, value)


def curve_of_query(args, scores, gains, max_k):
    n, relevant = len(gains), int((gains > 0).sum())
    hits = [expected(scores, gains, lambda order: float((order[: k + 1] > 0).sum())) for k in range(max_k)]
    k = [min(k, n) if args.get("adaptive_k") else k for k in range(1, max_k + 1)]
    return [h / relevant for h in hits], [h / k for h, k in zip(hits, k)]


EMPTY = {"neg": 0.0, "pos": 1.0}
AGGREGATE = {
    "mean": lambda values: math.fsum(values) / len(values),
    "median": lambda values: sorted(values)[(len(values) - 1) // 2],
    "min": min,
    "max": max,
    "none": list,
}


def definition(metric, args, batches):
    queries = queries_of(batches, args.get("ignore_index"))
    curve = metric in ("RetrievalPrecisionRecallCurve", "RetrievalRecallAtFixedPrecision")
    action = args.get("empty_target_action", "pos" if metric == "RetrievalFallOut" else "neg")
    aggregate = AGGREGATE[args.get("aggregation", "mean")]
    max_k = args.get("max_k") or max(len(scores) for scores, _ in queries)
    values = []
    for scores, gains in queries:
        relevant = gains > 0
        if relevant.all() if metric == "RetrievalFallOut" else not relevant.any():
            if action != "skip":
                values.append(([EMPTY[action]] * max_k,) * 2 if curve else EMPTY[action])
        elif curve:
            values.append(curve_of_query(args, scores, gains, max_k))
        else:
            values.append(of_query(metric, args, scores, gains))
    if not curve:
        return aggregate(values)
    recall, precision = ([aggregate([value[part][k] for value in values]) for k in range(max_k)] for part in (0, 1))
    if metric == "RetrievalPrecisionRecallCurve":
        return {"curves": [{"recall": recall, "precision": precision, "thresholds": list(range(1, max_k + 1))}]}
    enough = [(r, k) for k, (r, p) in enumerate(zip(recall, precision), 1) if p >= args["min_precision"]]
    best = max(enough, default=(0.0, max_k))
    return list(best) if best[0] > 0 else [0.0, max_k]


# ---------------------------------------------------------------- beside others


def add_case(book, name, batches, metric, args):
    value = definition(metric, args, batches)
    tied = any(len(set(scores)) < len(scores) for scores, _ in queries_of(batches, args.get("ignore_index")))
    if not tied:
        check_torchmetrics(metric, args, batches, value)
        check_trec_eval(metric, args, batches, value)
    if "gain" not in args and metric == "RetrievalNormalizedDCG":
        check_sklearn(args, batches, value)
    book.expect(metric, None, args, name, value, "numpy")


def close(ours, theirs, what, tolerance=2e-6):
    if not np.allclose(ours, theirs, rtol=tolerance, atol=tolerance, equal_nan=True):
        raise AssertionError(f"{what}: {ours} by definition, {theirs} elsewhere")


def check_torchmetrics(metric, args, batches, value):
    if any(key in args for key in ("of_all", "gain")) or args.get("aggregation") == "none":
        return
    if any("queries" not in batch or "gains" in batch for batch in batches):
        return
    negative = any((batch["scores"] <= 0).any() for batch in batches)
    drops = ("RetrievalMAP", "RetrievalMRR", "RetrievalPrecision", "RetrievalRecall")
    if metric in drops and negative != args.get("positive_scores_only", False):
        return
    args = {key: item for key, item in args.items() if key != "positive_scores_only"}
    theirs = getattr(torchmetrics.retrieval, metric)(**args)
    for batch in batches:
        tensors = [torch.tensor(batch[key].ravel()) for key in ("scores", "target", "queries")]
        theirs.update(*tensors)
    result = theirs.compute()
    if metric == "RetrievalPrecisionRecallCurve":
        precision, recall, _ = result
        curve = value["curves"][0]
        close([curve["recall"], curve["precision"]], [recall.tolist(), precision.tolist()], f"{metric} {args}")
    elif metric == "RetrievalRecallAtFixedPrecision":
        close(value, [float(item) for item in result], f"{metric} {args}")
    else:
        close(value, float(result), f"{metric} {args}")


TREC = {
    "RetrievalMAP": ("map", "map_cut_{}"),
    "RetrievalMRR": ("recip_rank", None),
    "RetrievalNormalizedDCG": ("ndcg", "ndcg_cut_{}"),
    "RetrievalPrecision": (None, "P_{}"),
    "RetrievalRecall": (None, "recall_{}"),
    "RetrievalHitRate": (None, "success_{}"),
    "RetrievalRPrecision": ("Rprec", None),
}


def check_trec_eval(metric, args, batches, value):
    top_k = args.get("top_k")
    measure = TREC.get(metric, (None, None))[0 if top_k is None else 1]
    cut = top_k is not None and metric == "RetrievalMAP"
    odd = set(args) - {"top_k", "ignore_index", "of_all"}
    if measure is None or odd or (cut and not args.get("of_all")):
        return
    if any("gains" in batch for batch in batches):
        return  # trec_eval has whole grades alone
    queries = queries_of(batches, args.get("ignore_index"))
    qrel = {str(q): {str(d): int(gain) for d, gain in enumerate(gains)} for q, (_, gains) in enumerate(queries)}
    run = {str(q): {str(d): float(score) for d, score in enumerate(scores)} for q, (scores, _) in enumerate(queries)}
    measure = measure.format(top_k)
    name = measure if top_k is None else f"{measure.rsplit('_', 1)[0]}.{top_k}"
    found = pytrec_eval.RelevanceEvaluator(qrel, {name}).evaluate(run)
    close(value, np.mean([found[query][measure] for query in found]), f"{measure} of trec_eval", 1e-12)


def check_sklearn(args, batches, value):
    values = []
    for scores, gains in queries_of(batches, args.get("ignore_index")):
        if len(gains) == 1:
            values.append(float(gains[0] > 0))
            continue
        values.append(sklearn.metrics.ndcg_score([gains], [scores], k=args.get("top_k")))
    close(value, np.mean(values), f"ndcg_score {args}", 1e-12)
