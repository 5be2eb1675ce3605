//! The association of every two columns of a table.

use super::rules::{
    CramersVRule, PearsonsContingencyCoefficientRule, TheilsURule, TschuprowsTRule,
};
use crate::{
    Matrix, MetricError,
    clustering::rules::ContingencyRule,
    states::{ContingencySummary, ContingencyTable},
};
use burn::tensor::{Int, Tensor};
use rayon::prelude::*;
use std::collections::BTreeSet;

/// Rows that all pairs of columns look at before the next ones.
const BLOCK: usize = 1 << 13;
/// The most cells of all tables that a thread fills in one pass.
const CELLS: usize = 1 << 22;

/// Cramér's V of every two columns of a table `[N, columns]` of categories: [`CramersV`](super::CramersV) of each, in a symmetric matrix
/// with ones on its diagonal.
///
/// Categories are any integers. The table is read from its device once, and looked at in one pass.
/// A pair without association (one category, or a correction that leaves one) has NaN.
/// Reference: TorchMetrics 1.9.0 `cramers_v_matrix`.
///
/// ```
/// use burn::tensor::{Device, Int, Tensor};
/// use metrics_core::nominal::cramers_v_matrix;
///
/// let table = Tensor::<2, Int>::from_ints([[0, 5, 1], [0, 5, 2], [1, 7, 1], [1, 7, 2]], &Device::default());
/// let matrix = cramers_v_matrix(table, false)?;
/// assert_eq!(matrix.data, [1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
///
/// # Errors
/// [`MetricError::Empty`] for a table without rows; [`MetricError::Read`].
pub fn cramers_v_matrix(
    table: Tensor<2, Int>,
    bias_correction: bool,
) -> Result<Matrix, MetricError> {
    of_columns(table, &CramersVRule::corrected(bias_correction), true)
}

/// Tschuprow's T of every two columns of a table; see [`cramers_v_matrix`].
///
/// Reference: TorchMetrics 1.9.0 `tschuprows_t_matrix`.
///
/// # Errors
/// As [`cramers_v_matrix`].
pub fn tschuprows_t_matrix(
    table: Tensor<2, Int>,
    bias_correction: bool,
) -> Result<Matrix, MetricError> {
    of_columns(table, &TschuprowsTRule::corrected(bias_correction), true)
}

/// Pearson's contingency coefficient of every two columns of a table; see [`cramers_v_matrix`].
///
/// Reference: TorchMetrics 1.9.0 `pearsons_contingency_coefficient_matrix`.
///
/// # Errors
/// As [`cramers_v_matrix`].
pub fn pearsons_contingency_coefficient_matrix(
    table: Tensor<2, Int>,
) -> Result<Matrix, MetricError> {
    of_columns(table, &PearsonsContingencyCoefficientRule, true)
}

/// Theil's U of every two columns of a table: in row `i` and column `j` the share of the entropy of column `i` of the table that its column
/// `j` takes away. See [`cramers_v_matrix`]; this matrix is not symmetric.
///
/// Reference: TorchMetrics 1.9.0 `theils_u_matrix`.
///
/// # Errors
/// As [`cramers_v_matrix`].
pub fn theils_u_matrix(table: Tensor<2, Int>) -> Result<Matrix, MetricError> {
    of_columns(table, &TheilsURule, false)
}

/// A column: the place of each row's category among those that occur.
struct Column {
    places: Vec<u32>,
    categories: usize,
}

fn of_columns(
    table: Tensor<2, Int>,
    rule: &impl ContingencyRule,
    symmetric: bool,
) -> Result<Matrix, MetricError> {
    let [n, width] = table.dims();
    if n == 0 {
        let rejected = Default::default();
        return Err(MetricError::Empty { rejected });
    }
    let data = table
        .try_into_data()
        .map_err(|error| MetricError::read(format!("{error:?}")))?;
    let labels: Vec<i64> = data.iter().collect();
    let columns: Vec<Column> = (0..width)
        .into_par_iter()
        .map(|column| coded(labels.iter().skip(column).step_by(width).copied()))
        .collect();
    drop(labels);
    let pairs: Vec<[usize; 2]> = (0..width)
        .flat_map(|i| (i + 1..width).map(move |j| [i, j]))
        .collect();
    let groups = grouped(&columns, &pairs);
    let values: Vec<Result<[f64; 2], MetricError>> = (groups.par_iter())
        .flat_map_iter(|pairs| tables(&columns, pairs, n))
        .map(|table| {
            let value = rule.value(&table)?;
            let other = if symmetric {
                value
            } else {
                rule.value(&transposed(&table))?
            };
            Ok([value, other])
        })
        .collect();
    let mut data = vec![1.0; width * width];
    for ([i, j], values) in pairs.into_iter().zip(values) {
        [data[i * width + j], data[j * width + i]] = values?;
    }
    Ok(Matrix {
        rows: width,
        cols: width,
        data,
        normalized: false,
    })
}

