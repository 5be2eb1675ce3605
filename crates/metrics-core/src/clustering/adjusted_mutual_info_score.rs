use super::{
    contingency_metric::{ContingencyMetric, ContingencyRule},
    normalized_mutual_info_score::EntropyMean,
};
use crate::{MetricError, states::ContingencyTable};
use rayon::prelude::*;

/// Adjusted mutual information: mutual information less what clusters of the same sizes have by chance, over what is the most
/// possible: `(MI - E) / (mean(H(classes), H(clusters)) - E)`.
///
/// About 0 for clusters at random, 1 for clusters that are the classes; may be negative.
/// Takes [`Labelings`](crate::batch::Labelings). No data is [`MetricError::Empty`]. Clusters that are the classes have 1, also
/// if there is one, where TorchMetrics has 0. The expectation is a sum over the distribution of each cell's count (Vinh, Epps and Bailey, Information Theoretic
/// Measures for Clusterings Comparison, JMLR 2010), each in one walk
/// from its most likely count, or of huge counts by moments.
///
/// Reference: scikit-learn `adjusted_mutual_info_score`, TorchMetrics 1.9.0 `AdjustedMutualInfoScore`.
///
/// ```
/// use metrics_core::{Metric, batch::Labelings, clustering::AdjustedMutualInfoScore};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1, Int>::from_ints([0, 0, 1, 2, 2, 2], &device);
/// let target = Tensor::<1, Int>::from_ints([0, 0, 1, 1, 2, 2], &device);
/// let value = AdjustedMutualInfoScore::new().evaluate(&Labelings::new(pred, target)?)?.scalar().unwrap();
/// assert!((value - 0.5023607027202738).abs() < 1e-12);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type AdjustedMutualInfoScore = ContingencyMetric<AdjustedMutualInfoScoreRule>;

impl ContingencyMetric<AdjustedMutualInfoScoreRule> {
    /// The mean of the entropies; default [`EntropyMean::Arithmetic`].
    pub fn mean(mut self, mean: EntropyMean) -> Self {
        self.rule.mean = mean;
        self
    }
}

/// The rule of [`AdjustedMutualInfoScore`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct AdjustedMutualInfoScoreRule {
    mean: EntropyMean,
}

impl ContingencyRule for AdjustedMutualInfoScoreRule {
    const NAME: &'static str = "adjusted_mutual_info_score";

    fn suffix(&self) -> String {
        self.mean.suffix().into()
    }

    fn value(&self, table: &ContingencyTable) -> Result<f64, MetricError> {
        if table.is_same_partition() {
            return Ok(1.0);
        }
        if table.rows.len() == 1 || table.columns.len() == 1 {
            return Ok(0.0);
        }
        let expected = expected_information(table);
        let mean = self.mean.of(table.target_entropy(), table.pred_entropy());
        // A difference of 0 divides nothing.
        let away = |difference: f64| difference.abs().max(f64::EPSILON).copysign(difference);
        Ok(away(table.mutual_information() - expected) / away(mean - expected))
    }
}

/// The mutual information that clusters and classes of these sizes have by chance.
fn expected_information(table: &ContingencyTable) -> f64 {
    let row = |row: &u64| -> f64 {
        let columns = table.columns.iter();
        columns
            .map(|column| expected_term(*row, *column, table.total))
            .sum()
    };
    let rows: Vec<f64> = table.rows.par_iter().map(row).collect();
    rows.iter().sum()
}

/// The variance of a count above which its distribution is not walked through: that would take 18 standard deviations.
const WALKED: f64 = 1e6;

/// The expectation of a cell's term `f(k) = k / n ln(n k / (a b))`, whose count `k` is distributed as the number of marked elements among
/// `b` that are drawn of `n`, of which `a` are marked.
fn expected_term(row: u64, column: u64, total: u64) -> f64 {
    let [a, b, n] = [row, column, total].map(|count| count as f64);
    let mean = a / n * b;
    let variance = mean * ((n - a) / n) * ((n - b) / (n - 1.0));
    if variance > WALKED {
        by_moments([a, b, n], mean, variance)
    } else {
        by_walk(row, column, total)
    }
}

/// By the series of the term around the mean, where it is 0, to the fourth moment. The rest is of the order of `1 / mean^2` of it.
fn by_moments([a, b, n]: [f64; 3], mean: f64, variance: f64) -> f64 {
    let third = variance * ((n - 2.0 * a) / n) * ((n - 2.0 * b) / (n - 2.0));
    let fourth = 3.0 * variance * variance;
    let terms = variance / 2.0 - third / mean / 6.0 + fourth / mean / mean / 12.0;
    terms / mean / n
}

fn by_walk(row: u64, column: u64, total: u64) -> f64 {
    let [a, b, n] = [row, column, total].map(|count| count as f64);
    let (least, most) = ((row + column).saturating_sub(total), row.min(column));
    let mode = ((u128::from(row) + 1) * (u128::from(column) + 1) / (u128::from(total) + 2)) as u64;
    let mode = mode.clamp(least, most);
    // How likely a count is beside the most likely one. Their sum makes probabilities of them, without a factorial.
    let (mut sum, mut weighted) = (0.0, 0.0);
    let mut add = |count: f64, likely: f64| {
        sum += likely;
        if count > 0.0 {
            weighted += likely * count / n * (n * count / a / b).ln();
        }
        likely > 1e-20
    };
    let (mut count, mut likely) = (mode, 1.0);
    while add(count as f64, likely) && count < most {
        let k = count as f64;
        likely *= (a - k) * (b - k) / ((k + 1.0) * (n - a - b + k + 1.0));
        count += 1;
    }
    let (mut count, mut likely) = (mode, 1.0);
    while count > least {
        let k = count as f64;
        likely *= k * (n - a - b + k) / ((a - k + 1.0) * (b - k + 1.0));
        count -= 1;
        if !add(count as f64, likely) {
            break;
        }
    }
    weighted / sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_give_what_the_walk_does() {
        for [row, column, total] in [
            [40_000_000u64, 50_000_000, 100_000_000],
            [3_000_000, 90_000_000, 120_000_000],
            [2_000_000, 5_000_000, 1_000_000_000],
        ] {
            let [a, b, n] = [row, column, total].map(|count| count as f64);
            let mean = a / n * b;
            let variance = mean * ((n - a) / n) * ((n - b) / (n - 1.0));
            let (series, walk) = (
                by_moments([a, b, n], mean, variance),
                by_walk(row, column, total),
            );
            assert!((series / walk - 1.0).abs() < 1e-6, "{series} is not {walk}");
        }
    }

    #[test]
    fn counts_beyond_all_data_take_no_time() {
        let [row, column, total] = [1 << 61, 3 << 60, 1 << 62];
        assert!(expected_term(row, column, total) > 0.0);
    }
}
