//! Pairs of elements, by whether each labeling has them together.

use crate::states::ContingencyTable;

/// How many pairs of elements there are of each kind. Each pair counts once.
pub(super) struct Pairs {
    /// Together by predictions and by targets.
    pub both: u128,
    /// Together by predictions alone.
    pub pred: u128,
    /// Together by targets alone.
    pub target: u128,
    /// Together by none.
    pub none: u128,
}

impl Pairs {
    pub fn of(table: &ContingencyTable) -> Self {
        let pairs = |count: u64| u128::from(count) * u128::from(count.saturating_sub(1)) / 2;
        let both: u128 = table.cells.iter().map(|cell| pairs(cell.2)).sum();
        let pred = table
            .columns
            .iter()
            .map(|count| pairs(*count))
            .sum::<u128>()
            - both;
        let target = table.rows.iter().map(|count| pairs(*count)).sum::<u128>() - both;
        Self {
            both,
            pred,
            target,
            none: pairs(table.total) - both - pred - target,
        }
    }
}
