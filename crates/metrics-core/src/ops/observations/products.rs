//! Sums of products of every two columns, in host memory.

use crate::ops::{
    host::{RowSums, sum_parts},
    scalar::Element,
};

/// The most parts that are added up at a time, each of which has its own sums of products.
const PARTS: usize = 32;

/// The fewest rows of a part.
const ROWS_PER_PART: usize = 1 << 10;

/// Rows of which the products are added before those of others, so that they stay in the cache.
const BLOCK: usize = 32;

/// The sums of the weights that were given, of the offsets from the pivot, and of the products of these.
pub(super) fn products<E: Element>(
    n: usize,
    values: &[E],
    weights: Option<&[E]>,
    pivot: &[f64],
) -> RowSums {
    let columns = pivot.len();
    let rows_per_part = n.div_ceil(PARTS).max(ROWS_PER_PART);
    sum_parts(n, rows_per_part, |rows| {
        let weights = weights.map(|weights| &weights[rows.clone()]);
        let values = &values[rows.start * columns..rows.end * columns];
        add_rows(rows.len(), values, weights, pivot)
    })
}

#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn add_rows<E: Element>(n: usize, values: &[E], weights: Option<&[E]>, pivot: &[f64]) -> RowSums {
    let columns = pivot.len();
    let mut sums = RowSums::new(1 + columns + columns * columns);
    // Rows around the pivot, and times their weights.
    let [mut plain, mut weighed] = [(); 2].map(|()| Vec::with_capacity(BLOCK * columns));
    for block in (0..n).step_by(BLOCK) {
        plain.clear();
        weighed.clear();
        for i in block..n.min(block + BLOCK) {
            let row = &values[i * columns..(i + 1) * columns];
            let nan = row.iter().fold(false, |any, x| any | x.is_nan());
            let weight = weights.map(|weights| weights[i]);
            let Some(used) = sums.count(nan, weight) else {
                continue;
            };
            sums.totals[0] += weight.map_or(0.0, |_| used);
            let around = row.iter().zip(pivot).map(|(x, pivot)| x.wide() - pivot);
            plain.extend(around);
            weighed.extend(plain[plain.len() - columns..].iter().map(|x| x * used));
        }
        let (offsets, products) = sums.totals[1..].split_at_mut(columns);
        for row in weighed.chunks(columns.max(1)) {
            (offsets.iter_mut().zip(row)).for_each(|(sum, x)| *sum += x);
        }
        add_products(products, &plain, &weighed, columns);
    }
    // The other half is the same.
    let products = &mut sums.totals[1 + columns..];
    for i in 1..columns {
        for j in 0..i {
            products[i * columns + j] = products[j * columns + i];
        }
    }
    sums
}

/// Adds products of columns with the columns that do not come before them.
#[inline(always)]
fn add_products(products: &mut [f64], plain: &[f64], weighed: &[f64], columns: usize) {
    for (i, products) in products.chunks_mut(columns.max(1)).enumerate() {
        let products = &mut products[i..];
        let rows = plain.chunks(columns).zip(weighed.chunks(columns));
        for (plain, weighed) in rows {
            let weighed = weighed[i];
            (products.iter_mut().zip(&plain[i..])).for_each(|(sum, x)| *sum += weighed * x);
        }
    }
}
