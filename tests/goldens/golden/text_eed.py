"""Extended edit distance: TorchMetrics' functions of plain Python floats, which are those of the authors' script."""

from torchmetrics.functional.text.eed import _eed_function, _preprocess_en, _preprocess_ja

from .text_book import TextBook
from .text_rows import ROWS


def build():
    book = TextBook("torchmetrics 1.9.0, in f64")
    for args, each in [
        ({}, True), ({"language": "ja"}, True), ({"alpha": 1.5, "rho": 0.1, "deletion": 0.5, "insertion": 0.8}, False),
        ({"rho": 0.0, "alpha": 0.0}, False),
    ]:  # fmt: skip
        prepare = _preprocess_ja if args.get("language") == "ja" else _preprocess_en
        costs = [args.get("alpha", 2.0), args.get("rho", 0.3), args.get("deletion", 0.2), args.get("insertion", 1.0)]
        known = {}

        def of_pair(pred, reference, prepare=prepare, costs=costs, known=known):
            if (pred, reference) not in known:
                pair = prepare(pred), prepare(reference)
                # Nothing to compare with, and no cost of characters that are left out.
                known[pred, reference] = 0.0 if pair == ("", "") and costs[1] == 0 else float(_eed_function(*pair, *costs))
            return known[pred, reference]

        def value(rows, of_pair=of_pair):
            return sum(min(of_pair(pred, ref) for ref in refs) for pred, refs in rows) / len(rows)

        book.measure("ExtendedEditDistance", args, value, None, each, skip={len(ROWS) - 2, len(ROWS) - 1})
    return book
