//! From scores to places.

use crate::{MetricError, Reason, Rejected};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The relevance of a document as data have it.
pub(super) trait Grade: Copy + Send + Sync {
    /// What a document gains a ranking, or why there is no such relevance.
    fn gain(self) -> Result<f32, Reason>;
    fn is(self, index: i64) -> bool;
}

macro_rules! whole_grades {
    ($($type:ty)*) => {$(
        impl Grade for $type {
            fn gain(self) -> Result<f32, Reason> {
                if self < 0 { Err(Reason::InvalidTarget) } else { Ok(self as f32) }
            }

            fn is(self, index: i64) -> bool {
                self as i64 == index
            }
        }
    )*};
}
whole_grades!(i32 i64);

impl Grade for f32 {
    fn gain(self) -> Result<f32, Reason> {
        if self.is_nan() {
            Err(Reason::Nan)
        } else if self < 0.0 || self.is_infinite() {
            Err(Reason::InvalidTarget)
        } else {
            Ok(self)
        }
    }

    fn is(self, index: i64) -> bool {
        f64::from(self) == index as f64
    }
}

/// The gain of a document that counts.
pub(super) fn gain_of(
    score: f32,
    grade: impl Grade,
    ignore_index: Option<i64>,
) -> Result<f32, Reason> {
    if ignore_index.is_some_and(|index| grade.is(index)) {
        return Err(Reason::Ignored);
    }
    let gain = grade.gain()?;
    if score.is_nan() {
        Err(Reason::Nan)
    } else {
        Ok(gain)
    }
}

/// With more relevant documents, sorting takes less than counting for each.
const COUNTED: usize = 24;

/// Queries with the places of their relevant documents.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RankedQueries {
    /// Of each query: documents, documents with a score above 0, and relevant documents.
    sizes: Vec<[u32; 3]>,
    /// Of each relevant document: how many of its query have a higher score, and how many have its score.
    places: Vec<[u32; 2]>,
    /// Of each relevant document its gain.
    gains: Vec<f32>,
    /// Of each query, how many relevant documents are not among its documents; nothing if no query has any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unfound: Vec<u32>,
}

impl RankedQueries {
    pub fn len(&self) -> usize {
        self.sizes.len()
    }

    /// The most documents of a query.
    pub fn longest(&self) -> usize {
        let sizes = self.sizes.iter().map(|[documents, ..]| *documents);
        sizes.max().unwrap_or(0) as usize
    }

    pub fn append(&mut self, other: &Self) {
        if !self.unfound.is_empty() || !other.unfound.is_empty() {
            self.unfound.resize(self.sizes.len(), 0);
            self.unfound.extend_from_slice(&other.unfound);
            self.unfound.resize(self.sizes.len() + other.sizes.len(), 0);
        }
        self.sizes.extend_from_slice(&other.sizes);
        self.places.extend_from_slice(&other.places);
        self.gains.extend_from_slice(&other.gains);
    }

