//! What metrics of surfaces share.

use super::{
    overlap::{Averages, mean},
    states::{ClassSurfaces, MeanOf, SurfaceDistancesSummary},
    undefined,
};
use crate::{MetricError, Value};

pub use crate::ops::masks::distances::PixelDistance;

/// What becomes of a class in a sample of which one side has no pixel, so that there is no distance.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum OneSided {
    /// [`MetricError::Undefined`], which says how many there are.
    #[default]
    Error,
    /// The pair of sample and class is left out.
    Skip,
    /// It is this far apart, such as the diagonal of an image. [`f64::INFINITY`] is TorchMetrics'.
    Distance(f64),
}

impl OneSided {
    pub(super) fn validate(self, metric: &str) -> Result<(), MetricError> {
        match self {
            Self::Distance(distance) if distance.is_nan() || distance < 0.0 => {
                Err(MetricError::InvalidOption(format!(
                    "{metric}: one-sided pairs at a distance of {distance}; it is at least 0"
                )))
            }
            _ => Ok(()),
        }
    }

    /// The mean distance over all pairs of a sample and a class, or for each class.
    pub(super) fn value(
        self,
        metric: &str,
        classes: Averages,
        per_class: bool,
        summary: &SurfaceDistancesSummary,
        own: impl Fn(&ClassSurfaces) -> MeanOf,
    ) -> Result<Value, MetricError> {
        let counted = summary.classes.iter().enumerate();
        let counted = counted.filter(|(class, _)| classes.has(*class));
        let missing = counted.clone().fold([0, 0], |[pred, target], (_, own)| {
            [pred + own.target_only, target + own.pred_only]
        });
        if self == Self::Error && missing != [0, 0] {
            let [pred, target] = missing;
            let why = format!(
                "in {pred} pairs of a sample and a class the prediction has no pixel of the class and the target has, in \
                 {target} it is the other way round, and there is no distance between them; \
                 `one_sided(OneSided::Distance(d))` gives them one, `OneSided::Skip` leaves them out"
            );
            return Err(undefined(metric, summary.rejected, true, &why));
        }
        let of_class = |class: &ClassSurfaces| {
            let mut own = own(class);
            if let Self::Distance(distance) = self {
                let missing = class.pred_only + class.target_only;
                if missing > 0 {
                    own.sum += distance * missing as f64;
                    own.count += missing;
                }
            }
            own
        };
        average(metric, classes, per_class, summary, of_class)
    }
}

/// The mean over all pairs of a sample and a class, or for each class.
pub(super) fn average(
    metric: &str,
    classes: Averages,
    per_class: bool,
    summary: &SurfaceDistancesSummary,
    own: impl Fn(&ClassSurfaces) -> MeanOf,
) -> Result<Value, MetricError> {
    let values = classes.values(|class| own(&summary.classes[class]).mean());
    let mut all = MeanOf::default();
    let counted = summary.classes.iter().enumerate();
    for (_, class) in counted.filter(|(class, _)| classes.has(*class)) {
        all.merge(&own(class));
    }
    if mean(values.iter().copied()).is_nan() {
        let why = "no sample has a class that counts on both sides";
        let counted = summary.counted_pairs() > 0;
        return Err(undefined(metric, summary.rejected, counted, why));
    }
    Ok(if per_class {
        Value::PerClass(values)
    } else {
        all.mean().into()
    })
}

/// The options of metrics of distances; `$surfaces` is the state among their fields.
macro_rules! surface_options {
    ($metric:ident) => {
        crate::segmentation::mask_options!($metric, surfaces.masks, false);

        impl $metric {
            /// How far two pixels are apart; default [`PixelDistance::Euclidean`](crate::segmentation::PixelDistance::Euclidean).
            pub fn distance(mut self, distance: crate::segmentation::PixelDistance) -> Self {
                self.surfaces.distance = distance;
                self
            }

            /// How far neighbours along each axis of a sample are apart, such as `[row, column]` in millimetres; default 1.
            pub fn spacing(mut self, spacing: impl Into<Vec<f64>>) -> Self {
                self.surfaces.spacing = spacing.into();
                self
            }

            /// A value for each class, NaN for one without a value.
            pub fn per_class(mut self) -> Self {
                self.per_class = true;
                self
            }
        }
    };
}
pub(super) use surface_options;
