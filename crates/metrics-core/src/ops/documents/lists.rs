//! Documents on a device: lists, of which the host makes places when they are read.

use super::{Found, Relevance, Scored, rank};
use crate::{
    Delta, HostDelta,
    ops::{
        self,
        labels::{halves, of_halves},
    },
};
use burn::tensor::{DType, FloatDType, Int, Tensor};

/// The relevance of an ignored document; no other is below 0 and infinite.
const IGNORED: f32 = f32::NEG_INFINITY;

/// The names of the lists of documents: of whole queries, without and with the number of all relevant documents, and of documents
/// with numbers of 32 and 64 bits.
const WHOLE: [&str; 3] = ["whole_scores", "whole_gains", "whole_sizes"];
const COUNTED: [&str; 4] = [
    "counted_scores",
    "counted_gains",
    "counted_sizes",
    "counted_relevant",
];
const NARROW: [&str; 3] = ["scores", "gains", "queries"];
const WIDE: [&str; 4] = ["wide_scores", "wide_gains", "wide_lower", "wide_upper"];

pub(super) fn append(documents: &Scored, ignore_index: Option<i64>, delta: &mut Delta) {
    let (scores, gains) = (
        documents.scores.clone(),
        gains(&documents.relevance, ignore_index),
    );
    let names = match &documents.queries {
        None => {
            let queries = scores.dims()[0] / documents.width.max(1);
            let sizes = [queries as i32, documents.width as i32];
            let sizes = Tensor::<1, Int>::from_data(sizes, (&scores.device(), DType::I32));
            if let Some(known) = &documents.known {
                delta.append_ints(COUNTED[3], known.clone());
                delta.append_ints(COUNTED[2], sizes);
                [COUNTED[0], COUNTED[1]]
            } else {
                delta.append_ints(WHOLE[2], sizes);
                [WHOLE[0], WHOLE[1]]
            }
        }
        Some(numbers) if numbers.dtype() == DType::I64 => {
            let [lower, upper] = halves(numbers.clone());
            delta.append_ints(WIDE[2], lower);
            delta.append_ints(WIDE[3], upper);
            [WIDE[0], WIDE[1]]
        }
        Some(numbers) => {
            delta.append_ints(NARROW[2], numbers.clone());
            [NARROW[0], NARROW[1]]
        }
    };
    delta.append_floats(names[0], scores.cast(FloatDType::F32));
    delta.append_floats(names[1], gains);
}

/// The relevance as `f32`, with a code for what is ignored.
fn gains(relevance: &Relevance, ignore_index: Option<i64>) -> Tensor<1> {
    match (relevance, ignore_index) {
        (Relevance::Whole(relevance), _) => {
            let gains = relevance.clone().float().cast(FloatDType::F32);
            match ops::labels::is_ignored(relevance, ignore_index) {
                Some(ignored) => gains.mask_fill(ignored, IGNORED),
                None => gains,
            }
        }
        (Relevance::Graded(relevance), Some(index)) => {
            let ignored = relevance.clone().equal_elem(index as f64);
            relevance.clone().mask_fill(ignored, IGNORED)
        }
        (Relevance::Graded(relevance), None) => relevance.clone(),
    }
}

/// A relevance that [`gains`] made.
#[derive(Clone, Copy)]
struct Listed(f32);

impl rank::Grade for Listed {
    fn gain(self) -> Result<f32, crate::Reason> {
        self.0.gain()
    }

    fn is(self, _index: i64) -> bool {
        self.0 == IGNORED
    }
}

/// Adds lists that were read.
pub(crate) fn fold(delta: &HostDelta, ignore_index: Option<i64>, found: &mut Found) {
    let lists = |[scores, gains]: [&str; 2]| {
        let gains = delta.floats(gains).iter().flatten();
        let gains: Vec<Listed> = gains.map(|gain| Listed(*gain)).collect();
        (delta.floats(scores).concat(), gains)
    };
    let Found {
        whole,
        flat,
        rejected,
    } = found;
    let (scores, gains) = lists([WHOLE[0], WHOLE[1]]);
    let mut start = 0;
    let sizes = delta.ints(WHOLE[2]).concat();
    for [queries, width] in sizes.as_chunks::<2>().0 {
        let range = start..start + (*queries * *width) as usize;
        start = range.end;
        let slices = (&scores[range.clone()], &gains[range]);
        rank::add_whole(
            slices,
            *width as usize,
            None,
            ignore_index,
            (whole, rejected),
        );
    }
    let (scores, gains) = lists([COUNTED[0], COUNTED[1]]);
    let known = delta.ints(COUNTED[3]).iter().flatten();
    let known: Vec<i64> = known.map(|number| i64::from(*number)).collect();
    let (mut start, mut first) = (0, 0);
    for [queries, width] in delta.ints(COUNTED[2]).concat().as_chunks::<2>().0 {
        let range = start..start + (*queries * *width) as usize;
        let own = first..first + *queries as usize;
        (start, first) = (range.end, own.end);
        let slices = (&scores[range.clone()], &gains[range]);
        let known = Some(&known[own]);
        rank::add_whole(
            slices,
            *width as usize,
            known,
            ignore_index,
            (whole, rejected),
        );
    }
    let (scores, gains) = lists([NARROW[0], NARROW[1]]);
    let numbers = delta.ints(NARROW[2]).iter().flatten();
    let numbers = numbers.map(|number| i64::from(*number));
    flat.add((&scores, &gains), numbers, ignore_index, rejected);
    let (scores, gains) = lists([WIDE[0], WIDE[1]]);
    let parts = (delta.ints(WIDE[2]).iter().flatten()).zip(delta.ints(WIDE[3]).iter().flatten());
    let numbers = parts.map(|(lower, upper)| of_halves(*lower, *upper));
    flat.add((&scores, &gains), numbers, ignore_index, rejected);
}
