//! The operations as tensor operations.

use super::RANKING_TERMS;
use crate::{Reason, ops::labels::as_i32};
use burn::tensor::{Bool, DType, FloatDType, Int, Tensor};

/// See [`row_codes`](crate::ops::row_codes).
pub fn row_codes(codes: Tensor<2, Int>) -> Tensor<2, Int> {
    const { assert!(Reason::Ignored.code() == -1) }
    let worst = codes.clone().min_dim(1).clamp_max(0);
    let some_used = codes.max_dim(1).greater_equal_elem(0);
    let only_ignored = worst.clone().equal_elem(Reason::Ignored.code());
    worst.mask_fill(only_ignored.bool_and(some_used), 0)
}

/// How well the scores `[N, L]` of each row rank its labels: the coverage, the average precision and the
/// loss `[N, RANKING_TERMS]`.
///
/// `codes [N, L]` are 1 for relevant labels, 0 for others, and negative for those to leave out, which
/// all that score NaN are. Without relevant labels the coverage is 0 and the precision 1, without a pair
/// of a relevant label and another the loss is 0.
pub fn label_ranking(scores: Tensor<2>, codes: Tensor<2, Int>) -> Tensor<2> {
    let [all, relevant] = labels_not_below(scores, codes.clone());
    let is_relevant = as_i32(codes.clone().equal_elem(1).int());
    let count = is_relevant.clone().sum_dim(1);
    let used = as_i32(codes.greater_equal_elem(0).int());
    let others = used.sum_dim(1) - count.clone();

    let coverage = (all.clone() * is_relevant.clone()).max_dim(1);
    let share = real(relevant.clone()) / real(all.clone().clamp_min(1));
    let precision =
        (share * real(is_relevant.clone())).sum_dim(1) / real(count.clone().clamp_min(1));
    let precision = precision.mask_fill(count.clone().equal_elem(0), 1.0);
    // Pairs of a relevant label and another that scores at least as much.
    let wrong = real((all - relevant) * is_relevant).sum_dim(1);
    let pairs = real(count) * real(others);
    let loss = wrong / pairs.clamp_min(1.0);
    let terms = [real(coverage), precision, loss];
    debug_assert_eq!(terms.len(), RANKING_TERMS);
    Tensor::cat(terms.to_vec(), 1)
}

fn real(counts: Tensor<2, Int>) -> Tensor<2> {
    counts.float().cast(FloatDType::F32)
}

/// The most pairs of labels that are compared at once.
const PAIRS: usize = 1 << 22;

/// For every label how many labels of its row are in `among` and stand to it as `counts` says, which
/// takes scores of others, the label's own, and the same of indices, all to be broadcast.
fn count_labels<const M: usize>(
    scores: Tensor<2>,
    among: [Tensor<2, Bool>; M],
    counts: impl Fn([Tensor<3>; 2], [Tensor<3, Int>; 2]) -> Tensor<3, Bool>,
) -> [Tensor<2, Int>; M] {
    let [n, labels] = scores.dims();
    let index = Tensor::<1, Int>::arange(0..labels as i64, (&scores.device(), DType::I32));
    let block = (PAIRS / (n * labels).max(1)).clamp(1, labels.max(1));
    let mut parts: [Vec<Tensor<2, Int>>; M] = std::array::from_fn(|_| Vec::new());
    for start in (0..labels).step_by(block) {
        let own = start..labels.min(start + block);
        let dims = [n, own.len(), labels];
        let size = own.len();
        let pairs = counts(
            [
                scores.clone().reshape([n, 1, labels]).expand(dims),
                scores
                    .clone()
                    .slice([0..n, own.clone()])
                    .reshape([n, size, 1])
                    .expand(dims),
            ],
            [
                index.clone().reshape([1, 1, labels]).expand(dims),
                index.clone().slice(own).reshape([1, size, 1]).expand(dims),
            ],
        );
        for (parts, among) in parts.iter_mut().zip(&among) {
            let among = among.clone().reshape([n, 1, labels]).expand(dims);
            let counted = as_i32(pairs.clone().bool_and(among).int());
            parts.push(counted.sum_dim(2).reshape([n, size]));
        }
    }
    parts.map(|parts| Tensor::cat(parts, 1))
}

/// For every label how many labels of its row, itself included, score at least as much: all that have
/// no negative code, and those of them with code 1.
fn labels_not_below(scores: Tensor<2>, codes: Tensor<2, Int>) -> [Tensor<2, Int>; 2] {
    let among = [codes.clone().greater_equal_elem(0), codes.equal_elem(1)];
    count_labels(scores, among, |[other, own], _| other.greater_equal(own))
}

/// See [`labels_before`](crate::ops::labels_before).
pub fn labels_before(scores: Tensor<2>, codes: Tensor<2, Int>) -> Tensor<2, Int> {
    let among = [codes.greater_equal_elem(0)];
    let before = |[other, own]: [Tensor<3>; 2], [other_index, own_index]: [Tensor<3, Int>; 2]| {
        let tied = other.clone().equal(own.clone());
        let first = tied.bool_and(other_index.lower(own_index));
        other.greater(own).bool_or(first)
    };
    let [places] = count_labels(scores, among, before);
    places
}
