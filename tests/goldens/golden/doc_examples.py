"""The examples in the documentation of TorchMetrics' own classes, run there and recomputed here."""

import contextlib
import doctest
import functools
import inspect
import sys

import numpy as np
import torch
import torchmetrics
import torchmetrics.aggregation
import torchmetrics.classification
import torchmetrics.regression

from . import curve_definitions, reference
from . import samples as s
from .book import Book

DOMAINS = (torchmetrics.classification, torchmetrics.regression, torchmetrics.aggregation)
FIRST = {"aggregation": ("values", "weights"), "regression": ("pred", "target")}
# What the doctest flags of TorchMetrics itself leave open.
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL
# Arguments without a meaning here.
UNUSED = ("task", "validate_args", "dist_sync_on_step")
# Of whole metrics rather than of tensors; the wrappers have tests of their own.
WRAPPERS = ("Running", "RunningMean", "RunningSum")

# Whose binned curves have their ends here, and whose classes without a value are NaN.
OF_CURVES = (
    "AUROC", "AveragePrecision", "EER", "LogAUC", "PrecisionAtFixedRecall", "PrecisionRecallCurve", "ROC",
    "RecallAtFixedPrecision", "SensitivityAtSpecificity", "SpecificityAtSensitivity",
)  # fmt: skip


def build():
    book = Book()
    seen = set()
    for module in DOMAINS:
        for name, cls in sorted(vars(module).items()):
            if inspect.isclass(cls) and issubclass(cls, torchmetrics.Metric) and name not in WRAPPERS:
                for metric in recorded(cls):
                    add(book, seen, name, metric)
    return book


@contextlib.contextmanager
def recording(found):
    """Notes every metric that is made, its arguments, and the tensors it is given."""
    originals = []

    def patch(owner, name, wrapper):
        original = owner.__dict__[name]
        originals.append((owner, name, original))
        setattr(owner, name, functools.wraps(original)(wrapper(original)))

    def initializer(original):
        def init(self, *args, **kwargs):
            if not hasattr(self, "doc_arguments"):
                bound = inspect.signature(original).bind(self, *args, **kwargs).arguments
                bound.pop("self")
                bound.update(bound.pop("kwargs", {}))
                object.__setattr__(self, "doc_arguments", dict(bound))
                object.__setattr__(self, "doc_batches", [])
                object.__setattr__(self, "doc_inside", False)
                found.append(self)
            original(self, *args, **kwargs)

        return init

    def recorder(original):
        def record(self, *args, **kwargs):
            if self.doc_inside:
                return original(self, *args, **kwargs)
            names = inspect.signature(type(self).update).parameters
            self.doc_batches.append({**dict(zip(list(names)[1:], args)), **kwargs})
            self.doc_inside = True
            try:
                return original(self, *args, **kwargs)
            finally:
                self.doc_inside = False

        return record

    classes = [cls for module in DOMAINS for cls in vars(module).values() if inspect.isclass(cls)]
    owners = {owner for cls in classes if issubclass(cls, torchmetrics.Metric) for owner in cls.__mro__}
    try:
        for owner in owners:
            if owner.__module__.startswith("torchmetrics") and owner is not torchmetrics.Metric:
                if "__init__" in vars(owner):
                    patch(owner, "__init__", initializer)
                if "update" in vars(owner):
                    patch(owner, "update", recorder)
        patch(torchmetrics.Metric, "forward", recorder)
        yield
    finally:
        for owner, name, original in originals:
            setattr(owner, name, original)


def recorded(cls):
    """The metrics of a class's examples, after its own expectations have been met."""
    scope = dict(vars(sys.modules[cls.__module__]))  # as doctest itself runs them
    tests = doctest.DocTestParser().get_doctest(cls.__doc__ or "", scope, cls.__name__, None, None)
    examples = [example for example in tests.examples if "plot" not in example.source]
    tests.examples = examples
    found = []
    torch.manual_seed(42)
    with recording(found):
        outcome = doctest.DocTestRunner(optionflags=FLAGS, verbose=False).run(tests, out=sys.stderr.write)
    if outcome.failed:
        raise AssertionError(f"{cls.__name__}: {outcome.failed} of its examples fail in TorchMetrics itself")
    return [metric for metric in found if metric.doc_batches]


