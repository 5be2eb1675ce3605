"""chrF and chrF++: sacrebleu. Shares in 0..1 where sacrebleu has percents."""

from sacrebleu.metrics import CHRF

from .text_bleu import columns
from .text_book import TextBook


def build():
    book = TextBook("sacrebleu 2.6.0")
    for args, each in [
        ({}, True), ({"n_word_order": 0}, True), ({"n_char_order": 3, "n_word_order": 1, "beta": 1.0}, False),
        ({"lowercase": True}, False), ({"whitespace": True}, True), ({"beta": 3.0, "n_word_order": 4}, False),
        ({"n_char_order": 1, "n_word_order": 0}, False), ({"effective_order": True}, True),
        ({"effective_order": True, "n_word_order": 0}, False),
    ]:  # fmt: skip
        options = dict(
            char_order=args.get("n_char_order", 6),
            word_order=args.get("n_word_order", 2),
            beta=args.get("beta", 2.0),
            lowercase=args.get("lowercase", False),
            whitespace=args.get("whitespace", False),
            eps_smoothing=not args.get("effective_order", False),
        )

        def value(rows, options=options):
            return CHRF(**options).corpus_score([pred for pred, _ in rows], columns(rows)).score / 100

        book.measure("ChrfScore", args, value, None, each)
    return book
