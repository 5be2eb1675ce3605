//! Batches of made-up data for every batch type.

use crate::golden::{self, Array, Arrays};
use burn::tensor::{Device, Tensor};
use metrics_core::{
    Batch, MetricError,
    batch::{
        Binary, Clustered, Documents, Ensemble, Grouped, Labelings, Mask, Masks, Multiclass,
        Multilabel, Observations, RatingCounts, Ratings, Regression, Relevance, Texts, TwoSamples,
        Values,
    },
};

/// What the metrics that a [`Visitor`](crate::metrics::Visitor) sees are made for.
pub const CLASSES: usize = 5;
pub const LABELS: usize = 3;
pub const OUTPUTS: usize = 2;
const MEMBERS: usize = 4;
pub const GROUPS: usize = 3;

/// Steele, Lea and Flood's SplitMix64: the same numbers everywhere.
#[derive(Debug, Clone)]
pub struct Random(pub u64);

impl Random {
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.draw() % limit as u64) as usize
    }

    pub fn array(&mut self, shape: &[usize], mut number: impl FnMut(&mut Self) -> f64) -> Array {
        Array {
            shape: shape.to_vec(),
            data: (0..shape.iter().product()).map(|_| number(self)).collect(),
        }
    }

    /// A probability on a grid, so that some are equal.
    pub fn probability(&mut self) -> f64 {
        self.below(65) as f64 / 64.0
    }

    /// Mostly probabilities, now and then NaN.
    fn score(&mut self) -> f64 {
        match self.below(60) {
            0 => f64::NAN,
            _ => self.probability(),
        }
    }

    /// Mostly a label, now and then something that is none; -1 is there to be ignored.
    fn label(&mut self, labels: usize) -> f64 {
        match self.below(20) {
            0 => -1.0,
            1 => [labels as f64, -7.0, 255.0][self.below(3)],
            _ => self.below(labels) as f64,
        }
    }

    /// Mostly a weight, now and then something that is none. A power of two, which rounds no product.
    pub fn weight(&mut self) -> f64 {
        match self.below(30) {
            0 => [f64::NAN, f64::INFINITY, -1.0][self.below(3)],
            _ => [0.0, 0.25, 0.5, 1.0, 2.0][self.below(5)],
        }
    }

    /// A number of either sign, now and then NaN.
    fn value(&mut self) -> f64 {
        match self.below(60) {
            0 => f64::NAN,
            _ => (self.below(4001) as f64 - 2000.0) / 256.0,
        }
    }
}

/// A batch type with data for it.
pub trait Sample: Batch {
    /// Made-up rows, a few of them invalid.
    fn arrays(random: &mut Random, rows: usize) -> Arrays;

    /// The rows without those that hold something invalid or -1; `None` where that is not a
    /// matter of whole rows.
    fn clean(_arrays: &Arrays) -> Option<Arrays> {
        None
    }

    /// A batch of arrays as the golden files name them, but for the weights.
    ///
    /// # Errors
    /// As the batch's constructors.
    fn plain(arrays: &Arrays, device: &Device) -> Result<Self, MetricError>;

    /// The batch with these weights.
    ///
    /// # Errors
    /// As the batch's own method.
    fn weighed(self, weights: Tensor<1>) -> Result<Self, MetricError>;

    /// A batch of arrays as the golden files name them.
    ///
    /// # Errors
    /// As the batch's constructors.
    fn build(arrays: &Arrays, device: &Device) -> Result<Self, MetricError> {
        let batch = Self::plain(arrays, device)?;
        match arrays.get("weights") {
            Some(weights) => batch.weighed(weights.floats(device)),
            None => Ok(batch),
        }
    }

    /// A batch of made-up rows.
    fn random(seed: u64, rows: usize, device: &Device) -> Self {
        let arrays = Self::arrays(&mut Random(seed), rows);
        Self::build(&arrays, device).expect("the shapes fit")
    }
}

