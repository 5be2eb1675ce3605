"""Edit distances and rates: jiwer (words are those of `str.split`, characters are code points), nltk and rapidfuzz."""

import jiwer
import rapidfuzz
from nltk.metrics.distance import edit_distance

from .text_book import TextBook
from .text_rows import ROWS


class Words(jiwer.AbstractTransform):
    def process_string(self, text):
        return [text.split()]

    def process_list(self, texts):
        return [text.split() for text in texts]


class Characters(jiwer.AbstractTransform):
    def process_string(self, text):
        return [list(text)]

    def process_list(self, texts):
        return [list(text) for text in texts]


def rate(name):
    def value(rows):
        predictions = [pred for pred, _ in rows]
        references = [refs[0] for _, refs in rows]
        transform = Characters() if name == "cer" else Words()
        out = jiwer.process_words(references, predictions, transform, transform)
        return getattr(out, "wer" if name == "cer" else name)

    return value


def distances(cost):
    # nltk's table is of Python objects: the same numbers by rapidfuzz, which is compared with it where lines are short.
    weights = (1, 1, min(cost, 2))

    def distance(pred, target):
        ours = rapidfuzz.distance.Levenshtein.distance(pred, target, weights=weights)
        if len(pred) * len(target) < 10_000:
            assert ours == edit_distance(pred, target, substitution_cost=cost), (pred, target)
        return ours

    return lambda rows: [distance(pred, refs[0]) for pred, refs in rows]


def build():
    book = TextBook("jiwer 4.0.0, nltk 3.10.4")
    for metric, name in [
        ("WordErrorRate", "wer"), ("CharErrorRate", "cer"), ("MatchErrorRate", "mer"), ("WordInfoLost", "wil"),
        ("WordInfoPreserved", "wip"),
    ]:  # fmt: skip
        book.measure(metric, {}, rate(name), 1)
    for cost in (0, 1, 2, 3):
        each = distances(cost)
        book.measure("EditDistance", {"substitution_cost": cost}, lambda rows: sum(each(rows)) / len(rows), 1, cost == 1)
    each = distances(1)
    book.measure("EditDistance", {"substitution_cost": 1, "reduction": "sum"}, lambda rows: sum(each(rows)), 1, False)
    book.measure("EditDistance", {"substitution_cost": 1, "reduction": "none"}, each, 1, False)
    return book
