"""BLEU: sacrebleu. Shares in 0..1 where sacrebleu has percents."""

import math

from nltk.translate.bleu_score import corpus_bleu
from sacrebleu.metrics import BLEU

from .text_book import TextBook
from .text_rows import ROWS


def columns(rows):
    """The references as sacrebleu takes them: the first of each row, the second (or None), .."""
    count = max(len(references) for _, references in rows)
    return [[refs[i] if i < len(refs) else None for _, refs in rows] for i in range(count)]


def scorer(smooth=False, n_gram=4, weights=None, **options):
    method = "add-k" if smooth else "none"

    def value(rows):
        bleu = BLEU(smooth_method=method, max_ngram_order=n_gram, **options)
        # For texts that look tokenized.
        score = bleu.corpus_score([pred for pred, _ in rows], columns(rows))
        if weights is None:
            return score.score / 100
        shares = [(share, weight) for share, weight in zip(score.precisions, weights) if weight]
        if any(share == 0 for share, _ in shares):
            return 0.0
        return score.bp * math.exp(math.fsum(weight * math.log(share / 100) for share, weight in shares))

    return value


def compare_with_nltk():
    long = [(pred, refs) for pred, refs in ROWS if len(pred.split()) >= 4]
    ours = scorer(tokenize="none")(long)
    nltk = corpus_bleu([[ref.split() for ref in refs] for _, refs in long], [pred.split() for pred, _ in long])
    assert abs(ours - nltk) < 1e-12, (ours, nltk)


def build():
    compare_with_nltk()
    book = TextBook("sacrebleu 2.6.0")
    for args, each in [
        ({}, True), ({"smooth": True}, True), ({"n_gram": 1}, True), ({"n_gram": 2, "smooth": True}, False),
        ({"n_gram": 6}, False), ({"weights": [0.5, 0.25, 0.25, 0.0]}, True),
        ({"n_gram": 2, "weights": [0.7, 0.3]}, False), ({"smooth": True, "weights": [0.1, 0.2, 0.3, 0.4]}, False),
    ]:  # fmt: skip
        book.measure("BleuScore", args, scorer(tokenize="none", **args), None, each)
    book.measure("BleuScore", {}, scorer(tokenize="none"), 1, False)
    for tokenize in ("13a", "zh", "intl", "char", "none"):
        for smooth, lowercase in [(False, False), (True, False), (True, True)]:
            args = {"tokenize": tokenize, "smooth": smooth, "lowercase": lowercase}
            book.measure("SacreBleuScore", args, scorer(**args), None, smooth and not lowercase)
    return book