/// The rows of which all numbers of one array are no NaN and those of the other are labels.
fn clean(arrays: &Arrays, numbers: &str, labels: Option<(&str, usize)>) -> Arrays {
    let good = |row: &Arrays| {
        row[numbers].data.iter().all(|number| !number.is_nan())
            && labels.is_none_or(|(name, labels)| {
                (row[name].data.iter()).all(|label| (0.0..labels as f64).contains(label))
            })
    };
    let rows: Vec<_> = golden::rows(arrays).into_iter().filter(good).collect();
    golden::join(arrays, &rows)
}

fn named<const N: usize>(arrays: [(&str, Array); N]) -> Arrays {
    arrays.map(|(name, array)| (name.to_string(), array)).into()
}

impl Sample for Binary {
    fn arrays(random: &mut Random, rows: usize) -> Arrays {
        named([
            ("scores", random.array(&[rows], Random::score)),
            ("target", random.array(&[rows], |r| r.label(2))),
        ])
    }

    fn clean(arrays: &Arrays) -> Option<Arrays> {
        Some(clean(arrays, "scores", Some(("target", 2))))
    }

    fn plain(arrays: &Arrays, device: &Device) -> Result<Self, MetricError> {
        let target = &arrays["target"];
        match (arrays.get("scores"), target.shape.len()) {
            (Some(scores), 1) => Self::from_scores(scores.floats::<1>(device), target.ints(device)),
            (Some(scores), 2) => Self::from_scores(scores.floats::<2>(device), target.ints(device)),
            (Some(scores), _) => Self::from_scores(scores.floats::<3>(device), target.ints(device)),
            (None, 1) => Self::from_labels(arrays["pred"].ints::<1>(device), target.ints(device)),
            (None, _) => Self::from_labels(arrays["pred"].ints::<2>(device), target.ints(device)),
        }
    }

    fn weighed(self, weights: Tensor<1>) -> Result<Self, MetricError> {
        self.with_weights(weights)
    }
}

impl Sample for Clustered {
    fn arrays(random: &mut Random, rows: usize) -> Arrays {
        named([
            ("points", random.array(&[rows, OUTPUTS], Random::value)),
            ("clusters", random.array(&[rows], |r| r.below(4) as f64)),
        ])
    }

    fn clean(arrays: &Arrays) -> Option<Arrays> {
        Some(clean(arrays, "points", None))
    }

    fn plain(arrays: &Arrays, device: &Device) -> Result<Self, MetricError> {
        Self::new(
            arrays["points"].floats(device),
            arrays["clusters"].ints(device),
        )
    }

    fn weighed(self, _weights: Tensor<1>) -> Result<Self, MetricError> {
        let accumulator = "ClusterPoints";
        Err(MetricError::WeightsUnsupported { accumulator })
    }
}

impl Sample for Documents {
    fn arrays(random: &mut Random, rows: usize) -> Arrays {
        named([
            ("scores", random.array(&[rows], Random::value)),
            ("target", random.array(&[rows], |r| r.label(2))),
            ("queries", random.array(&[rows], |r| r.below(6) as f64)),
        ])
    }

    fn plain(arrays: &Arrays, device: &Device) -> Result<Self, MetricError> {
        let scores = &arrays["scores"];
        let relevance = |name: &str| -> Option<Relevance> {
            let array = arrays.get(name)?;
            Some(match (name, array.shape.len()) {
                ("gains", _) => array.floats::<1>(device).into(),
                (_, 1) => array.ints::<1>(device).into(),
                _ => array.ints::<2>(device).into(),
            })
        };
        let relevance = relevance("gains").or_else(|| relevance("target"));
        let relevance = relevance.expect("documents have a relevance");
        match arrays.get("queries") {
            Some(queries) => Self::new(scores.floats::<1>(device), relevance, queries.ints(device)),
            None => {
                let batch = Self::by_query(scores.floats(device), relevance)?;
                match arrays.get("relevant") {
                    Some(relevant) => batch.with_relevant(relevant.ints(device)),
                    None => Ok(batch),
                }
            }
        }
    }

    fn weighed(self, _weights: Tensor<1>) -> Result<Self, MetricError> {
        let accumulator = "QueryDocuments";
        Err(MetricError::WeightsUnsupported { accumulator })
    }
}

