"""Write the golden-value files of this folder, or check that they are up to date.

    python generate.py            rewrites every JSON file
    python generate.py --check    exits 1 if a file is not what would be written
"""

import argparse
import sys
import warnings
from pathlib import Path

sys.dont_write_bytecode = True  # keep the source tree free of __pycache__

from golden import (  # noqa: E402
    aggregation,
    aggregation_distributions,
    classification_areas,
    classification_calibration,
    classification_counts,
    classification_curves,
    classification_dice,
    classification_groups,
    classification_hinge,
    classification_ranking,
    classification_rates,
    classification_samples,
    classification_weights,
    clustering,
    clustering_points,
    differences,
    doc_examples,
    intervals,
    nominal_raters,
    pairwise,
    regression_correlation,
    regression_ensembles,
    regression_moments,
    regression_terms,
    retrieval,
    retrieval_known,
    segmentation,
    text_bleu,
    text_chrf,
    text_edits,
    text_eed,
    text_perplexity,
    text_rouge,
    text_squad,
    text_ter,
    wrappers,
)
from golden.text_book import RowsBook  # noqa: E402

FOLDER = Path(__file__).resolve().parent
MODULES = (
    aggregation,
    aggregation_distributions,
    classification_areas,
    classification_calibration,
    classification_counts,
    classification_curves,
    classification_dice,
    classification_groups,
    classification_hinge,
    classification_ranking,
    classification_rates,
    classification_samples,
    classification_weights,
    clustering,
    clustering_points,
    differences,
    doc_examples,
    intervals,
    nominal_raters,
    pairwise,
    regression_correlation,
    regression_ensembles,
    regression_moments,
    regression_terms,
    retrieval,
    retrieval_known,
    segmentation,
    text_perplexity,
    wrappers,
)
# A file has the name of the module that writes it.
BUILDERS = {f"{module.__name__.split('.')[-1]}.json": module.build for module in MODULES}
# Those of texts are about the same rows, and have a folder of their own.
BUILDERS |= {
    "text/rows.json": RowsBook,
    "text/stems.json": text_rouge.StemBook,
    "text/edits.json": text_edits.build,
    "text/eed.json": text_eed.build,
    "text/bleu.json": text_bleu.build,
    "text/chrf.json": text_chrf.build,
    "text/rouge.json": text_rouge.build,
    "text/squad.json": text_squad.build,
    "text/ter.json": text_ter.build,
}
PAGE = FOLDER.parents[1] / "docs/src/from-torchmetrics.md"  # has the table of differences
SIZE_LIMIT = 2_000_000  # bytes; keeps the repository and the published crate small


def build_text(file_name):
    book = BUILDERS[file_name]()
    text = book.to_text()
    if len(text) > SIZE_LIMIT:
        raise SystemExit(f"{file_name} would be {len(text)} bytes, over {SIZE_LIMIT}")
    return book, text


def with_table(page, table):
    """The page with this table of differences."""
    start = page.index(differences.HEAD)
    return page[:start] + table + page[page.index("\n\n", start) + 1 :]


def is_current(path, text):
    return path.exists() and path.read_text(encoding="utf-8") == text


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 on a difference")
    check = parser.parse_args().check
    # TorchMetrics warns on every degenerate input, and those are half of what is wanted here.
    warnings.filterwarnings("ignore")

    stale = []
    for file_name in BUILDERS:
        book, text = build_text(file_name)
        path = FOLDER / file_name
        if not check:
            path.write_text(text, encoding="utf-8")
        elif not is_current(path, text):
            stale.append(file_name)
        if hasattr(book, "rows"):
            page = PAGE.read_text(encoding="utf-8")
            table = with_table(page, differences.table(book.rows))
            if not check:
                PAGE.write_text(table, encoding="utf-8")
            elif table != page:
                stale.append(PAGE.name)
        print(f"{file_name}: {len(book.cases)} cases, {len(book.skipped)} skipped, {len(text)} bytes")
    if stale:
        print("out of date, run `python generate.py`: " + ", ".join(stale), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
