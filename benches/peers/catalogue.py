"""One metric after another beside TorchMetrics: batches and their value each.

    target/peers/bin/python benches/peers/catalogue.py [--device cuda] [--program PATH] [--passes 5] [--batches 1] [names]

Prints a Markdown table of the fastest passes and their ratios. What TorchMetrics has not is left blank.
"""
import argparse
import subprocess
import sys
import time
import warnings

try:
    import torch
    import torchmetrics as tm
    import torchmetrics.classification as tmc
    import torchmetrics.regression as tmr
except ImportError as error:
    print(f"{error}; install what it needs: pip install -r benches/peers/requirements.txt", file=sys.stderr)
    sys.exit(2)

warnings.filterwarnings("ignore")


def metrics(device):
    """For every name a metric and its batch."""
    normal = lambda *shape: torch.randn(*shape, device=device)
    uniform = lambda *shape: torch.rand(*shape, device=device).clamp(min=0.01)
    labels = lambda high, *shape: torch.randint(0, high, shape, device=device)
    million = 1_000_000
    pairs = (normal(million), normal(million))
    positive = (uniform(million), uniform(million))
    rows = (normal(1000, 1000), normal(1000, 1000))
    distributions = tuple(row.softmax(1) for row in rows)
    binary = (uniform(million), labels(2, million))
    many = (normal(100_000, 10), labels(10, 100_000))
    multilabel = (uniform(10_000, 100), labels(2, 10_000, 100))
    own = {"validate_args": False}
    return {
        "pearson_corr_coef": (tmr.PearsonCorrCoef(), pairs),
        "concordance_corr_coef": (tmr.ConcordanceCorrCoef(), pairs),
        "explained_variance": (tmr.ExplainedVariance(), pairs),
        "log_cosh_error": (tmr.LogCoshError(), pairs),
        "minkowski_distance": (tmr.MinkowskiDistance(3), pairs),
        "critical_success_index": (tmr.CriticalSuccessIndex(0.5), pairs),
        "spearman_corr_coef": (tmr.SpearmanCorrCoef(), pairs),
        "mean_absolute_percentage_error": (tmr.MeanAbsolutePercentageError(), positive),
        "symmetric_mean_absolute_percentage_error": (tmr.SymmetricMeanAbsolutePercentageError(), positive),
        "weighted_mean_absolute_percentage_error": (tmr.WeightedMeanAbsolutePercentageError(), positive),
        "mean_squared_log_error": (tmr.MeanSquaredLogError(), positive),
        "tweedie_deviance_score": (tmr.TweedieDevianceScore(1.5), positive),
        "kendall_rank_corr_coef": (tmr.KendallRankCorrCoef(), (normal(10_000), normal(10_000))),
        "cosine_similarity": (tmr.CosineSimilarity(), rows),
        "kl_divergence": (tmr.KLDivergence(), distributions),
        "jensen_shannon_divergence": (tmr.JensenShannonDivergence(), distributions),
        "continuous_ranked_probability_score": (
            tmr.ContinuousRankedProbabilityScore(), (normal(100_000, 10), normal(100_000))),
        "binary_hinge_loss": (tmc.BinaryHingeLoss(**own), binary),
        "binary_log_auc": (tmc.BinaryLogAUC(**own), binary),
        "multiclass_hinge_loss": (tmc.MulticlassHingeLoss(10, **own), many),
        "multiclass_exact_match": (tmc.MulticlassExactMatch(10, **own), (many[0].argmax(1, keepdim=True), many[1][:, None])),
        "multilabel_exact_match": (tmc.MultilabelExactMatch(100, **own), multilabel),
        "multilabel_coverage_error": (tmc.MultilabelCoverageError(100, **own), multilabel),
        "multilabel_ranking_average_precision": (tmc.MultilabelRankingAveragePrecision(100, **own), multilabel),
        "multilabel_ranking_loss": (tmc.MultilabelRankingLoss(100, **own), multilabel),
    }


def fastest(metric, batch, passes, batches):
    best = float("inf")
    for i in range(passes + 1):
        metric.reset()
        if batch[0].is_cuda:
            torch.cuda.synchronize()
        start = time.perf_counter()
        for _ in range(batches):
            metric.update(*batch)
        metric.compute().cpu()
        if i:
            best = min(best, time.perf_counter() - start)
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--passes", type=int, default=5)
    parser.add_argument("--batches", type=int, default=1)
    parser.add_argument("--program", help="`catalogue` as it was built before, instead of building it")
    args = parser.parse_args()
    backend = {"cpu": "flex"}.get(args.device, args.device)
    features = [] if backend == "flex" else ["--features", backend]
    cargo = ["cargo", "run", "--release", "--quiet", "-p", "metrics-benches", "--bin", "catalogue", *features, "--"]
    program = [args.program] if args.program else cargo
    command = [*program, "--backend", backend, "--passes", str(args.passes), "--batches", str(args.batches), *args.names]
    ours = subprocess.run(command, text=True, stdout=subprocess.PIPE, check=True).stdout
    theirs = metrics(torch.device(args.device))
    print("| metric | here | TorchMetrics | ratio |\n| --- | --- | --- | --- |")
    for line in ours.splitlines():
        name, seconds = line.split("\t")
        row = f"| {name} | {1e3 * float(seconds):.2f} ms |"
        if name in theirs:
            metric, batch = theirs[name]
            time_of_theirs = fastest(metric.to(args.device), batch, args.passes, args.batches)
            row += f" {1e3 * time_of_theirs:.2f} ms | {time_of_theirs / float(seconds):.2g} |"
        else:
            row += "  |  |"
        print(row, flush=True)


if __name__ == "__main__":
    main()