impl Sample for Grouped {
    fn arrays(random: &mut Random, rows: usize) -> Arrays {
        let mut arrays = Binary::arrays(random, rows);
        let group = |r: &mut Random| match r.below(40) {
            0 => [GROUPS as f64, -1.0][r.below(2)],
            _ => r.below(GROUPS) as f64,
        };
        arrays.insert("groups".into(), random.array(&[rows], group));
        arrays
    }

    fn clean(arrays: &Arrays) -> Option<Arrays> {
        Some(clean(
            &clean(arrays, "scores", Some(("target", 2))),
            "scores",
            Some(("groups", GROUPS)),
        ))
    }

    fn plain(arrays: &Arrays, device: &Device) -> Result<Self, MetricError> {
        Self::new(
            Binary::plain(arrays, device)?,
            arrays["groups"].ints::<1>(device),
        )
    }

    fn weighed(self, weights: Tensor<1>) -> Result<Self, MetricError> {
        self.with_weights(weights)
    }
}

impl Sample for Multiclass {
    fn arrays(random: &mut Random, rows: usize) -> Arrays {
        named([
            ("scores", random.array(&[rows, CLASSES], Random::score)),
            ("target", random.array(&[rows], |r| r.label(CLASSES))),
        ])
    }

    fn clean(arrays: &Arrays) -> Option<Arrays> {
        Some(clean(arrays, "scores", Some(("target", CLASSES))))
    }

    fn plain(arrays: &Arrays, device: &Device) -> Result<Self, MetricError> {
        let target = &arrays["target"];
        let Some(scores) = arrays.get("scores") else {
            let pred = &arrays["pred"];
            return match pred.shape.len() {
                1 => Self::from_labels(pred.ints::<1>(device), target.ints(device)),
                2 => Self::from_labels(pred.ints::<2>(device), target.ints(device)),
                _ => Self::from_labels(pred.ints::<3>(device), target.ints(device)),
            };
        };
        match (scores.shape.len(), target.shape.len()) {
            (2, 1) => Self::from_scores(scores.floats(device), target.ints(device)),
            (3, 2) if scores.shape[..2] == target.shape => {
                Self::from_tokens(scores.floats(device), target.ints(device))
            }
            (3, 2) => Self::from_dense(scores.floats::<3>(device), target.ints::<2>(device)),
            _ => Self::from_dense(scores.floats::<4>(device), target.ints::<3>(device)),
        }
    }

    fn weighed(self, weights: Tensor<1>) -> Result<Self, MetricError> {
        self.with_weights(weights)
    }
}

impl Sample for Multilabel {
    fn arrays(random: &mut Random, rows: usize) -> Arrays {
        named([
            ("scores", random.array(&[rows, LABELS], Random::score)),
            ("target", random.array(&[rows, LABELS], |r| r.label(2))),
        ])
    }

    fn plain(arrays: &Arrays, device: &Device) -> Result<Self, MetricError> {
        let target = &arrays["target"];
        match (arrays.get("scores"), target.shape.len()) {
            (Some(scores), 2) => Self::from_scores(scores.floats(device), target.ints(device)),
            (Some(scores), 3) => Self::from_dense(scores.floats::<3>(device), target.ints(device)),
            (Some(scores), _) => Self::from_dense(scores.floats::<4>(device), target.ints(device)),
            (None, 2) => Self::from_labels(arrays["pred"].ints(device), target.ints(device)),
            (None, _) => {
                let pred = arrays["pred"].ints::<3>(device);
                Self::from_dense_labels(pred, target.ints(device))
            }
        }
    }

    fn weighed(self, weights: Tensor<1>) -> Result<Self, MetricError> {
        self.with_weights(weights)
    }
}

impl Sample for Regression {
    fn arrays(random: &mut Random, rows: usize) -> Arrays {
        named([
            ("pred", random.array(&[rows, OUTPUTS], Random::value)),
            ("target", random.array(&[rows, OUTPUTS], Random::value)),
        ])
    }

    fn plain(arrays: &Arrays, device: &Device) -> Result<Self, MetricError> {
        let (pred, target) = (&arrays["pred"], &arrays["target"]);
        match pred.shape.len() {
            1 => Self::new(pred.floats::<1>(device), target.floats::<1>(device)),
            _ => Self::multi_output(pred.floats(device), target.floats(device)),
        }
    }