    pub fn iter(&self) -> impl Iterator<Item = Query<'_>> {
        let mut start = 0;
        (self.sizes.iter().enumerate()).map(move |(at, [documents, positive, relevant])| {
            let range = start..start + *relevant as usize;
            start = range.end;
            Query {
                documents: *documents as usize,
                positive: *positive as usize,
                places: &self.places[range.clone()],
                gains: &self.gains[range],
                unfound: self.unfound.get(at).map_or(0, |unfound| *unfound as usize),
            }
        })
    }

    /// Whether there are as many places as the sizes say, and each is one of its query.
    pub fn consistent(&self) -> Result<(), MetricError> {
        let relevant = self
            .sizes
            .iter()
            .map(|sizes| u64::from(sizes[2]))
            .sum::<u64>();
        let all = [self.places.len(), self.gains.len()];
        let fits = all.iter().all(|len| *len as u64 == relevant)
            && [0, self.sizes.len()].contains(&self.unfound.len())
            && self
                .unfound
                .iter()
                .all(|unfound| i64::from(*unfound) <= MOST)
            && self
                .gains
                .iter()
                .all(|gain| *gain > 0.0 && gain.is_finite())
            && self.iter().all(|query| query.is_consistent());
        if fits {
            Ok(())
        } else {
            Err(MetricError::saved("places of documents that no query has"))
        }
    }

    /// Says how many relevant documents are not among those of the last query.
    fn miss(&mut self, unfound: u32) {
        if unfound > 0 || !self.unfound.is_empty() {
            self.unfound.resize(self.sizes.len() - 1, 0);
            self.unfound.push(unfound);
        }
    }

    /// Adds a query: the scores of its documents, and the score and gain of those that are relevant.
    pub(super) fn push(&mut self, scores: &mut [f32], relevant: &[(f32, f32)]) {
        let positive = scores.iter().map(|score| u32::from(*score > 0.0)).sum();
        let sizes = [scores.len() as u32, positive, relevant.len() as u32];
        self.sizes.push(sizes);
        if relevant.len() > COUNTED {
            scores.sort_unstable_by(|a, b| b.total_cmp(a));
        }
        let mut placed: Vec<([u32; 2], f32)> = Vec::with_capacity(relevant.len());
        for (own, gain) in relevant {
            let (before, reached) = if relevant.len() > COUNTED {
                (
                    scores.partition_point(|score| score > own) as u32,
                    scores.partition_point(|score| score >= own) as u32,
                )
            } else {
                above(scores, *own)
            };
            placed.push(([before, reached - before], *gain));
        }
        // Whatever order the documents came in.
        placed.sort_unstable_by(|(a, gain_a), (b, gain_b)| a.cmp(b).then(gain_b.total_cmp(gain_a)));
        self.places.extend(placed.iter().map(|(place, _)| *place));
        self.gains.extend(placed.iter().map(|(_, gain)| *gain));
    }
}

/// How many scores are above a score, and how many reach it.
fn above(scores: &[f32], own: f32) -> (u32, u32) {
    scores.iter().fold((0, 0), |(above, reached), score| {
        (
            above + u32::from(*score > own),
            reached + u32::from(*score >= own),
        )
    })
}

/// A query: how many documents it has, and where the relevant ones stand.
#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    /// How many documents count.
    pub documents: usize,
    /// How many of them have a score above 0.
    pub positive: usize,
    /// Of each relevant document: how many of the query have a higher score, and how many have its score, itself
    /// included. In the order of falling scores.
    pub places: &'a [[u32; 2]],
    /// Of each relevant document its gain.
    pub gains: &'a [f32],
    /// How many relevant documents are not among these.
    pub unfound: usize,
}

impl Query<'_> {
    fn is_consistent(&self) -> bool {
        let fits = |[before, tied]: &[u32; 2]| {
            *tied > 0 && u64::from(*before) + u64::from(*tied) <= self.documents as u64
        };
        let rising = self.places.windows(2).all(|pair| {
            pair[0] == pair[1]
                || u64::from(pair[0][0]) + u64::from(pair[0][1]) <= u64::from(pair[1][0])
        });
        let room =
            (self.places.chunk_by(|a, b| a == b)).all(|tied| tied.len() <= tied[0][1] as usize);
        self.positive <= self.documents && self.places.iter().all(fits) && rising && room
    }
}

/// Buffers for a query.
#[derive(Default)]
pub(super) struct Room {
    pub scores: Vec<f32>,
    pub relevant: Vec<(f32, f32)>,
}

impl Room {
    pub fn clear(&mut self) {
        self.scores.clear();
        self.relevant.clear();
    }

    pub fn push(&mut self, score: f32, gain: f32) {
        self.scores.push(score);
        if gain > 0.0 {
            self.relevant.push((score, gain));
        }
    }
}

/// Documents of a part, which a thread takes.
const PART: usize = 1 << 15;

/// The most relevant documents of a query that are said to be.
const MOST: i64 = 1 << 20;

