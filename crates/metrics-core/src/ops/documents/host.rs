//! Documents in host memory.

use super::{Found, Relevance, Scored, rank};
use crate::ops::host::{Ints, floats, ints, with_ints};

pub(super) fn add(documents: &Scored, ignore_index: Option<i64>, found: &mut Found) {
    floats(&documents.scores, |scores| match &documents.relevance {
        Relevance::Whole(relevance) => ints(relevance, |relevance| {
            with_ints!(relevance, grades => add_slices(documents, (scores, grades), ignore_index, found));
        }),
        Relevance::Graded(relevance) => floats(relevance, |grades| {
            add_slices(documents, (scores, grades), ignore_index, found);
        }),
    });
}

fn add_slices<T: rank::Grade>(
    documents: &Scored,
    slices: (&[f32], &[T]),
    ignore_index: Option<i64>,
    found: &mut Found,
) {
    let Found {
        whole,
        flat,
        rejected,
    } = found;
    match &documents.queries {
        None => {
            let mut add = |known: Option<&[i64]>| {
                rank::add_whole(
                    slices,
                    documents.width,
                    known,
                    ignore_index,
                    (whole, rejected),
                );
            };
            match &documents.known {
                None => add(None),
                Some(known) => ints(known, |known| {
                    let mut all = vec![0; known.len()];
                    known.each(|at, number| all[at] = number);
                    add(Some(&all));
                }),
            }
        }
        Some(numbers) => ints(numbers, |numbers| match numbers {
            Ints::I32(numbers) => {
                let numbers = numbers.iter().map(|number| i64::from(*number));
                flat.add(slices, numbers, ignore_index, rejected);
            }
            Ints::I64(numbers) => flat.add(slices, numbers.iter().copied(), ignore_index, rejected),
        }),
    }
}