    fn weighed(self, weights: Tensor<1>) -> Result<Self, MetricError> {
        self.with_weights(weights)
    }
}

impl Sample for Labelings {
    fn arrays(random: &mut Random, rows: usize) -> Arrays {
        named([
            ("pred", random.array(&[rows], |r| r.label(4))),
            ("target", random.array(&[rows], |r| r.label(3))),
        ])
    }

    fn plain(arrays: &Arrays, device: &Device) -> Result<Self, MetricError> {
        Self::new(
            arrays["pred"].ints::<1>(device),
            arrays["target"].ints(device),
        )
    }

    fn weighed(self, _weights: Tensor<1>) -> Result<Self, MetricError> {
        let accumulator = "Contingency";
        Err(MetricError::WeightsUnsupported { accumulator })
    }
}

impl Sample for Masks {
    fn arrays(random: &mut Random, rows: usize) -> Arrays {
        named([
            ("pred", random.array(&[rows, 3, 4], |r| r.label(CLASSES))),
            ("target", random.array(&[rows, 3, 4], |r| r.label(CLASSES))),
        ])
    }

    fn plain(arrays: &Arrays, device: &Device) -> Result<Self, MetricError> {
        let labels = |name: &str| {
            let array = arrays.get(name)?;
            Some(match array.shape.len() {
                2 => Mask::labels(array.ints::<2>(device)),
                3 => Mask::labels(array.ints::<3>(device)),
                _ => Mask::labels(array.ints::<4>(device)),
            })
        };
        let one_hot = |name: &str| Mask::one_hot(arrays[name].ints::<4>(device));
        let pred = match (labels("pred"), arrays.get("scores")) {
            (Some(labels), _) => labels,
            (None, Some(scores)) => Mask::scores(scores.floats::<4>(device))?,
            (None, None) => one_hot("pred_one_hot")?,
        };
        let target = match labels("target") {
            Some(labels) => labels,
            None => one_hot("target_one_hot")?,
        };
        Self::new(pred, target)
    }

    fn weighed(self, _weights: Tensor<1>) -> Result<Self, MetricError> {
        let accumulator = "Overlaps";
        Err(MetricError::WeightsUnsupported { accumulator })
    }
}

impl Sample for RatingCounts {
    fn arrays(random: &mut Random, rows: usize) -> Arrays {
        // Five raters each, now and then what is no count.
        let mut counts = random.array(&[rows, CLASSES], |_| 0.0);
        for subject in counts.data.chunks_mut(CLASSES) {
            (0..5).for_each(|_| subject[random.below(CLASSES)] += 1.0);
            if random.below(30) == 0 {
                subject[random.below(CLASSES)] = [-1.0, 40_000.0][random.below(2)];
            }
        }
        named([("counts", counts)])
    }

    fn plain(arrays: &Arrays, device: &Device) -> Result<Self, MetricError> {
        match arrays.get("probabilities") {
            Some(probabilities) => Self::from_probabilities(probabilities.floats(device)),
            None => Ok(Self::new(arrays["counts"].ints(device))),
        }
    }

    fn weighed(self, _weights: Tensor<1>) -> Result<Self, MetricError> {
        let accumulator = "RatingSums";
        Err(MetricError::WeightsUnsupported { accumulator })
    }
}

impl Sample for Ratings {
    fn arrays(random: &mut Random, rows: usize) -> Arrays {
        let rating = |r: &mut Random| match r.below(20) {
            0 => f64::NAN,
            1 => -0.0,
            _ => r.below(4) as f64,
        };
        named([("ratings", random.array(&[rows, 3], rating))])
    }

    fn plain(arrays: &Arrays, device: &Device) -> Result<Self, MetricError> {
        Ok(Self::new(arrays["ratings"].floats(device)))
    }

    fn weighed(self, _weights: Tensor<1>) -> Result<Self, MetricError> {
        let accumulator = "Coincidences";
        Err(MetricError::WeightsUnsupported { accumulator })
    }
}

