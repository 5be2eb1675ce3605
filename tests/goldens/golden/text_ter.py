"""Translation edit rate: sacrebleu. Rates where sacrebleu has percents."""

from sacrebleu.metrics import TER

from .text_bleu import columns
from .text_book import TextBook


def build():
    book = TextBook("sacrebleu 2.6.0")
    for args, each in [
        ({}, True), ({"lowercase": False}, True), ({"normalize": True}, True),
        ({"normalize": True, "asian_support": True}, True), ({"no_punctuation": True}, False),
        ({"no_punctuation": True, "asian_support": True}, False),
        ({"normalize": True, "no_punctuation": True, "asian_support": True, "lowercase": False}, False),
    ]:  # fmt: skip
        options = dict(
            normalized=args.get("normalize", False),
            no_punct=args.get("no_punctuation", False),
            asian_support=args.get("asian_support", False),
            case_sensitive=not args.get("lowercase", True),
        )

        def value(rows, options=options):
            return TER(**options).corpus_score([pred for pred, _ in rows], columns(rows)).score / 100

        book.measure("TranslationEditRate", args, value, None, each)
    return book
