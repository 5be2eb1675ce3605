"""Seeded inputs. Each is a list of batches of unequal size, each a dict of arrays."""

import zlib

import numpy as np

F32, I64 = np.float32, np.int64
# Every value against which scores are compared anywhere in the goldens.
CUTS = np.unique(
    np.concatenate(
        [np.linspace(0, 1, n + 1) for n in (4, 5, 10, 15, 19)] + [np.array([0.3, 0.7, 0.25, 0.8])]
    )
)


def rng(name):
    """One stream per input, so that adding an input leaves all others as they are."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def grid(values):
    """Rounds to 1/4096: short decimals that f32 holds exactly."""
    return (np.round(np.asarray(values, dtype=np.float64) * 4096) / 4096).astype(F32)


def split(batch, *sizes):
    """Cuts one batch into several along axis 0; the sizes must add up."""
    total = len(next(iter(batch.values())))
    if sum(sizes) != total:
        raise ValueError(f"{sizes} do not add up to {total}")
    ends = np.cumsum(sizes)
    return [{key: array[end - size : end] for key, array in batch.items()} for size, end in zip(sizes, ends)]


def sigmoid(values):
    return 1.0 / (1.0 + np.exp(-values.astype(np.float64)))


def softmax(values):
    powers = np.exp(values.astype(np.float64) - values.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def is_logits(batch_scores):
    """TorchMetrics' rule, per batch: any value outside [0, 1] makes all of them logits."""
    return bool(((batch_scores < 0) | (batch_scores > 1)).any())


def require_logits(batches, activation):
    """Logits must be recognised in every batch, and no probability may be a close call.

    Implementations of exp differ in the last digit. Where a probability came within that of a
    threshold, or of another score, the expected value would depend on the implementation.
    """
    if not all(is_logits(batch["scores"]) for batch in batches):
        raise ValueError("a batch lies inside [0, 1] and would be taken for probabilities")
    require_clear(np.concatenate([activation(batch["scores"]) for batch in batches]))
    return batches


def require_clear(probabilities):
    if np.abs(probabilities[..., None] - CUTS).min() < 1e-6:
        raise ValueError("a probability is too close to a threshold; change the seed")
    columns = np.moveaxis(probabilities, 1, -1) if probabilities.ndim > 1 else probabilities[:, None]
    columns = columns.reshape(-1, columns.shape[-1])
    if len(columns) > 1 and np.diff(np.sort(columns, axis=0), axis=0).min() < 1e-7:
        raise ValueError("two probabilities are too close to each other; change the seed")


# --- multiclass ----------------------------------------------------------------------------


def multiclass_logits(name, n, classes, extra=(), pull=1.5):
    """Noise that leans towards the right class by `pull`."""
    random = rng(name)
    target = random.integers(0, classes, size=(n, *extra))
    scores = random.normal(size=(n, classes, *extra)) * 1.5
    scores += pull * np.moveaxis(np.eye(classes)[target], -1, 1)
    return {"scores": grid(scores), "target": target.astype(I64)}


def multiclass_probs(name, n, classes, pull=1.5):
    batch = multiclass_logits(name, n, classes, pull=pull)
    return {"scores": softmax(batch["scores"]).astype(F32), "target": batch["target"]}


def with_class_score(batch, index, value):
    """The same batch with one class's score set for all rows (never or always predicted)."""
    scores = batch["scores"].copy()
    scores[:, index] = grid(value)
    return {"scores": scores, "target": batch["target"]}


def with_target_moved(batch, source, destination):
    """The same batch with every target `source` turned into `destination`."""
    target = batch["target"].copy()
    target[target == source] = destination
    return {**batch, "target": target}


def with_ignored(batch, value, every=4):
    """Every fourth target (counted over all dimensions) becomes the ignored value."""
    target = batch["target"].copy()
    target.ravel()[1::every] = value
    return {**batch, "target": target}


def all_ignored(batch, value=-1):
    return {**batch, "target": np.full_like(batch["target"], value)}


def with_target(batch, position, value):
    target = batch["target"].copy()
    target.ravel()[position] = value
    return {**batch, "target": target}


def with_nan(batch, position, key="scores"):
    scores = batch[key].copy()
    scores.ravel()[position] = np.nan
    return {**batch, key: scores}


def certain(target, classes, shift=0):
    """Scores whose largest entry is at target + shift, and clearly so."""
    hit = np.moveaxis(np.eye(classes)[(target + shift) % classes], -1, 1)
    jitter = rng(f"certain{shift}").uniform(0, 0.5, size=hit.shape)
    return {"scores": grid(0.01 + 0.8 * hit + 0.3 * jitter), "target": target.astype(I64)}


# --- binary and multilabel: the same shapes, with or without a label axis ------------------


def binary_logits(name, shape, pull=1.2):
    random = rng(name)
    target = random.integers(0, 2, size=shape)
    scores = random.normal(size=shape) * 1.5 + pull * (2 * target - 1)
    return {"scores": grid(scores), "target": target.astype(I64)}


def binary_probs(name, shape, pull=1.2):
    batch = binary_logits(name, shape, pull)
    return {"scores": sigmoid(batch["scores"]).astype(F32), "target": batch["target"]}


def hardened(batch, threshold=0.5):
    """Predicted labels in place of scores."""
    return {"pred": (batch["scores"] > threshold).astype(I64), "target": batch["target"]}


def tied(batch):
    """Scores rounded to 0.1, so that most of them occur several times."""
    return {**batch, "scores": np.round(batch["scores"].astype(np.float64), 1).astype(F32)}