impl Sample for Ensemble {
    fn arrays(random: &mut Random, rows: usize) -> Arrays {
        named([
            ("pred", random.array(&[rows, MEMBERS], Random::value)),
            ("target", random.array(&[rows], Random::value)),
        ])
    }

    fn plain(arrays: &Arrays, device: &Device) -> Result<Self, MetricError> {
        Self::new(
            arrays["pred"].floats(device),
            arrays["target"].floats(device),
        )
    }

    fn weighed(self, weights: Tensor<1>) -> Result<Self, MetricError> {
        self.with_weights(weights)
    }
}

impl Sample for Observations {
    fn arrays(random: &mut Random, rows: usize) -> Arrays {
        named([("values", random.array(&[rows, OUTPUTS], Random::value))])
    }

    fn clean(arrays: &Arrays) -> Option<Arrays> {
        Some(clean(arrays, "values", None))
    }

    fn plain(arrays: &Arrays, device: &Device) -> Result<Self, MetricError> {
        Ok(Self::new(arrays["values"].floats(device)))
    }

    fn weighed(self, weights: Tensor<1>) -> Result<Self, MetricError> {
        self.with_weights(weights)
    }
}

impl Sample for TwoSamples {
    fn arrays(random: &mut Random, rows: usize) -> Arrays {
        named([
            ("x", random.array(&[rows], Random::value)),
            ("y", random.array(&[rows], Random::value)),
        ])
    }

    fn plain(arrays: &Arrays, device: &Device) -> Result<Self, MetricError> {
        let floats = |name: &str| Some(arrays.get(name)?.floats::<1>(device));
        let mut batch = Self::new(
            arrays["x"].floats::<1>(device),
            arrays["y"].floats::<1>(device),
        )?;
        if let Some(weights) = floats("x_weights") {
            batch = batch.with_x_weights(weights)?;
        }
        match floats("y_weights") {
            Some(weights) => batch.with_y_weights(weights),
            None => Ok(batch),
        }
    }

    fn weighed(self, weights: Tensor<1>) -> Result<Self, MetricError> {
        self.with_x_weights(weights.clone())?
            .with_y_weights(weights)
    }
}

/// What made-up texts are made of.
const WORDS: [&str; 14] = [
    "the",
    "The",
    "cat",
    "cats",
    "sat.",
    "on",
    "a",
    "mat,",
    "1,000",
    "running",
    "İ",
    "猫",
    "é\u{301}",
    "👩‍👧",
];

impl Sample for Texts {
    fn arrays(random: &mut Random, rows: usize) -> Arrays {
        // Negative numbers are no word.
        let word = |r: &mut Random| r.below(WORDS.len() + 3) as f64 - 3.0;
        named([
            ("pred", random.array(&[rows, 9], word)),
            ("target", random.array(&[rows, 9], word)),
        ])
    }

    fn plain(arrays: &Arrays, _device: &Device) -> Result<Self, MetricError> {
        let texts = |name: &str| -> Vec<String> {
            let (array, width) = (&arrays[name], arrays[name].shape[1]);
            let rows = (0..array.shape[0]).map(|row| &array.data[row * width..][..width]);
            let text = |row: &[f64]| {
                let ids = row.iter().filter(|id| **id >= 0.0);
                let words = ids.filter_map(|id| WORDS.get(*id as usize).copied());
                words.collect::<Vec<_>>().join(" ")
            };
            rows.map(text).collect()
        };
        Self::new(texts("pred"), texts("target"))
    }

    fn weighed(self, _weights: Tensor<1>) -> Result<Self, MetricError> {
        let accumulator = "Edits";
        Err(MetricError::WeightsUnsupported { accumulator })
    }
}

impl Sample for Values {
    fn arrays(random: &mut Random, rows: usize) -> Arrays {
        named([("values", random.array(&[rows], Random::value))])
    }

    fn clean(arrays: &Arrays) -> Option<Arrays> {
        Some(clean(arrays, "values", None))
    }

    fn plain(arrays: &Arrays, device: &Device) -> Result<Self, MetricError> {
        Ok(Self::new(arrays["values"].floats::<1>(device)))
    }

    fn weighed(self, weights: Tensor<1>) -> Result<Self, MetricError> {
        Self::weighted(self.values().clone(), weights)
    }
}
