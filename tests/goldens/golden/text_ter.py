"""Translation edit rate: sacrebleu. Rates where sacrebleu has percents."""

from sacrebleu.metrics import TER

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

        # Sums of what sacrebleu counts for each row once. It takes minutes for the longest lines, which are left out.
        metric = TER(**options)
        counted = {}

        def value(rows, metric=metric, counted=counted):
            for pred, references in rows:
                key = (pred, *references)
                if key not in counted:
                    counted[key] = metric._extract_corpus_statistics([pred], [[text] for text in references])[0]
            return metric._aggregate_and_compute([counted[(pred, *refs)] for pred, refs in rows]).score / 100

        book.measure("TranslationEditRate", args, value, None, each, last=-2)
    return book
