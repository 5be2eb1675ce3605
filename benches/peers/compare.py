"""Ours beside TorchMetrics, torcheval, scikit-learn, scikit-learn-intelex, polars-ds, monai, jiwer, sacrebleu, rouge-score
and loops in Numba, in turns on one machine.

    python3 -m venv target/peers
    target/peers/bin/pip install -r benches/peers/requirements.txt
    target/peers/bin/python benches/peers/compare.py [--device cuda] [--program PATH] [--rounds 7] [names]

Prints a Markdown table: medians over the rounds, and ratios as medians of the ratios within a round, which a
noisy machine disturbs less. Inputs are random and made on the device before the clock starts; every pass ends
with its values on the host. The floor is the time to read the inputs once, at the rate that was measured beside
it. What a peer has not, or not for CUDA, is left blank. Numba's loops are ours: one parallel pass over the data that
computes what the workload asks for and nothing else.
"""
import argparse
import statistics
import subprocess
import random
import sys
import time
import warnings

try:
    import sklearn.metrics as sk
    import torch
    import torcheval.metrics as te
    import torchmetrics as tm
    import torchmetrics.classification as tmc
    import torchmetrics.segmentation
except ImportError as error:
    print(f"{error}; install what it needs: pip install -r benches/peers/requirements.txt", file=sys.stderr)
    sys.exit(2)

# On a GPU there is no use for them.
try:
    import numba
    import numpy as np
    import polars
    import polars_ds
    import sklearnex.metrics as skx
except ImportError:
    numba = None

# Of use for masks alone.
try:
    import monai.metrics as mm
except ImportError:
    mm = None

# Of use for texts alone.
try:
    import jiwer
    import sacrebleu
    from rouge_score import rouge_scorer
except ImportError:
    jiwer = sacrebleu = rouge_scorer = None

warnings.filterwarnings("ignore")

PEERS = ["TorchMetrics", "torcheval", "scikit-learn", "sklearnex", "polars-ds", "Numba", "monai", "jiwer", "sacrebleu", "rouge-score"]

if numba:
    @numba.njit(parallel=True, fastmath=True, cache=True)
    def errors(pred, target):
        """MSE, MAE and R2."""
        squared = absolute = total = squares = 0.0
        for i in numba.prange(len(pred)):
            error = np.float64(pred[i]) - target[i]
            squared += error * error
            absolute += abs(error)
            total += target[i]
            squares += np.float64(target[i]) * target[i]
        n = len(pred)
        return squared / n, absolute / n, 1.0 - squared / (squares - total * total / n)

    @numba.njit(parallel=True, cache=True)
    def mean_iou(pred, target, classes):
        """Of label maps, from one matrix a thread."""
        threads = numba.get_num_threads()
        each = np.zeros((threads, classes * classes), np.int64)
        step = (len(pred) + threads - 1) // threads
        for thread in numba.prange(threads):
            own = each[thread]
            for i in range(thread * step, min(len(pred), (thread + 1) * step)):
                own[target[i] * classes + pred[i]] += 1
        matrix = each.sum(axis=0).reshape(classes, classes)
        hits = np.diag(matrix)
        return (hits / (matrix.sum(axis=0) + matrix.sum(axis=1) - hits)).mean()

    @numba.njit(cache=True)
    def confusion(scores, target, matrix):
        """Adds rows of scores to a matrix, which is all the five metrics of W1 need."""
        for row in range(scores.shape[0]):
            best = 0
            for label in range(1, scores.shape[1]):
                if scores[row, label] > scores[row, best]:
                    best = label
            matrix[target[row], best] += 1

    @numba.njit(parallel=True, cache=True)
    def binned(scores, target, thresholds):
        """The area under the curve at evenly spaced thresholds."""
        threads = numba.get_num_threads()
        each = np.zeros((threads, 2, thresholds + 1), np.int64)
        step = (len(scores) + threads - 1) // threads
        for thread in numba.prange(threads):
            own = each[thread]
            for i in range(thread * step, min(len(scores), (thread + 1) * step)):
                own[target[i], int(scores[i] * (thresholds - 1)) + 1] += 1
        counts = each.sum(axis=0)[:, ::-1].cumsum(axis=1)
        negatives, positives = counts[0] / counts[0, -1], counts[1] / counts[1, -1]
        return ((negatives[1:] - negatives[:-1]) * (positives[1:] + positives[:-1])).sum() / 2


