"""Retrieval where relevant documents were never retrieved: by trec_eval, whose judgments name them."""

import numpy as np
import pytrec_eval

from . import samples as s
from .book import Book

MEASURES = (
    ("RetrievalRecall", {"top_k": 5}, "recall_5"),
    ("RetrievalRecall", {"top_k": 20}, "recall_20"),
    ("RetrievalRPrecision", {}, "Rprec"),
    ("RetrievalMAP", {"of_all": True}, "map"),
    ("RetrievalMAP", {"of_all": True, "top_k": 5}, "map_cut_5"),
    ("RetrievalNormalizedDCG", {"top_k": 5}, "ndcg_cut_5"),
    ("RetrievalNormalizedDCG", {}, "ndcg"),
    ("RetrievalPrecision", {"top_k": 5}, "P_5"),
    ("RetrievalMRR", {}, "recip_rank"),
)


def build():
    book = Book()
    for name, graded in (("rk_plain", False), ("rk_graded", True)):
        batch = documents(name, 12, 20, graded)
        book.add_input(name, s.split(batch, 5, 1, 6))
        for metric, args, measure in MEASURES:
            book.expect(metric, None, args, name, trec_eval(batch, measure), "trec_eval")
    few = documents("rk_few", 3, 6, False)
    few["relevant"][1] = few["target"][1].sum() - 1
    few["relevant"][2] = 2**21
    book.add_input("rk_few", [few])
    book.error("RetrievalRecall", None, {"top_k": 5}, "rk_few", "invalid_label", 2)
    return book


def documents(name, queries, width, graded):
    random = s.rng(name)
    scores = np.stack([random.permutation(width) for _ in range(queries)]) / 4 - 2
    target = random.integers(1, 4 if graded else 2, size=scores.shape) * (random.uniform(size=scores.shape) < 0.3)
    target[:, 0] = 1
    target[-1, 1:] = 0
    unfound = random.integers(0, 5, size=queries)
    return {
        "scores": s.grid(scores),
        "target": target.astype(s.I64),
        "relevant": ((target > 0).sum(axis=1) + unfound).astype(s.I64),
    }


def trec_eval(batch, measure):
    qrel, run = {}, {}
    for query, (scores, target, relevant) in enumerate(zip(batch["scores"], batch["target"], batch["relevant"])):
        judged = {str(d): int(grade) for d, grade in enumerate(target)}
        for missing in range(relevant - (target > 0).sum()):
            judged[f"missing{missing}"] = 1
        qrel[str(query)] = judged
        run[str(query)] = {str(d): float(score) for d, score in enumerate(scores)}
    name, _, cut = measure.rpartition("_")
    wanted = f"{name}.{cut}" if cut.isdigit() else measure
    found = pytrec_eval.RelevanceEvaluator(qrel, {wanted}).evaluate(run)
    return np.mean([found[query][measure] for query in found])
