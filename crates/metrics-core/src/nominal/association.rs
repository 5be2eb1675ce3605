//! Statistics of association by the chi-squared statistic.

use crate::states::ContingencyTable;

/// Pearson's mean square contingency, and the numbers of categories less 1: both corrected for bias if that is asked for.
pub(super) struct Association {
    /// `χ² / n`.
    pub phi_squared: f64,
    /// Categories of targets less 1.
    pub rows: f64,
    /// Categories of predictions less 1.
    pub columns: f64,
}

impl Association {
    /// With the correction of Bergsma (A bias-correction for Cramér's V and Tschuprow's T, 2013), and of Yates if there are two
    /// categories of each.
    pub fn corrected(table: &ContingencyTable) -> Self {
        let n = table.total as f64;
        let own = Self::of(table, true);
        // 0 without rounding if every element has a category of its own.
        let less = |categories: f64| categories * (1.0 - categories / (n - 1.0));
        let bias = own.rows * own.columns / (n - 1.0);
        Self {
            phi_squared: (own.phi_squared - bias).max(0.0),
            rows: less(own.rows),
            columns: less(own.columns),
        }
    }

    /// As it is.
    pub fn plain(table: &ContingencyTable) -> Self {
        Self::of(table, false)
    }

    fn of(table: &ContingencyTable, yates: bool) -> Self {
        let n = table.total as f64;
        let (rows, columns) = (
            table.rows.len() as f64 - 1.0,
            table.columns.len() as f64 - 1.0,
        );
        let yates = yates && rows * columns == 1.0;
        // Relative to the total, as is everything here.
        let expected = |row: usize, column: usize| {
            table.rows[row] as f64 / n * (table.columns[column] as f64 / n)
        };
        let term = |difference: f64, expected: f64| {
            let less = if yates { 0.5 / n } else { 0.0 };
            let difference = (difference.abs() - less).max(0.0);
            difference * difference / expected
        };
        let (mut phi_squared, mut used) = (0.0, 0.0);
        for (row, column, count) in &table.cells {
            let expected = expected(*row, *column);
            phi_squared += term(*count as f64 / n - expected, expected);
            used += expected;
        }
        if yates {
            let of_others = (0..4).map(|place| (place / 2, place % 2)).filter(|place| {
                !table
                    .cells
                    .iter()
                    .any(|(row, column, _)| (*row, *column) == *place)
            });
            for (row, column) in of_others {
                let expected = expected(row, column);
                phi_squared += term(expected, expected);
            }
        } else if table.cells.len() < table.rows.len() * table.columns.len() {
            // Each cell without elements adds what was expected of it.
            phi_squared += (1.0 - used).max(0.0);
        }
        if rows * columns == 0.0 {
            phi_squared = 0.0;
        }
        Self {
            phi_squared,
            rows,
            columns,
        }
    }
}

/// The option of metrics with a correction for bias.
macro_rules! bias_correction {
    ($metric:ident, $rule:ident, $name:literal, $divisor:expr) => {
        impl ContingencyMetric<$rule> {
            /// Whether the value is corrected for bias, by Bergsma's correction and, of two categories each, that of Yates; default true.
            pub fn bias_correction(mut self, corrected: bool) -> Self {
                self.rule.uncorrected = !corrected;
                self
            }
        }

        #[doc = concat!("The rule of [`", stringify!($metric), "`].")]
        #[derive(Debug, Clone, Copy, Default, PartialEq)]
        pub struct $rule {
            uncorrected: bool,
        }

        impl $rule {
            pub(super) fn corrected(corrected: bool) -> Self {
                Self {
                    uncorrected: !corrected,
                }
            }
        }

        impl ContingencyRule for $rule {
            const NAME: &'static str = $name;

            fn suffix(&self) -> String {
                if self.uncorrected { "_uncorrected" } else { "" }.into()
            }

            fn value(&self, table: &ContingencyTable) -> Result<f64, MetricError> {
                let own = if self.uncorrected {
                    Association::plain(table)
                } else {
                    Association::corrected(table)
                };
                let divisor: fn(f64, f64) -> f64 = $divisor;
                let value = own.phi_squared / divisor(own.rows, own.columns);
                // With one category there is nothing to associate.
                if own.rows > 0.0 && own.columns > 0.0 {
                    Ok(value.sqrt().min(1.0))
                } else {
                    Ok(f64::NAN)
                }
            }
        }
    };
}
pub(super) use bias_correction;
