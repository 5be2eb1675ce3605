"""A book of golden values of texts: for each metric the value of each row, of parts of the rows, and of all."""

import json

from .book import encode, line
from .text_rows import PART, ROWS


class RowsBook:
    """The rows themselves."""

    cases = ROWS
    skipped = ()

    def to_text(self):
        return "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in ROWS) + "\n]\n"


class TextBook:
    """Cases over all rows; `references` says how many references of a row a metric takes (None: all)."""

    def __init__(self, source):
        self.source = source
        self.cases = []
        self.skipped = ()

    def measure(self, metric, args, value_of, references=None, each=True, skip=()):
        """`value_of(rows)` is the corpus value of some rows."""
        rows = [(pred, refs[:references]) for index, (pred, refs) in enumerate(ROWS) if index not in skip]
        self.cases.append(
            {
                "metric": metric,
                "args": args,
                "references": references,
                "skip": sorted(skip),
                "all": encode(value_of(rows)),
                "parts": [encode(value_of(rows[start : start + PART])) for start in range(0, len(rows), PART)],
                "each": [encode(value_of([row])) for row in rows] if each else [],
            }
        )

    def to_text(self):
        return (
            f'{{"source":{line(self.source)},\n"cases":[\n' + ",\n".join(map(line, self.cases)) + "\n]}\n"
        )
