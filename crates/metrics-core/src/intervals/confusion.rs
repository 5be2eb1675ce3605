//! Confusion counts drawn again, cell by cell.

use super::{Elements, Random, Resample, Resampled, multinomial::Multinomial};
use crate::{
    MetricError,
    accumulators::{BinaryConfusion, Confusion, MulticlassConfusion, Task},
};

impl Resampled for BinaryConfusion {}

impl Resampled for MulticlassConfusion {
    /// Margins do not say which class was taken for which.
    fn resampled(self) -> Self {
        Self {
            matrix: true,
            ..self
        }
    }
}

/// The elements of a [`Confusion`].
#[derive(Debug)]
pub struct ConfusionElements {
    /// Cells that are not empty: see [`cell`].
    cells: Vec<(u32, u64)>,
    multinomial: Multinomial,
    /// All of them, in the form of a sample.
    whole: Confusion,
    empty: Confusion,
}

/// Target and prediction in one number; a matrix has at most 2^15 classes.
fn cell(target: usize, prediction: usize) -> u32 {
    (target << 16 | prediction) as u32
}

impl Confusion {
    /// Adds elements of one cell to a matrix or its margins.
    #[inline(always)]
    fn add(&mut self, cell: u32, count: u64) {
        let (target, prediction) = (cell as usize >> 16, cell as usize & 0xffff);
        if !self.margins {
            self.counts[target * self.width + prediction] += count;
            return;
        }
        if target == prediction {
            self.counts[target] += count;
        }
        self.counts[self.width + prediction] += count;
        self.counts[2 * self.width + target] += count;
    }
}

impl Resample for Confusion {
    type Elements = ConfusionElements;

    fn elements(&self, empty: Self) -> Result<ConfusionElements, MetricError> {
        if self.margins || self.task == Task::Multilabel {
            return Err(MetricError::InvalidOption(
                "only a whole confusion matrix can be resampled, neither its margins nor those of labels"
                    .into(),
            ));
        }
        let width = self.width;
        let mut cells: Vec<_> = (self.counts.iter().enumerate())
            .filter(|(_, count)| **count > 0)
            .map(|(at, count)| (cell(at / width, at % width), *count))
            .collect();
        // Diagonal by diagonal: neighbours then add to other margins, and need not wait.
        cells.sort_by_key(|(cell, _)| (cell & 0xffff).wrapping_sub(cell >> 16));
        let mut whole = empty.clone();
        cells
            .iter()
            .for_each(|(cell, count)| whole.add(*cell, *count));
        Ok(ConfusionElements {
            multinomial: Multinomial::new(cells.iter().copied()),
            cells,
            whole,
            empty,
        })
    }
}

impl Elements for ConfusionElements {
    type Summary = Confusion;
    type Kind = u32;

    fn resample(&self, random: &mut Random) -> Confusion {
        let empty = || self.empty.clone();
        self.multinomial.draw(random, empty, Confusion::add)
    }

    fn kinds(&self) -> Vec<(u64, u32)> {
        self.cells
            .iter()
            .map(|(cell, count)| (*count, *cell))
            .collect()
    }

    fn without(&self, kind: &u32) -> Confusion {
        let mut rest = self.whole.clone();
        let mut one = self.empty.clone();
        one.add(*kind, 1);
        let pairs = rest.counts.iter_mut().zip(&one.counts);
        pairs.for_each(|(count, one)| *count -= one);
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Accumulator, F1Score, Metric};
    use rand::SeedableRng;

    fn matrix(counts: &[u64], margins: bool) -> (Confusion, Confusion) {
        let accumulator = F1Score::multiclass(3).accumulator();
        let empty = MulticlassConfusion {
            matrix: !margins,
            ..accumulator.clone()
        }
        .empty();
        let mut whole = accumulator.resampled().empty();
        whole.counts.copy_from_slice(counts);
        (whole, empty)
    }

    #[test]
    fn margins_of_samples_are_those_of_matrices() {
        let counts = [500, 3, 0, 7, 60, 200, 1, 0, 9];
        let elements = |margins| {
            let (whole, empty) = matrix(&counts, margins);
            whole.elements(empty).unwrap()
        };
        let (matrices, margins) = (elements(false), elements(true));
        let mut random = [1, 1].map(Random::seed_from_u64);
        for _ in 0..100 {
            let sample = matrices.resample(&mut random[0]);
            assert_eq!(sample.total(), 780);
            assert_eq!(sample.classes(), margins.resample(&mut random[1]).classes());
        }
        let sum: u64 = matrices.kinds().iter().map(|(count, _)| count).sum();
        assert_eq!(sum, 780);
        for ((_, kind), (_, same)) in matrices.kinds().iter().zip(margins.kinds()) {
            let rest = matrices.without(kind);
            assert_eq!(rest.total(), 779);
            assert_eq!(rest.classes(), margins.without(&same).classes());
        }
    }

    #[test]
    fn what_does_not_say_its_elements_is_refused() {
        let (_, margins) = matrix(&[1; 9], true);
        assert!(margins.elements(margins.clone()).is_err());
        let labels = crate::Accuracy::multilabel(2).accumulator().empty();
        assert!(labels.elements(labels.clone()).is_err());
    }
}
