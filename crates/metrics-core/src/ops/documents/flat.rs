//! Documents in any order.

use super::rank::{Grade, RankedQueries, Room, gain_of};
use crate::{MetricError, Rejected};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Documents that are looked at before they are added.
const BLOCK: usize = 256;

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
