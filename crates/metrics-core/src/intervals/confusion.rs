//! Confusion counts drawn again, cell by cell.

use super::{
    Elements, Random, Resample, Resampled, multinomial::Multinomial, resample::whole_elements,
};
use crate::{
    MetricError,
    states::{BinaryConfusion, ConfusionSummary, MulticlassConfusion, TaskKind},
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

/// The elements of a [`ConfusionSummary`].
#[derive(Debug)]
pub struct ConfusionElements {
    /// Places and counts of the non-empty cells; of all cells if most are not empty.
    cells: Vec<(usize, u64)>,
    multinomial: Multinomial,
    /// All elements, as a sample.
    whole: ConfusionSummary,
    empty: ConfusionSummary,
}

impl ConfusionSummary {
    /// Adds elements of one cell of the matrix to it or to its margins.
    fn add(&mut self, place: usize, count: u64) {
        if !self.margins {
            self.tally.counts[place] += count;
            return;
        }
        let (target, prediction) = (place / self.width, place % self.width);
        if target == prediction {
            self.tally.counts[target] += count;
        }
        self.tally.counts[self.width + prediction] += count;
        self.tally.counts[2 * self.width + target] += count;
    }

    /// Adds a whole matrix to the margins: a row at a time, which vectorizes.
    fn add_rows(&mut self, matrix: &[u32]) {
        let width = self.width;
        for (target, row) in matrix.chunks_exact(width).enumerate() {
            let predicted = self.tally.counts[width..2 * width].iter_mut();
            predicted
                .zip(row)
                .for_each(|(sum, count)| *sum += *count as u64);
            self.tally.counts[target] += row[target] as u64;
            self.tally.counts[2 * width + target] +=
                row.iter().map(|count| *count as u64).sum::<u64>();
        }
    }
}

impl Resample for ConfusionSummary {
    type Elements = ConfusionElements;

    fn elements(&self, empty: Self) -> Result<ConfusionElements, MetricError> {
        whole_elements(self.tally.is_weighted())?;
        if self.margins || self.task == TaskKind::Multilabel {
            return Err(MetricError::InvalidOption(
                "only a whole confusion matrix can be resampled, neither its margins nor those of labels"
                    .into(),
            ));
        }
        let mut cells: Vec<_> = self.tally.counts.iter().copied().enumerate().collect();
        let filled = self.tally.counts.iter().filter(|count| **count > 0).count();
        if filled < cells.len() / 2 {
            cells.retain(|(_, count)| *count > 0);
        }
        let mut whole = empty.clone();
        cells
            .iter()
            .for_each(|(place, count)| whole.add(*place, *count));
        Ok(ConfusionElements {
            multinomial: Multinomial::new(cells.iter().map(|(_, count)| *count)),
            cells,
            whole,
            empty,
        })
    }
}

impl Elements for ConfusionElements {
    type Summary = ConfusionSummary;
    /// A place in the matrix.
    type Kind = usize;

    fn resample(&self, random: &mut Random) -> ConfusionSummary {
        let mut sum = self.empty.clone();
        let drawn = self.multinomial.draw(random);
        if sum.margins && self.cells.len() == sum.width * sum.width {
            sum.add_rows(&drawn.small);
        } else {
            let cells = self.cells.iter().zip(drawn.small);
            cells.for_each(|((place, _), count)| sum.add(*place, count as u64));
        }
        let large = drawn.large.into_iter();
        large.for_each(|(at, count)| sum.add(self.cells[at].0, count));
        sum
    }

    fn kinds(&self) -> Vec<(u64, usize)> {
        let filled = self.cells.iter().filter(|(_, count)| *count > 0);
        filled.map(|(place, count)| (*count, *place)).collect()
    }

    fn without(&self, kind: &usize) -> ConfusionSummary {
        let mut rest = self.whole.clone();
        let mut one = self.empty.clone();
        one.add(*kind, 1);
        let pairs = rest.tally.counts.iter_mut().zip(&one.tally.counts);
        pairs.for_each(|(count, one)| *count -= one);
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Accumulator, Metric, classification::F1Score};
    use rand::SeedableRng;

    fn matrix(counts: &[u64], margins: bool) -> (ConfusionSummary, ConfusionSummary) {
        let accumulator = F1Score::multiclass(3).accumulator();
        let empty = MulticlassConfusion {
            matrix: !margins,
            ..accumulator.clone()
        }
        .empty();
        let mut whole = accumulator.resampled().empty();
        whole.tally.counts.copy_from_slice(counts);
        (whole, empty)
    }

    #[test]
    fn margins_of_samples_are_those_of_matrices() {
        for counts in [
            [500, 3, 0, 7, 60, 200, 1, 0, 9],
            [700, 0, 0, 0, 79, 0, 1, 0, 0],
        ] {
            margins_of_samples_are_those_of(counts);
        }
    }

    fn margins_of_samples_are_those_of(counts: [u64; 9]) {
        let elements = |margins| {
            let (whole, empty) = matrix(&counts, margins);
            whole.elements(empty).unwrap()
        };
        let (matrices, margins) = (elements(false), elements(true));
        let mut random = [1, 1].map(Random::seed_from_u64);
        for _ in 0..100 {
            let sample = matrices.resample(&mut random[0]);
            assert_eq!(sample.total(), 780.0);
            assert_eq!(sample.classes(), margins.resample(&mut random[1]).classes());
        }
        let sum: u64 = matrices.kinds().iter().map(|(count, _)| count).sum();
        assert_eq!(sum, 780);
        for ((_, kind), (_, same)) in matrices.kinds().iter().zip(margins.kinds()) {
            let rest = matrices.without(kind);
            assert_eq!(rest.total(), 779.0);
            assert_eq!(rest.classes(), margins.without(&same).classes());
        }
    }

    #[test]
    fn what_does_not_say_its_elements_is_refused() {
        let (_, margins) = matrix(&[1; 9], true);
        assert!(margins.elements(margins.clone()).is_err());
        let labels = crate::classification::Accuracy::multilabel(2)
            .accumulator()
            .empty();
        assert!(labels.elements(labels.clone()).is_err());
    }
}
