//! From scores to places.

use crate::{MetricError, Reason, Rejected};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

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
fn gain_of(score: f32, grade: impl Grade, ignore_index: Option<i64>) -> Result<f32, Reason> {
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
        self.sizes.extend_from_slice(&other.sizes);
        self.places.extend_from_slice(&other.places);
        self.gains.extend_from_slice(&other.gains);
    }

    pub fn iter(&self) -> impl Iterator<Item = Query<'_>> {
        let mut start = 0;
        self.sizes
            .iter()
            .map(move |[documents, positive, relevant]| {
                let range = start..start + *relevant as usize;
                start = range.end;
                Query {
                    documents: *documents as usize,
                    positive: *positive as usize,
                    places: &self.places[range.clone()],
                    gains: &self.gains[range],
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

    /// Adds a query: the scores of its documents, and the score and gain of those that are relevant.
    fn push(&mut self, scores: &mut [f32], relevant: &[(f32, f32)]) {
        let positive = scores.iter().map(|score| u32::from(*score > 0.0)).sum();
        let sizes = [scores.len() as u32, positive, relevant.len() as u32];
        self.sizes.push(sizes);
        let first = self.places.len();
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
        debug_assert_eq!(self.places.len() - first, relevant.len());
    }
}

/// How many scores are above a score, and how many reach it.
fn above(scores: &[f32], own: f32) -> (u32, u32) {
    let counts = scores.iter().fold((0, 0), |(above, reached), score| {
        (
            above + u32::from(*score > own),
            reached + u32::from(*score >= own),
        )
    });
    counts
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
struct Room {
    scores: Vec<f32>,
    relevant: Vec<(f32, f32)>,
}

impl Room {
    fn clear(&mut self) {
        self.scores.clear();
        self.relevant.clear();
    }

    fn push(&mut self, score: f32, gain: f32) {
        self.scores.push(score);
        if gain > 0.0 {
            self.relevant.push((score, gain));
        }
    }
}

/// Documents that are looked at before they are added.
const BLOCK: usize = 256;

/// Documents of a part, which a thread takes.
const PART: usize = 1 << 15;

/// Adds queries of `width` documents each.
pub(super) fn add_whole<T: Grade>(
    (scores, grades): (&[f32], &[T]),
    width: usize,
    ignore_index: Option<i64>,
    (queries, rejected): (&mut RankedQueries, &mut Rejected),
) {
    let size = (PART / width.max(1)).max(1) * width.max(1);
    let parts = scores.par_chunks(size).zip(grades.par_chunks(size));
    let parts: Vec<_> = parts
        .map(|(scores, grades)| {
            let (mut queries, mut rejected) = (RankedQueries::default(), Rejected::default());
            let mut room = Room::default();
            for (scores, grades) in scores.chunks(width.max(1)).zip(grades.chunks(width.max(1))) {
                room.clear();
                for (score, grade) in scores.iter().zip(grades) {
                    match gain_of(*score, *grade, ignore_index) {
                        Ok(gain) => room.push(*score, gain),
                        Err(reason) => rejected.add(reason),
                    }
                }
                // As if it were not there.
                if !room.scores.is_empty() {
                    queries.push(&mut room.scores, &room.relevant);
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

/// Documents in any order, each with the number of its query: 12 bytes each, or 16 if a number takes more than 32 bits.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct FlatDocuments {
    /// The lower halves of the numbers.
    queries: Vec<u32>,
    /// The upper halves, if one of them is not that of a number of 32 bits.
    upper: Vec<i32>,
    /// The bits of the scores.
    scores: Vec<u32>,
    gains: Vec<f32>,
}

/// The upper half of a number of 32 bits.
fn usual_upper(lower: u32) -> i32 {
    if (lower as i32) < 0 { -1 } else { 0 }
}

impl FlatDocuments {
    pub fn len(&self) -> usize {
        self.queries.len()
    }

    /// Adds documents, or says why they do not count.
    pub(super) fn add<T: Grade>(
        &mut self,
        (scores, grades): (&[f32], &[T]),
        mut queries: impl Iterator<Item = i64>,
        ignore_index: Option<i64>,
        rejected: &mut Rejected,
    ) {
        self.queries.reserve(scores.len());
        self.scores.reserve(scores.len());
        self.gains.reserve(scores.len());
        let mut room = [(0, 0.0); BLOCK];
        for (scores, grades) in scores.chunks(BLOCK).zip(grades.chunks(BLOCK)) {
            let room = &mut room[..scores.len()];
            // Without a branch a document, for blocks of which all count, which is most of them.
            let mut counts = true;
            for ((place, query), (score, grade)) in
                (room.iter_mut().zip(&mut queries)).zip(scores.iter().zip(grades))
            {
                let gain = gain_of(*score, *grade, ignore_index);
                counts &= gain.is_ok();
                *place = (query, gain.unwrap_or(0.0));
            }
            if counts {
                self.extend(scores, room);
                continue;
            }
            for (at, (score, grade)) in scores.iter().zip(grades).enumerate() {
                match gain_of(*score, *grade, ignore_index) {
                    Ok(_) => self.extend(&[*score], &room[at..=at]),
                    Err(reason) => rejected.add(reason),
                }
            }
        }
    }

    /// Adds documents, each with the number of its query and its gain.
    fn extend(&mut self, scores: &[f32], documents: &[(i64, f32)]) {
        let narrow = (documents.iter()).all(|(query, _)| i64::from(*query as i32) == *query);
        if !self.upper.is_empty() || !narrow {
            self.widen();
            let upper = documents.iter().map(|(query, _)| (query >> 32) as i32);
            self.upper.extend(upper);
        }
        self.queries
            .extend(documents.iter().map(|(query, _)| *query as u32));
        self.scores
            .extend(scores.iter().map(|score| score.to_bits()));
        self.gains.extend(documents.iter().map(|(_, gain)| *gain));
    }

    /// Makes the list of upper halves, if there is none.
    fn widen(&mut self) {
        let rest = self.queries[self.upper.len()..].iter();
        self.upper.extend(rest.map(|lower| usual_upper(*lower)));
    }

    pub fn append(&mut self, other: &Self) {
        if !self.upper.is_empty() || !other.upper.is_empty() {
            self.widen();
            let upper = (0..other.len()).map(|at| (other.number(at) >> 32) as i32);
            self.upper.extend(upper);
        }
        self.queries.extend_from_slice(&other.queries);
        self.scores.extend_from_slice(&other.scores);
        self.gains.extend_from_slice(&other.gains);
    }

    /// The number of a query.
    fn number(&self, at: usize) -> i64 {
        let lower = self.queries[at];
        let upper = self.upper.get(at).copied();
        i64::from(upper.unwrap_or(usual_upper(lower))) << 32 | i64::from(lower)
    }

    pub fn consistent(&self) -> Result<(), MetricError> {
        let n = self.queries.len();
        let fits = [self.scores.len(), self.gains.len()] == [n; 2]
            && [0, n].contains(&self.upper.len())
            && self
                .scores
                .iter()
                .all(|bits| !f32::from_bits(*bits).is_nan())
            && self
                .gains
                .iter()
                .all(|gain| *gain >= 0.0 && gain.is_finite());
        if fits {
            Ok(())
        } else {
            Err(MetricError::saved("documents that do not fit together"))
        }
    }

    /// The queries in the order of their numbers, each with all of its documents.
    pub fn ranked(&self) -> RankedQueries {
        let n = self.len();
        let numbers = || (0..n).map(|at| self.number(at));
        let (Some(least), Some(most)) = (numbers().min(), numbers().max()) else {
            return RankedQueries::default();
        };
        // A place for every number, or for those that occur.
        let span = most.wrapping_sub(least) as u64;
        let mut ends = Vec::new();
        let at: Vec<u32> = if span < 4 * n as u64 + 1024 {
            ends.resize(span as usize + 1, 0usize);
            numbers()
                .map(|number| number.wrapping_sub(least) as u32)
                .collect()
        } else {
            let mut known: Vec<i64> = numbers().collect();
            known.par_sort_unstable();
            known.dedup();
            ends.resize(known.len(), 0);
            let places: HashMap<i64, u32> = known.into_iter().zip(0..).collect();
            numbers().map(|number| places[&number]).collect()
        };
        at.iter().for_each(|place| ends[*place as usize] += 1);
        let mut start = 0;
        for end in &mut ends {
            start += std::mem::replace(end, start);
        }
        let mut documents = vec![(0.0f32, 0.0f32); n];
        for ((place, score), gain) in at.iter().zip(&self.scores).zip(&self.gains) {
            let next = &mut ends[*place as usize];
            documents[*next] = (f32::from_bits(*score), *gain);
            *next += 1;
        }
        // Queries of a part are in succession, and so are its documents.
        let size = ends.len().div_ceil(4 * rayon::current_num_threads()).max(1);
        let parts: Vec<RankedQueries> = (0..ends.len())
            .into_par_iter()
            .step_by(size)
            .map(|first| {
                let mut queries = RankedQueries::default();
                let mut room = Room::default();
                for place in first..(first + size).min(ends.len()) {
                    let from = if place == 0 { 0 } else { ends[place - 1] };
                    if from == ends[place] {
                        continue;
                    }
                    room.clear();
                    for (score, gain) in &documents[from..ends[place]] {
                        room.push(*score, *gain);
                    }
                    queries.push(&mut room.scores, &room.relevant);
                }
                queries
            })
            .collect();
        let mut all = RankedQueries::default();
        parts.iter().for_each(|part| all.append(part));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
                .map(|_| i32::from(draw(&mut state) % relevant_of == 0))
                .collect();
            let (mut whole, mut rejected) = (RankedQueries::default(), Rejected::default());
            add_whole((&scores, &grades), width, None, (&mut whole, &mut rejected));
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