def array(tensor):
    """A tensor as this library takes it: floats or integers."""
    data = np.atleast_1d(tensor.detach().cpu() if isinstance(tensor, torch.Tensor) else tensor)
    return data.astype(s.F32 if data.dtype.kind == "f" else s.I64)


def arrays(metric, domain):
    """The batches with our names for the arrays, and scores told from labels."""
    batches = []
    for given in metric.doc_batches:
        batch = {name: array(value) for name, value in given.items()}
        first, second = FIRST.get(domain, ("scores", "target"))
        (key, *others) = batch
        values = batch.pop(key)
        if domain == "classification" and values.dtype == s.I64:
            first = "pred"
        named = {first: values if domain == "classification" else values.astype(s.F32)}
        for name, value in zip([second, *others[1:]], batch.values()):
            named[name] = value if domain == "classification" else value.astype(s.F32)
        batches.append(named)
    return batches


def add(book, seen, name, metric):
    domain = type(metric).__module__.split(".")[1]
    name = type(metric).__name__
    tasks = [task for task, prefix in reference.PREFIX.items() if name.startswith(prefix)]
    task = tasks[0] if tasks else None
    short = name.removeprefix(reference.PREFIX[task]) if task else name.removesuffix("Metric")
    args = {key: plain(key, value) for key, value in metric.doc_arguments.items() if key not in UNUSED}
    try:
        batches = arrays(metric, domain)
    except (TypeError, ValueError) as problem:
        book.skip(f"{short}/{task}", f"its input is no list of arrays: {problem}")
        return
    value = computed(metric, domain, short, batches)
    if short.endswith("Divergence"):
        args.setdefault("reduction", "mean")
    if (kept := args.get("keep_sequence_dim")) is not None:  # what is kept are the columns here
        columns = [{key: np.moveaxis(value, kept, -1) for key, value in batch.items()} for batch in batches]
        batches = [{key: value.reshape(-1, value.shape[-1]) for key, value in batch.items()} for batch in columns]
        args["keep_sequence_dim"] = 1
    key = repr((name, args, [[(k, v.tolist()) for k, v in batch.items()] for batch in batches]))
    if key in seen:
        return
    seen.add(key)
    input_name = f"doc_{len(book.inputs)}"
    book.add_input(input_name, batches)
    source = "torchmetrics"
    if short in OF_CURVES:
        value, source = curve_definitions.right(short, task, args, batches, value)
    book.expect(short, task, args, input_name, value, source)


def plain(key, value):
    if isinstance(value, torch.Tensor):
        return value.tolist()
    return "none" if key == "average" and value is None else value


def computed(metric, domain, name, batches):
    """The value of what the example gave the metric: regression in f64 from the start."""
    if domain != "classification":
        with reference.float64_arithmetic():
            return reference.run_float64(type(metric)(**metric.doc_arguments), batches)
    metric._computed = None
    with reference.float64_arithmetic():
        metric.compute_with_cache = False
        value = metric.compute()
    if isinstance(value, dict):
        return [by_group(key, item.tolist()) for key, item in value.items()]
    value = reference.to_list(value)
    if name in reference.AT_RATE:
        return [value[0], reference.without_sentinel(value[1])]
    if name in reference.CURVE_KEYS:
        return reference.as_curves(value, reference.CURVE_KEYS[name], binned=metric.thresholds is not None)
    return value


def by_group(key, value):
    """The rates of `group_0` with their support, or the groups and the ratio of `DP_0_1`."""
    if isinstance(value, list):
        tp, _, _, fn = value
        return [*value, tp + fn]
    _, low, high = key.split("_")
    return [int(low), int(high), value]
