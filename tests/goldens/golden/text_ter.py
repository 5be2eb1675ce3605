"""Translation edit rate: sacrebleu. Rates where sacrebleu has percents."""

from sacrebleu.metrics import TER

from .text_book import TextBook
from .text_rows import ROWS

# It takes sacrebleu minutes to shift words of long lines.
LONG = {index for index, (pred, refs) in enumerate(ROWS) if max(len(text.split()) for text in [pred, *refs]) > 25}


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

        # What sacrebleu counts for each row, once. Its corpus score normalizes references twice, so that a text with "it's"
        # before a tab is not equal to itself; here both sides are normalized once.
        metric = TER(**options)
        counted = {}

        def value(rows, metric=metric, counted=counted):
            for pred, references in rows:
                key = (pred, *references)
                if key not in counted:
                    texts = {"ref_words": [metric._preprocess_segment(text).split() for text in references]}
                    counted[key] = metric._compute_segment_statistics(metric._preprocess_segment(pred), texts)
            return metric._aggregate_and_compute([counted[(pred, *refs)] for pred, refs in rows]).score / 100

        book.measure("TranslationEditRate", args, value, None, each, skip=LONG)
    return book
