//! The normal distribution.

/// The standard normal distribution function.
pub fn cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// Its inverse; infinite at 0 and 1.
pub fn quantile(p: f64) -> f64 {
    if p <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if p > 0.5 {
        // The upper tail has no digits near 1.
        return -quantile(1.0 - p);
    }
    // Below -39 every probability is 0 in f64.
    bisect(-39.0, 0.0, |x| cdf(x) < p)
}

/// The place where a condition that holds at `low` ceases to hold, to the last digit.
pub fn bisect(mut low: f64, mut high: f64, holds: impl Fn(f64) -> bool) -> f64 {
    loop {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            return middle;
        }
        if holds(middle) {
            low = middle
        } else {
            high = middle
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_scipy() {
        // scipy.stats.norm.ppf
        let expected = [
            (1e-300, -37.0471),
            (1e-10, -6.361340902404056),
            (0.025, -1.9599639845400545),
            (0.3, -0.5244005127080409),
            (0.5, 0.0),
            (0.975, 1.959963984540054),
            (0.9995, 3.2905267314919255),
        ];
        for (p, x) in expected {
            let tolerance = if p < 1e-100 { 1e-4 } else { 1e-12 };
            assert!((quantile(p) - x).abs() < tolerance, "{p}: {}", quantile(p));
        }
        assert_eq!(
            [quantile(0.0), quantile(1.0)].map(f64::is_infinite),
            [true; 2]
        );
    }
}
