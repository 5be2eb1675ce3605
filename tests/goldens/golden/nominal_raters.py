"""Agreement of raters, and association of the columns of tables."""

import krippendorff
import numpy as np
from scipy.stats.contingency import association
from statsmodels.stats.inter_rater import fleiss_kappa

from . import samples as s
from .book import Book
from .clustering import corrected


def build():
    book = Book()
    fleiss(book)
    alpha(book)
    matrices(book)
    return book


def fleiss(book):
    def counts(name, n, categories, raters, pull=0.0):
        random = s.rng(name)
        shares = random.dirichlet(np.ones(categories) * (0.2 if pull else 1.0), size=n)
        return {"counts": np.array([random.multinomial(raters, share) for share in shares]).astype(s.I64)}

    inputs = {
        "fk_plain": s.split(counts("fk_plain", 30, 4, 6), 11, 1, 18),
        "fk_agree": s.split(counts("fk_agree", 25, 3, 5, pull=1.0), 20, 5),
        "fk_two": [counts("fk_two", 12, 2, 2)],
        "fk_perfect": [{"counts": (np.eye(3, dtype=s.I64) * 4)[np.arange(9) % 3]}],
        "fk_many": s.split(counts("fk_many", 40, 5, 3000), 15, 25),
    }
    book.add_inputs(inputs)
    for name, batches in inputs.items():
        table = np.concatenate([batch["counts"] for batch in batches])
        args = {"num_categories": table.shape[1]}
        book.expect("FleissKappa", None, args, name, fleiss_kappa(table), "statsmodels")
    random = s.rng("fk_probs")
    probs = s.grid(random.uniform(size=(14, 4, 3)))
    chosen = probs.argmax(axis=1)
    table = np.stack([(chosen == category).sum(axis=1) for category in range(4)], axis=1)
    book.add_input("fk_probs", s.split({"probabilities": probs}, 6, 8))
    book.expect("FleissKappa", None, {"num_categories": 4}, "fk_probs", fleiss_kappa(table), "statsmodels")
    nan = probs.copy()
    nan[2, 1, 0] = np.nan
    book.add_input("fk_nan", [{"probabilities": nan}])
    book.error("FleissKappa", None, {"num_categories": 4}, "fk_nan", "nan", 1)
    book.add_input("fk_uneven", s.split({"counts": np.array([[2, 1], [1, 1], [3, 0]])}, 1, 2))
    book.add_input("fk_one_rater", [{"counts": np.array([[1, 0], [0, 1]])}])
    book.add_input("fk_one_category", [{"counts": np.array([[3, 0], [3, 0]])}])
    for name in ("fk_uneven", "fk_one_rater", "fk_one_category"):
        book.error("FleissKappa", None, {"num_categories": 2}, name, "undefined")
    book.add_input("fk_negative", [{"counts": np.array([[3, 0], [4, -1], [40_000, 0]])}])
    book.error("FleissKappa", None, {"num_categories": 2}, "fk_negative", "invalid_label", 2)
    book.add_input("fk_empty", [{"counts": np.zeros((0, 2), s.I64)}])
    book.error("FleissKappa", None, {"num_categories": 2}, "fk_empty", "empty")


def alpha(book):
    def ratings(name, n, raters, values, missing=0.0, noise=0.4):
        random = s.rng(name)
        true = random.integers(0, len(values), size=(n, 1))
        other = random.integers(0, len(values), size=(n, raters))
        places = np.where(random.uniform(size=(n, raters)) < noise, other, true)
        table = np.array(values, dtype=s.F32)[places]
        table[random.uniform(size=table.shape) < missing] = np.nan
        return {"ratings": table}

    inputs = {
        "ka_plain": s.split(ratings("ka_plain", 30, 3, [0, 1, 2, 3]), 10, 1, 19),
        "ka_missing": s.split(ratings("ka_missing", 40, 5, [1, 2, 3, 4, 5], missing=0.4), 25, 15),
        "ka_numbers": [ratings("ka_numbers", 25, 4, [-2.5, -0.0, 0.25, 7, 100], missing=0.1)],
        "ka_chance": [ratings("ka_chance", 50, 2, [0, 1], noise=1.0)],
        "ka_same": [ratings("ka_same", 12, 3, [3, 5, 9], noise=0.0)],
    }
    book.add_inputs(inputs)
    for name, batches in inputs.items():
        table = np.concatenate([batch["ratings"] for batch in batches]).astype(np.float64)
        for level in ("nominal", "ordinal", "interval"):
            value = krippendorff.alpha(table.T + 0.0, level_of_measurement=level)
            book.expect("KrippendorffAlpha", None, {"level": level}, name, value, "krippendorff")
    single = np.array([[1, np.nan], [np.nan, 2]], dtype=s.F32)
    book.add_input("ka_single", [{"ratings": single}])
    book.add_input("ka_one_value", [{"ratings": np.ones((4, 3), s.F32)}])
    for name in ("ka_single", "ka_one_value"):
        book.error("KrippendorffAlpha", None, {}, name, "undefined")
    book.add_input("ka_empty", [{"ratings": np.full((3, 2), np.nan, s.F32)}])
    book.error("KrippendorffAlpha", None, {}, "ka_empty", "empty")
    infinite = np.array([[1, np.inf], [2, 2], [1, 2]], dtype=s.F32)
    book.add_input("ka_infinite", [{"ratings": infinite}])
    book.error("KrippendorffAlpha", None, {}, "ka_infinite", "nan", 1)


def matrices(book):
    random = s.rng("nm_table")
    base = random.integers(0, 4, size=200)
    other = np.where(random.uniform(size=200) < 0.5, base, random.integers(0, 3, size=200))
    table = np.stack([base, other * 7 - 3, random.integers(0, 5, size=200), base % 2], axis=1)
    book.add_input("nm_table", [{"table": table.astype(s.I64)}])
    for metric, method, bias in (
        ("CramersVMatrix", "cramer", True),
        ("CramersVMatrix", "cramer", False),
        ("TschuprowsTMatrix", "tschuprow", True),
        ("TschuprowsTMatrix", "tschuprow", False),
        ("PearsonsContingencyCoefficientMatrix", "pearson", False),
    ):
        def value(i, j):
            counts = contingency(table[:, i], table[:, j])
            return corrected(counts, method) if bias else association(counts, method=method)

        args = {"bias_correction": bias} if method != "pearson" else {}
        book.expect(metric, None, args, "nm_table", square(value), "numpy" if bias else "scipy")
    book.expect("TheilsUMatrix", None, {}, "nm_table", square(lambda i, j: theils_u(table[:, i], table[:, j])), "scipy")


def square(value):
    return [[1.0 if i == j else value(i, j) for j in range(4)] for i in range(4)]


def contingency(a, b):
    rows, columns = np.unique(a, return_inverse=True)[1], np.unique(b, return_inverse=True)[1]
    counts = np.zeros((rows.max() + 1, columns.max() + 1), dtype=np.int64)
    np.add.at(counts, (rows, columns), 1)
    return counts


def theils_u(pred, target):
    from scipy.stats import entropy

    counts = contingency(target, pred)
    whole = entropy(counts.sum(axis=0))
    left = sum(row.sum() * entropy(row) for row in counts) / counts.sum()
    return (whole - left) / whole
