"""Ours beside TorchMetrics, torcheval and scikit-learn, in turns on one machine.

    python3 -m venv target/peers
    target/peers/bin/pip install -r benches/peers/requirements.txt
    target/peers/bin/python benches/peers/compare.py [--device cuda] [--program PATH] [--rounds 7] [names]

Prints a Markdown table: medians over the rounds, and ratios as medians of the ratios within a round, which a
noisy machine disturbs less. Inputs are random and made on the device before the clock starts; every pass ends
with its values on the host. The floor is the time to read the inputs once, at the rate that was measured beside
it. What torcheval or scikit-learn have not, or not for CUDA, is left blank.
"""
import argparse
import statistics
import subprocess
import sys
import time
import warnings

try:
    import sklearn.metrics as sk
    import torch
    import torcheval.metrics as te
    import torchmetrics as tm
    import torchmetrics.classification as tmc
except ImportError as error:
    print(f"{error}; install what it needs: pip install -r benches/peers/requirements.txt", file=sys.stderr)
    sys.exit(2)

warnings.filterwarnings("ignore")


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

    def sklearn(self, functions, *arrays):
        if self.device.type != "cpu":
            return None
        arrays = [array.numpy() for array in arrays]
        return (lambda: [function(*arrays) for function in functions]), 1

    def w1(self):
        batches = [(self.randn(512, 10), self.labels(10, 512)) for _ in range(20)]
        ours = [tmc.MulticlassAccuracy(10), tmc.MulticlassPrecision(10), tmc.MulticlassRecall(10),
                tmc.MulticlassF1Score(10), tmc.MulticlassConfusionMatrix(10)]
        macro = {"num_classes": 10, "average": "macro"}
        theirs = [te.MulticlassAccuracy(**macro), te.MulticlassPrecision(**macro), te.MulticlassRecall(**macro),
                  te.MulticlassF1Score(**macro), te.MulticlassConfusionMatrix(10)]
        return self.torchmetrics(ours, batches, 200), self.torcheval(theirs, batches, 200), None

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

        return (run, 50), None, None

    def w2(self):
        batches = [(self.randn(256, 1000), self.labels(1000, 256)) for _ in range(8)]
        metrics = {"top1": tmc.MulticlassAccuracy(1000, average="micro"),
                   "top5": tmc.MulticlassAccuracy(1000, top_k=5, average="micro"),
                   "f1": tmc.MulticlassF1Score(1000), "confusion": tmc.MulticlassConfusionMatrix(1000),
                   "calibration": tmc.MulticlassCalibrationError(1000)}
        return self.torchmetrics(metrics, batches, 40), None, None

    def scored(self):
        scores = torch.rand(1_000_000, device=self.device)
        target = (torch.rand(1_000_000, device=self.device) < scores).long()
        return scores, target, list(zip(scores.chunk(10), target.chunk(10)))

    def w3(self):
        scores, target, batches = self.scored()
        return (self.torchmetrics([tmc.BinaryAUROC()], batches), self.torcheval([te.BinaryAUROC()], batches),
                self.sklearn([sk.roc_auc_score], target, scores))

    def w3ap(self):
        scores, target, batches = self.scored()
        return (self.torchmetrics([tmc.BinaryAveragePrecision()], batches),
                self.torcheval([te.BinaryAUPRC()], batches),
                self.sklearn([sk.average_precision_score], target, scores))

    def w3curves(self):
        scores, target, batches = self.scored()
        metrics = [tmc.BinaryAUROC(), tmc.BinaryAveragePrecision(), tmc.BinaryROC(), tmc.BinaryPrecisionRecallCurve()]
        functions = [sk.roc_auc_score, sk.average_precision_score, sk.roc_curve, sk.precision_recall_curve]
        return self.torchmetrics(metrics, batches), None, self.sklearn(functions, target, scores)

    def w3binned(self):
        _, _, batches = self.scored()
        return (self.torchmetrics([tmc.BinaryAUROC(thresholds=200)], batches),
                self.torcheval([te.BinaryBinnedAUROC(threshold=200)], batches), None)

    def w3m(self):
        scores, target = self.randn(20_000, 100).softmax(-1), self.labels(100, 20_000)
        return (self.torchmetrics([tmc.MulticlassAUROC(100)], [(scores, target)]),
                self.torcheval([te.MulticlassAUROC(num_classes=100)], [(scores, target)]), None)

    def w4(self):
        target = self.randn(10_000_000)
        pred = target + 0.1 * self.randn(10_000_000)
        functions = [sk.mean_squared_error, sk.mean_absolute_error, sk.r2_score]
        return (self.torchmetrics([tm.MeanSquaredError(), tm.MeanAbsoluteError(), tm.R2Score()], [(pred, target)]),
                None, self.sklearn(functions, target, pred))

    def w5(self):
        pred, target = (self.labels(21, 16, 512, 512) for _ in range(2))
        return self.torchmetrics([tmc.MulticlassJaccardIndex(21)], [(pred, target)]), None, None

    def time(self, run, steps):
        start = time.perf_counter()
        run()
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        return (time.perf_counter() - start) / steps


NAMES = ["w1", "w1s", "w2", "w3", "w3ap", "w3curves", "w3binned", "w3m", "w4", "w5"]


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
    print("| workload | ours | floor | TorchMetrics | ratio | torcheval | ratio | scikit-learn | ratio |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in args.names or NAMES:
        made = getattr(peers, name)()
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
