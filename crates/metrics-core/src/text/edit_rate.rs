//! Metrics that are functions of counted edits.

/// A metric that is a function of [`EditsSummary`](super::states::EditsSummary).
macro_rules! edit_rate {
    ($(#[$doc:meta])* $name:ident, $text:literal, $unit:ident, $higher_is_better:literal, $value:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq)]
        pub struct $name {}

        impl $name {
            /// It has no options.
            pub fn new() -> Self {
                Self::default()
            }
        }

        impl crate::Metric for $name {
            type Accumulator = crate::OnHost<crate::text::states::Edits>;

            fn name(&self) -> String {
                $text.into()
            }

            fn accumulator(&self) -> Self::Accumulator {
                crate::OnHost(crate::text::states::Edits {
                    unit: crate::text::states::TextUnit::$unit,
                })
            }

            fn finalize(
                &self,
                summary: &crate::text::states::EditsSummary,
            ) -> Result<crate::Value, crate::MetricError> {
                summary.not_empty()?;
                let value: fn(&crate::text::states::EditsSummary) -> f64 = $value;
                Ok(value(summary).into())
            }

            fn higher_is_better(&self) -> Option<bool> {
                Some($higher_is_better)
            }
        }
    };
}
pub(crate) use edit_rate;
