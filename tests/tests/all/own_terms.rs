//! Terms of metrics of a user's own, as functions of kernels and as tensors.

use crate::process::alone;
use burn::tensor::{Bool, Tensor};
use cubecl::prelude::*;
use metrics_core::{
    Identity, Metric, MetricError, Value,
    batch::Regression,
    prelude::*,
    regression::states::{
        PairFunction, PairSums, PairSumsSummary, PairTerms, PairValues, TermsKernel, Unit,
    },
};

/// The Huber loss.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct HuberLoss {
    pub delta: f32,
    pub outputs: Option<usize>,
}

#[cube]
impl PairFunction for HuberLoss {
    fn values(pred: f32, target: f32, #[comptime] terms: Self) -> PairValues {
        let delta = comptime!(terms.delta).runtime();
        let error = (pred - target).abs();
        let inner = min(error, delta);
        PairValues::one(inner * (error - inner * 0.5f32))
    }
}

impl PairTerms for HuberLoss {
    fn identity(&self) -> Identity {
        Identity::new("tests/huber_loss", 1).with(self)
    }

    fn unit(&self) -> Unit {
        self.outputs.map_or(Unit::Elements, Unit::Outputs)
    }

    fn terms(&self, pred: Tensor<2>, target: Tensor<2>) -> Vec<Tensor<2>> {
        let error = (pred - target).abs();
        let inner = error.clone().clamp_max(self.delta);
        vec![inner.clone() * (error - inner * 0.5)]
    }

    fn kernel(&self) -> Option<TermsKernel> {
        Some(TermsKernel::own(self))
    }
}

impl Metric for HuberLoss {
    type Accumulator = PairSums<Self>;

    fn name(&self) -> String {
        format!("huber_loss_{}", self.delta)
    }

    fn accumulator(&self) -> PairSums<Self> {
        PairSums::new(self.clone())
    }

    fn finalize(&self, totals: &PairSumsSummary) -> Result<Value, MetricError> {
        Ok(Value::List(totals.means()?))
    }

    fn is_scalar(&self) -> bool {
        false
    }
}

/// The relative error of all predictions together, of positive numbers.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct RelativeBias;

#[cube]
impl PairFunction for RelativeBias {
    fn values(pred: f32, target: f32, #[comptime] _terms: Self) -> PairValues {
        let values = PairValues::two(pred - target, target);
        values
            .invalid_prediction_if(pred < 0.0f32)
            .invalid_target_if(target <= 0.0f32)
    }
}

impl PairTerms for RelativeBias {
    const SUMS: usize = 2;

    fn identity(&self) -> Identity {
        Identity::new("tests/relative_bias", 1)
    }

    fn invalid_prediction(&self, pred: Tensor<2>) -> Option<Tensor<2, Bool>> {
        Some(pred.lower_elem(0.0))
    }

    fn invalid_target(&self, target: Tensor<2>) -> Option<Tensor<2, Bool>> {
        Some(target.lower_equal_elem(0.0))
    }

    fn terms(&self, pred: Tensor<2>, target: Tensor<2>) -> Vec<Tensor<2>> {
        vec![pred - target.clone(), target]
    }

    fn kernel(&self) -> Option<TermsKernel> {
        Some(TermsKernel::own(self))
    }
}

impl Metric for RelativeBias {
    type Accumulator = PairSums<Self>;

    fn name(&self) -> String {
        "relative_bias".into()
    }

    fn accumulator(&self) -> PairSums<Self> {
        PairSums::new(self.clone())
    }

    fn finalize(&self, totals: &PairSumsSummary) -> Result<Value, MetricError> {
        Ok((totals.sum()? / totals.sums_of(1)[0]).into())
    }
}

#[test]
fn kernels_of_own_terms_agree_with_their_tensors() {
    for delta in [0.5, 1.0] {
        let metric = |outputs| HuberLoss { delta, outputs };
        crate::kernels::agree_on_pairs(metric(None), &[1, 3]);
        crate::kernels::agree_on_pairs(metric(Some(3)), &[3]);
    }
    crate::kernels::agree_on_pairs(RelativeBias, &[1, 3]);
}

#[test]
fn own_terms_join_the_launch_of_the_others() {
    alone!(own_terms_join_the_launch_of_the_others);
    let metrics = || {
        let huber = |delta| HuberLoss {
            delta,
            outputs: None,
        };
        MetricCollection::<Regression>::new()
            .with(MeanSquaredError::new())
            .with(huber(0.5))
            .with(LogCoshError::new())
            .with(huber(2.0))
            .with(RelativeBias)
    };
    for (name, device) in crate::launches::with_kernels() {
        assert_eq!(crate::launches::step(metrics(), 64, &device), 1, "{name}");
    }
}