class Ours:
    """The `workload` program, which answers every name with the seconds of a step."""

    def __init__(self, backend, program):
        features = [] if backend == "flex" else ["--features", backend]
        cargo = ["cargo", "run", "--release", "--quiet", "-p", "metrics-benches", "--bin", "workload", *features, "--"]
        command = [program] if program else cargo
        self.process = subprocess.Popen([*command, "--backend", backend], text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)

    def time(self, name):
        print(name, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline().rstrip("\n").split("\t")
        if len(answer) != 4:
            sys.exit(f"`workload` does not answer for {name}")
        return float(answer[1]), int(answer[2]), answer[3]


class Peers:
    """For every workload what the peers do for it: a pass and its steps."""

    def __init__(self, device):
        self.device = torch.device(device)

    def randn(self, *shape):
        return torch.randn(*shape, device=self.device)

    def labels(self, high, *shape):
        return torch.randint(0, high, shape, device=self.device)

    def stream(self, metrics, batches, steps=None):
        """Updates each metric with every batch in turn and computes once: a pass of so many steps, or of one
        step that takes all batches."""
        def run():
            for metric in metrics:
                metric.reset()
            for i in range(steps or len(batches)):
                for metric in metrics:
                    metric.update(*batches[i % len(batches)])
            return [metric.compute() for metric in metrics]

        return run, steps or 1

    def torchmetrics(self, metrics, batches, steps=None):
        return self.stream([tm.MetricCollection(metrics).to(self.device)], batches, steps)

    def torcheval(self, metrics, batches, steps=None):
        return self.stream([metric.to(self.device) for metric in metrics], batches, steps)

    def on_arrays(self, functions, *arrays):
        """Functions of arrays, for peers on a CPU."""
        if self.device.type != "cpu" or not functions:
            return None
        arrays = [array.numpy() for array in arrays]
        return (lambda: [function(*arrays) for function in functions]), 1

    def polars(self, expression, **columns):
        """An expression over a frame, in a single collect."""
        if self.device.type != "cpu" or not numba:
            return None
        frame = polars.DataFrame({name: column.numpy() for name, column in columns.items()})
        return (lambda: frame.select(expression(polars_ds))), 1

    def w1(self):
        batches = [(self.randn(512, 10), self.labels(10, 512)) for _ in range(20)]
        ours = [tmc.MulticlassAccuracy(10), tmc.MulticlassPrecision(10), tmc.MulticlassRecall(10),
                tmc.MulticlassF1Score(10), tmc.MulticlassConfusionMatrix(10)]
        macro = {"num_classes": 10, "average": "macro"}
        theirs = [te.MulticlassAccuracy(**macro), te.MulticlassPrecision(**macro), te.MulticlassRecall(**macro),
                  te.MulticlassF1Score(**macro), te.MulticlassConfusionMatrix(10)]
        return {"TorchMetrics": self.torchmetrics(ours, batches, 200), "torcheval": self.torcheval(theirs, batches, 200),
                "Numba": self.matrix(batches)}

    def matrix(self, batches):
        if self.device.type != "cpu" or not numba:
            return None
        arrays = [(scores.numpy(), target.numpy()) for scores, target in batches]

        def run():
            matrix = np.zeros((10, 10), np.int64)
            for i in range(200):
                confusion(*arrays[i % len(arrays)], matrix)
            return matrix

        return run, 200

    def w1s(self):
        batches = [(self.randn(512, 10), self.labels(10, 512)) for _ in range(20)]
        metrics = tm.MetricCollection([tmc.MulticlassAccuracy(10), tmc.MulticlassPrecision(10),
                                       tmc.MulticlassRecall(10), tmc.MulticlassF1Score(10),
                                       tmc.MulticlassConfusionMatrix(10)]).to(self.device)

        def run():
            metrics.reset()
            for i in range(50):
                metrics(*batches[i % 20])
            return metrics.compute()

        return {"TorchMetrics": (run, 50)}

    def w2(self):
        batches = [(self.randn(256, 1000), self.labels(1000, 256)) for _ in range(8)]
        metrics = {"top1": tmc.MulticlassAccuracy(1000, average="micro"),
                   "top5": tmc.MulticlassAccuracy(1000, top_k=5, average="micro"),
                   "f1": tmc.MulticlassF1Score(1000), "confusion": tmc.MulticlassConfusionMatrix(1000),
                   "calibration": tmc.MulticlassCalibrationError(1000)}
        return {"TorchMetrics": self.torchmetrics(metrics, batches, 40)}

    def scored(self):
        scores = torch.rand(1_000_000, device=self.device)
        target = (torch.rand(1_000_000, device=self.device) < scores).long()
        return scores, target, list(zip(scores.chunk(10), target.chunk(10)))

    def w3(self):
        scores, target, batches = self.scored()
        return {"TorchMetrics": self.torchmetrics([tmc.BinaryAUROC()], batches),
                "torcheval": self.torcheval([te.BinaryAUROC()], batches),
                "scikit-learn": self.on_arrays([sk.roc_auc_score], target, scores),
                "sklearnex": self.on_arrays([skx.roc_auc_score] if numba else [], target, scores),
                "polars-ds": self.polars(lambda pds: pds.query_roc_auc("target", "scores"), target=target, scores=scores)}

    def w3ap(self):
        scores, target, batches = self.scored()
        return {"TorchMetrics": self.torchmetrics([tmc.BinaryAveragePrecision()], batches),
                "torcheval": self.torcheval([te.BinaryAUPRC()], batches),
                "scikit-learn": self.on_arrays([sk.average_precision_score], target, scores)}

    def w3curves(self):
        scores, target, batches = self.scored()
        metrics = [tmc.BinaryAUROC(), tmc.BinaryAveragePrecision(), tmc.BinaryROC(), tmc.BinaryPrecisionRecallCurve()]
        functions = [sk.roc_auc_score, sk.average_precision_score, sk.roc_curve, sk.precision_recall_curve]
        return {"TorchMetrics": self.torchmetrics(metrics, batches),
                "scikit-learn": self.on_arrays(functions, target, scores)}

    def w3binned(self):
        scores, target, batches = self.scored()
        own = [lambda scores, target: binned(scores, target, 200)] if numba else []
        return {"TorchMetrics": self.torchmetrics([tmc.BinaryAUROC(thresholds=200)], batches),
                "torcheval": self.torcheval([te.BinaryBinnedAUROC(threshold=torch.linspace(0, 1, 200, device=self.device))], batches),
                "Numba": self.on_arrays(own, scores, target)}

    def w3m(self):
        scores, target = self.randn(20_000, 100).softmax(-1), self.labels(100, 20_000)
        return {"TorchMetrics": self.torchmetrics([tmc.MulticlassAUROC(100)], [(scores, target)]),
                "torcheval": self.torcheval([te.MulticlassAUROC(num_classes=100)], [(scores, target)])}

    def w4(self):
        target = self.randn(10_000_000)
        pred = target + 0.1 * self.randn(10_000_000)
        functions = [sk.mean_squared_error, sk.mean_absolute_error, sk.r2_score]
        metrics = [tm.MeanSquaredError(), tm.MeanAbsoluteError(), tm.R2Score()]
        return {"TorchMetrics": self.torchmetrics(metrics, [(pred, target)]),
                "scikit-learn": self.on_arrays(functions, target, pred),
                "polars-ds": self.polars(lambda pds: [pds.query_l2("target", "pred").alias("mse"),
                                                      pds.query_l1("target", "pred").alias("mae"),
                                                      pds.query_r2("target", "pred").alias("r2")], target=target, pred=pred),
                "Numba": self.on_arrays([errors] if numba else [], pred, target)}

    def w5(self):
        pred, target = (self.labels(21, 16, 512, 512) for _ in range(2))
        own = [lambda pred, target: mean_iou(pred, target, 21)] if numba else []
        return {"TorchMetrics": self.torchmetrics([tmc.MulticlassJaccardIndex(21)], [(pred, target)]),
                "Numba": self.on_arrays(own, pred.flatten(), target.flatten())}

    def regions(self, classes, *shape):
        """Targets, and predictions of which the borders are a little off."""
        z, y, x = (torch.arange(size, dtype=torch.float64) / scale for size, scale in zip(shape, (31, 97, 113)))
        z, y, x = z[:, None, None], y[:, None], x

        def map_of(shift):
            wave = (x + shift).sin() + (1.3 * y - shift).cos() + (0.7 * x * y + z).sin()
            return ((wave + 3) / 6 * classes).long().to(self.device)

        return map_of(0.0), map_of(0.05)

    def one_hot(self, labels, classes):
        return torch.nn.functional.one_hot(labels, classes).movedim(-1, 1)

    def w7(self):
        target, pred = self.regions(19, 4, 1024, 2048)
        metric = tm.segmentation.MeanIoU(19, input_format="index")
        peers = {"TorchMetrics": self.stream([metric.to(self.device)], list(zip(pred.split(1), target.split(1))), 4)}
        if numba and self.device.type == "cpu":
            arrays = pred.numpy().ravel(), target.numpy().ravel()
            peers["Numba"] = (lambda: mean_iou(*arrays, 19)), 4
        if mm:
            hot = [self.one_hot(labels, 19) for labels in (pred, target)]
            peers["monai"] = (lambda: mm.compute_iou(*hot).nanmean()), 4
        return peers

    def w7scores(self):
        scores = torch.rand(1, 19, 1024, 2048, device=self.device)
        target = self.regions(19, 1, 1024, 2048)[0]
        metric = tm.segmentation.MeanIoU(19, input_format="mixed")
        return {"TorchMetrics": self.stream([metric.to(self.device)], [(scores, target)])}

    def surfaces(self, classes, pred, target):
        """Without the background, in one-hot masks made before; TorchMetrics takes minutes."""
        if not mm:
            return {}
        hot = [self.one_hot(labels, classes) for labels in (pred, target)]

        def run():
            return [mm.compute_hausdorff_distance(*hot), mm.compute_hausdorff_distance(*hot, percentile=95),
                    mm.compute_average_surface_distance(*hot, symmetric=True),
                    mm.compute_surface_dice(*hot, [1.0] * (classes - 1))]

        return {"monai": (run, 1)}

    def w7surfaces(self):
        return self.surfaces(2, *self.regions(2, 1, 1024, 1024))

    def w7volume(self):
        pred, target = (labels[None] for labels in self.regions(4, 64, 128, 128))
        return self.surfaces(4, pred, target)

    def ami(self):
        clusters, classes = (torch.randint(100, (10**6,)) for _ in range(2))
        return {"scikit-learn": self.on_arrays([sk.adjusted_mutual_info_score], classes, clusters)}

    def sentences(self, n, words):
        """As ours: few words are frequent, and one in five of the references is another."""
        draw = random.Random(1).randrange

        def word(i):
            return "".join(chr(97 + (i * 7 + at * 11) % 26) for at in range(3 + i % 6))

        pred, target = [], []
        for _ in range(n):
            ids = [draw(3000) * draw(3000) // 3000 for _ in range(words)]
            pred.append(" ".join(map(word, ids)))
            target.append(" ".join(word(draw(3000) if draw(5) == 0 else i) for i in ids))
        return pred, target

    def texts(self, n, words, **peers):
        """Peers that are installed, of functions of predictions and references."""
        pred, target = self.sentences(n, words)
        return {name.replace("_", "-"): ((lambda run=run: run(pred, target)), 1) for name, run in peers.items() if run}

    def wer(self):
        return self.texts(2620, 20, jiwer=jiwer and (lambda pred, target: jiwer.wer(target, pred)))

    def cer(self):
        return self.texts(2620, 20, jiwer=jiwer and (lambda pred, target: jiwer.cer(target, pred)))

    def bleu(self):
        return self.texts(3000, 20, sacrebleu=sacrebleu and (lambda pred, target: sacrebleu.corpus_bleu(pred, [target])))

    def chrf(self):
        return self.texts(3000, 20, sacrebleu=sacrebleu and (lambda pred, target: sacrebleu.corpus_chrf(pred, [target], word_order=2)))

    def ter(self):
        return self.texts(3000, 20, sacrebleu=sacrebleu and (lambda pred, target: sacrebleu.corpus_ter(pred, [target])))

    def rouge(self):
        def run(pred, target):
            scorer = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL", "rougeLsum"], use_stemmer=True)
            return [scorer.score(t, p) for p, t in zip(pred, target)]

        return self.texts(11490, 60, rouge_score=rouge_scorer and run)

    def time(self, run, steps):
        start = time.perf_counter()
        run()
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        return (time.perf_counter() - start) / steps


NAMES = ["w1", "w1s", "w2", "w3", "w3ap", "w3curves", "w3binned", "w3m", "w4", "w5", "w7", "w7scores", "w7surfaces", "w7volume", "ami", "wer", "cer", "bleu", "chrf", "ter", "rouge"]


def turn(measure):
    """The second of two measurements: the first has the caches and the waiting threads of whoever was before."""
    time.sleep(0.02)
    measure()
    return measure()


def duration(seconds):
    return f"{seconds * 1e3:.3g} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.3g} us"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(NAMES)}; all of them by default")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help="the device of the peers")
    parser.add_argument("--backend", help="of ours; flex on the CPU, else cuda")
    parser.add_argument("--program", help="`workload` as it was built before, instead of building it")
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    unknown = set(args.names) - set(NAMES)
    if unknown or args.rounds < 1:
        parser.error(f"unknown names: {', '.join(unknown)}" if unknown else "needs at least one round")
    if args.device == "cuda" and not torch.cuda.is_available():
        parser.error("torch sees no CUDA device")
    ours = Ours(args.backend or ("flex" if args.device == "cpu" else "cuda"), args.program)
    peers = Peers(args.device)
    read = []
    for _ in range(args.rounds):
        seconds, size, _ = ours.time("read")
        read.append(size / seconds)
    rate = max(read)
    print(f"Reading memory: {rate / 1e9:.1f} GB/s. torch {torch.__version__}, TorchMetrics {tm.__version__}, "
          f"{torch.get_num_threads()} threads, {args.rounds} rounds.\n")
    shown = PEERS if args.device == "cpu" else PEERS[:2]
    print("| workload | ours | floor | " + " | ".join(f"{peer} | ratio" for peer in shown) + " |")
    print("| --- | --- | --- |" + " --- |" * (2 * len(shown)))
    for name in args.names or NAMES:
        made = getattr(peers, name)()
        made = [made.get(peer) for peer in shown]
        for peer in filter(None, made):
            peers.time(*peer)
        rounds = []
        for _ in range(args.rounds):
            seconds, size, label = turn(lambda: ours.time(name))
            rounds.append([seconds] + [peer and turn(lambda: peers.time(*peer)) for peer in made])
        cells = [label, duration(statistics.median(r[0] for r in rounds)), duration(size / rate)]
        for i, peer in enumerate(made, 1):
            if peer is None:
                cells += ["", ""]
            else:
                ratio = statistics.median(r[i] / r[0] for r in rounds)
                cells += [duration(statistics.median(r[i] for r in rounds)), f"{ratio:.1f}"]
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
