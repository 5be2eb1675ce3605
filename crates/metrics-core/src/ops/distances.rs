//! Distances between two points, in `f64`.

/// Sums of a distance that are added up side by side.
const LANES: usize = 8;

/// The square of the Euclidean distance.
#[inline(always)]
fn squared<T: Copy + Into<f64>>(a: &[T], b: &[T]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut lanes = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            let difference = a[lane].into() - b[lane].into();
            lanes[lane] += difference * difference;
        }
    }
    let mut sum: f64 = lanes.iter().sum();
    for (a, b) in a_rest.iter().zip(b_rest) {
        let difference = (*a).into() - (*b).into();
        sum += difference * difference;
    }
    sum
}

/// The distance by the norm of exponent `p`, of at least 1, wherever numbers lie in their range.
pub(crate) fn distance<T: Copy + Into<f64>>(a: &[T], b: &[T], p: f64) -> f64 {
    if p == 2.0 {
        let squared = squared(a, b);
        // Else squares have left the range of numbers, or have come near its end.
        if squared.is_finite() && squared > 1e-290 {
            return squared.sqrt();
        }
    }
    let differences = (a.iter().zip(b)).map(|(a, b)| ((*a).into() - (*b).into()).abs());
    // NaN stays.
    let larger = |most: f64, own: f64| {
        if own > most || own.is_nan() {
            own
        } else {
            most
        }
    };
    let largest = differences.clone().fold(0.0, larger);
    if p.is_infinite() || largest == 0.0 || !largest.is_finite() {
        return largest;
    }
    if p == 1.0 {
        return differences.sum();
    }
    let powers: f64 = differences.map(|own| (own / largest).powf(p)).sum();
    largest * powers.powf(1.0 / p)
}

/// The sum of the Euclidean distances of a point from others.
#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
pub(crate) fn sum_from(point: &[f64], others: &[f64]) -> f64 {
    if point.is_empty() {
        return 0.0;
    }
    let others = others.chunks_exact(point.len());
    others.map(|other| squared(point, other).sqrt()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_keep_their_range() {
        let numbers = |scale: f64| -> Vec<f64> { (1..12).map(|i| f64::from(i) * scale).collect() };
        let zeros = vec![0.0; 11];
        for p in [1.0, 1.5, 2.0, 3.0, 10.0] {
            let own = (1..12)
                .map(|i| f64::from(i).powf(p))
                .sum::<f64>()
                .powf(1.0 / p);
            for scale in [1.0, 1e200, 1e-200] {
                let found = distance(&numbers(scale), &zeros, p) / scale;
                assert!(
                    (found - own).abs() < 1e-12 * own,
                    "{p} {scale}: {found} {own}"
                );
            }
        }
        assert_eq!(distance(&numbers(2.0), &zeros, f64::INFINITY), 22.0);
        assert_eq!(distance(&zeros, &zeros, 2.0), 0.0);
        assert_eq!(distance(&[f32::INFINITY], &[0.0], 2.0), f64::INFINITY);
        assert!(distance(&[f64::NAN, 1.0], &[0.0, 0.0], 3.0).is_nan());
        assert_eq!(sum_from(&[3.0, 0.0], &[0.0, 4.0, 3.0, 1.0]), 6.0);
    }
}