/// Adds queries of `width` documents each, and of `known` relevant ones in all.
pub(super) fn add_whole<T: Grade>(
    (scores, grades): (&[f32], &[T]),
    width: usize,
    known: Option<&[i64]>,
    ignore_index: Option<i64>,
    (queries, rejected): (&mut RankedQueries, &mut Rejected),
) {
    let size = (PART / width.max(1)).max(1) * width.max(1);
    let parts = scores.par_chunks(size).zip(grades.par_chunks(size));
    let each = size / width.max(1);
    let parts: Vec<_> = (parts.enumerate())
        .map(|(part, (scores, grades))| {
            let (mut queries, mut rejected) = (RankedQueries::default(), Rejected::default());
            let mut room = Room::default();
            let rows = scores.chunks(width.max(1)).zip(grades.chunks(width.max(1)));
            for (row, (scores, grades)) in rows.enumerate() {
                let known = known.map(|known| known[part * each + row]);
                room.clear();
                for (score, grade) in scores.iter().zip(grades) {
                    match gain_of(*score, *grade, ignore_index) {
                        Ok(gain) => room.push(*score, gain),
                        Err(reason) => rejected.add(reason),
                    }
                }
                let found = room.relevant.len() as i64;
                let known = known.unwrap_or(found);
                if !(found..=MOST.max(found)).contains(&known) {
                    rejected.add(Reason::InvalidTarget);
                    continue;
                }
                // Without documents as if it were not there, unless some should be.
                if !room.scores.is_empty() || known > 0 {
                    queries.push(&mut room.scores, &room.relevant);
                    queries.miss((known - found) as u32);
                }
            }
            (queries, rejected)
        })
        .collect();
    for (part, part_rejected) in &parts {
        queries.append(part);
        rejected.merge(part_rejected);
    }
}

#[cfg(test)]
mod tests {
    use super::{super::flat::FlatDocuments, *};

    /// Pseudo-random numbers (splitmix64).
    fn draw(state: &mut u64) -> u64 {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    #[test]
    fn documents_in_any_order_are_placed_as_whole_queries() {
        let mut state = 7;
        for (width, relevant_of, numbers) in [(1, 1, 1), (9, 2, 3), (200, 3, 1), (200, 40, 1 << 40)]
        {
            let queries = 30;
            let n = queries * width;
            let scores: Vec<f32> = (0..n)
                .map(|_| (draw(&mut state) % 50) as f32 - 10.0)
                .collect();
            let grades: Vec<i32> = (0..n)
                .map(|_| i32::from(draw(&mut state).is_multiple_of(relevant_of)))
                .collect();
            let (mut whole, mut rejected) = (RankedQueries::default(), Rejected::default());
            let whole_queries = (&mut whole, &mut rejected);
            add_whole((&scores, &grades), width, None, None, whole_queries);
            let mut order: Vec<usize> = (0..n).collect();
            for i in (1..n).rev() {
                order.swap(i, draw(&mut state) as usize % (i + 1));
            }
            let mut flat = [FlatDocuments::default(), FlatDocuments::default()];
            for at in order {
                let number = ((at / width) as i64 - 15) * numbers;
                let half = &mut flat[at % 2];
                let document = (&scores[at..=at], &grades[at..=at]);
                half.add(document, [number].into_iter(), None, &mut rejected);
            }
            let [mut flat, other] = flat;
            flat.append(&other);
            assert_eq!(flat.ranked(), whole, "{width} {relevant_of} {numbers}");
            assert_eq!(flat.consistent(), Ok(()));
            assert_eq!(whole.consistent(), Ok(()));
        }
    }

    #[test]
    fn what_does_not_count_has_a_reason() {
        let scores = [0.5, f32::NAN, 0.5, 0.25, f32::INFINITY];
        let grades = [1.0, 1.0, -1.0, f32::NAN, 0.0];
        let (mut queries, mut rejected) = (RankedQueries::default(), Rejected::default());
        add_whole(
            (&scores, &grades),
            5,
            None,
            Some(-1),
            (&mut queries, &mut rejected),
        );
        assert_eq!(queries.sizes, [[2, 2, 1]]);
        assert_eq!(queries.places, [[1, 1]]);
        let expected = Rejected {
            ignored: 1,
            nan: 2,
            ..Rejected::default()
        };
        assert_eq!(rejected, expected);
    }
}
