//! Rows of texts in parallel.

use crate::{
    MetricError, Rejected,
    batch::{TextRow, Texts},
};
use rayon::prelude::*;

/// Makes something of chunks of rows, on all threads. The results are in the order of the rows.
pub(crate) fn over_chunks<'a, T: Send>(
    texts: &'a Texts,
    of_chunk: impl Fn(&mut dyn Iterator<Item = TextRow<'a>>) -> T + Sync,
) -> Vec<T> {
    let rows = texts.len();
    // Some for each thread, as rows differ in length; few enough that memory is set up seldom.
    let chunk = rows.div_ceil(rayon::current_num_threads() * 4).max(16);
    let of = |index: usize| {
        let range = index * chunk..((index + 1) * chunk).min(rows);
        of_chunk(&mut texts.rows_of(range))
    };
    match rows.div_ceil(chunk) {
        1 => vec![of(0)],
        chunks => (0..chunks).into_par_iter().map(of).collect(),
    }
}

/// Fails unless each row has a single reference.
pub(crate) fn one_reference(texts: &Texts) -> Result<(), MetricError> {
    for row in texts.rows() {
        let count = row.references().len();
        if count != 1 {
            return Err(MetricError::ShapeMismatch {
                left_name: "the list of references of a prediction",
                left: vec![count],
                right_name: "the metric",
                right: vec![1],
                hint: ": it takes one reference for each prediction",
            });
        }
    }
    Ok(())
}

/// Fails without data.
pub(crate) fn not_empty(rows: u64) -> Result<(), MetricError> {
    if rows == 0 {
        let rejected = Rejected::default();
        return Err(MetricError::Empty { rejected });
    }
    Ok(())
}