/// The pairs in their order, in groups for threads.
fn grouped<'a>(columns: &[Column], pairs: &'a [[usize; 2]]) -> Vec<&'a [[usize; 2]]> {
    let part = pairs.len().div_ceil(rayon::current_num_threads());
    let (mut groups, mut start, mut cells) = (Vec::new(), 0, 0usize);
    for (at, [i, j]) in pairs.iter().enumerate() {
        let own = columns[*i]
            .categories
            .saturating_mul(columns[*j].categories);
        if at > start && (at - start == part || cells.saturating_add(own) > CELLS) {
            groups.push(&pairs[start..at]);
            (start, cells) = (at, 0);
        }
        cells = cells.saturating_add(own);
    }
    groups.push(&pairs[start..]);
    groups
}

fn coded(labels: impl Iterator<Item = i64>) -> Column {
    let labels: Vec<i64> = labels.collect();
    let (least, most) = labels
        .iter()
        .fold((i64::MAX, i64::MIN), |(least, most), label| {
            (least.min(*label), most.max(*label))
        });
    let span = most
        .checked_sub(least)
        .and_then(|span| usize::try_from(span).ok());
    match span {
        Some(span) if span <= labels.len() => {
            let mut place = vec![u32::MAX; span + 1];
            labels
                .iter()
                .for_each(|label| place[(label - least) as usize] = 0);
            let mut categories = 0;
            for place in place.iter_mut().filter(|place| **place == 0) {
                *place = categories;
                categories += 1;
            }
            let places = labels.iter().map(|label| place[(label - least) as usize]);
            Column {
                places: places.collect(),
                categories: categories as usize,
            }
        }
        _ => {
            let known: Vec<i64> = labels
                .iter()
                .copied()
                .collect::<BTreeSet<i64>>()
                .into_iter()
                .collect();
            let place = |label: &i64| known.partition_point(|other| other < label) as u32;
            Column {
                places: labels.iter().map(place).collect(),
                categories: known.len(),
            }
        }
    }
}

/// The tables of some pairs of columns: the first as predictions, the second as targets.
fn tables(columns: &[Column], pairs: &[[usize; 2]], n: usize) -> Vec<ContingencyTable> {
    let size = |[i, j]: &[usize; 2]| {
        columns[*i]
            .categories
            .saturating_mul(columns[*j].categories)
    };
    // A table much larger than the data is counted by sorting.
    let is_dense = |pair: &[usize; 2]| size(pair) <= 4 * n + 1024;
    let mut counts: Vec<Vec<u32>> = (pairs.iter())
        .map(|pair| vec![0; if is_dense(pair) { size(pair) } else { 0 }])
        .collect();
    for start in (0..n).step_by(BLOCK) {
        let rows = start..(start + BLOCK).min(n);
        for ([i, j], counts) in pairs.iter().zip(&mut counts) {
            if counts.is_empty() {
                continue;
            }
            let (pred, target) = (
                &columns[*i].places[rows.clone()],
                &columns[*j].places[rows.clone()],
            );
            let width = columns[*i].categories;
            for (pred, target) in pred.iter().zip(target) {
                counts[*target as usize * width + *pred as usize] += 1;
            }
        }
    }
    let table = |([i, j], counts): (&[usize; 2], Vec<u32>)| {
        if counts.is_empty() {
            let wide = |column: usize| -> Vec<i64> {
                columns[column]
                    .places
                    .iter()
                    .map(|place| i64::from(*place))
                    .collect()
            };
            return ContingencySummary::of(&wide(*i), &wide(*j)).numbered();
        }
        let width = columns[*i].categories;
        let mut table = ContingencyTable {
            total: n as u64,
            rows: vec![0; columns[*j].categories],
            columns: vec![0; width],
            cells: Vec::new(),
        };
        for (at, count) in counts
            .into_iter()
            .enumerate()
            .filter(|(_, count)| *count > 0)
        {
            let (row, column, count) = (at / width, at % width, u64::from(count));
            table.rows[row] += count;
            table.columns[column] += count;
            table.cells.push((row, column, count));
        }
        table
    };
    pairs.iter().zip(counts).map(table).collect()
}

fn transposed(table: &ContingencyTable) -> ContingencyTable {
    let cells = table
        .cells
        .iter()
        .map(|(row, column, count)| (*column, *row, *count));
    let mut cells: Vec<_> = cells.collect();
    cells.sort_unstable();
    ContingencyTable {
        total: table.total,
        rows: table.columns.clone(),
        columns: table.rows.clone(),
        cells,
    }
}
