//! Sorting on every device, and areas under curves from sorted scores.

use burn::tensor::{Device, Int, IntDType, Tensor};
use metrics_core::ops;
use metrics_tests::{devices, read::ints, samples::Random};

/// Sizes around those of the kernels' blocks, and one with many.
const SIZES: [usize; 12] = [
    1, 2, 15, 16, 17, 2047, 2048, 2049, 10_000, 32_768, 34_000, 100_000,
];

fn keys(random: &mut Random, n: usize, kind: usize) -> Vec<f32> {
    let special = [
        f32::NAN,
        -f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        0.0,
        -0.0,
        1e-45,
        -1e-45,
        f32::MAX,
        f32::MIN,
    ];
    let key = |random: &mut Random| match kind {
        // Any bits that are no NaN.
        0 => Some(f32::from_bits((random.below(1 << 32)) as u32))
            .filter(|x| !x.is_nan())
            .unwrap_or(0.5),
        // Many ties.
        1 => random.below(7) as f32 - 3.0,
        // What makes trouble.
        2 => special[random.below(special.len())],
        _ => 1.0,
    };
    (0..n).map(|_| key(random)).collect()
}

/// The places of keys in rising order, NaN last, equal keys as they were.
fn order(keys: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by(|a, b| {
        let (a, b) = (keys[*a], keys[*b]);
        a.is_nan()
            .cmp(&b.is_nan())
            .then(a.partial_cmp(&b).unwrap_or(std::cmp::Ordering::Equal))
    });
    order
}

fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().convert::<f32>().try_into_vec().unwrap()
}

fn sorted_as_they_should(keys: &[f32], device: &Device, place: &str) {
    let n = keys.len();
    // Not `arange`, which with fusion ends at 65534 in Burn 0.22.1.
    let places: Vec<i32> = (0..n as i32).collect();
    let values = Tensor::<1, Int>::from_ints(&places[..], device);
    let before = values.clone();
    let (values, sorted) = ops::sort_pairs(Tensor::from_floats(keys, device), values);
    // What came in is as it was.
    let before = ints(before).into_iter().map(|place| place as i32);
    assert!(before.eq(places), "{place}: the values that came in");
    let order = order(keys);
    let expected: Vec<i64> = order.iter().map(|place| *place as i64).collect();
    let values = ints(values);
    if let Some(i) = (0..n).find(|i| values[*i] != expected[*i]) {
        let (ours, theirs) = (values[i] as usize, expected[i] as usize);
        panic!(
            "{place} at {i}: {ours} ({:e}) is not {theirs} ({:e})",
            keys[ours], keys[theirs]
        );
    }
    for (i, (sorted, place_of)) in floats(sorted).into_iter().zip(order).enumerate() {
        let key = keys[place_of];
        assert!(
            sorted == key || sorted.is_nan() && key.is_nan(),
            "{place} at {i}: {sorted} is not {key}"
        );
    }
}

#[test]
fn pairs_are_sorted_and_ties_keep_their_order() {
    for (name, device) in devices() {
        for n in SIZES {
            for kind in 0..4 {
                let keys = keys(&mut Random(n as u64 + 7), n, kind);
                sorted_as_they_should(&keys, &device, &format!("{name} {n} of kind {kind}"));
            }
        }
    }
}

/// For `cargo test --release -- --ignored`: on a software driver it takes a while.
#[test]
#[ignore = "large"]
fn ten_million_pairs_are_sorted() {
    for (name, device) in devices() {
        for kind in 0..3 {
            let keys = keys(&mut Random(kind as u64), 10_000_000, kind);
            sorted_as_they_should(&keys, &device, &format!("{name} of kind {kind}"));
        }
    }
}

#[test]
fn areas_are_those_of_all_pairs() {
    for (name, device) in devices() {
        for (n, columns) in [(1, 1), (2, 1), (300, 1), (257, 3), (5000, 2)] {
            for distinct in [2, 10, 1 << 20] {
                let random = &mut Random((n * columns + distinct) as u64);
                let count = n * columns;
                let scores: Vec<f32> = (0..count)
                    .map(|_| random.below(distinct + 1) as f32 / distinct as f32)
                    .map(|score| if score == 0.0 { -0.0 } else { score })
                    .collect();
                let codes: Vec<i32> = (0..count).map(|_| random.below(12) as i32).collect();
                let codes: Vec<i32> = codes
                    .iter()
                    .map(|c| if *c < 4 { -1 - c } else { c % 2 })
                    .collect();
                let key = |(score, code): (&f32, &i32)| match code {
                    // What is left out is the last of all.
                    ..0 => -1,
                    code => ((0x3f80_0000 - (score + 0.0).to_bits()) << 1) as i32 | code,
                };
                let keys: Vec<i32> = scores.iter().zip(&codes).map(key).collect();
                let areas = ops::key_areas(
                    Tensor::<1, Int>::from_ints(&keys[..], &device)
                        .cast(IntDType::I32)
                        .reshape([n, columns]),
                );
                // Without kernels the keys are read.
                let Some((counts, sums)) = areas else {
                    assert!(!["wgpu", "vulkan", "cuda"].contains(&name));
                    continue;
                };
                let (counts, sums) = (ints(counts), floats(sums));
                let place = format!("{name} [{n}, {columns}] of {distinct}");
                for column in 0..columns {
                    let of = |label: i32| -> Vec<f32> {
                        let rows = (0..n).map(|row| row * columns + column);
                        rows.filter(|i| codes[*i] == label)
                            .map(|i| scores[i])
                            .collect()
                    };
                    let (positives, negatives) = (of(1), of(0));
                    let twice: u64 = positives
                        .iter()
                        .flat_map(|p| {
                            negatives
                                .iter()
                                .map(move |n| (p > n) as u64 + (p >= n) as u64)
                        })
                        .sum();
                    let precision = |score: &f32| {
                        let reach =
                            |all: &[f32]| all.iter().filter(|other| *other >= score).count() as f64;
                        reach(&positives) / (reach(&positives) + reach(&negatives))
                    };
                    let precisions: f64 = positives.iter().map(precision).sum();
                    let ours: Vec<u64> = counts[column * ops::AREA_COUNTS..][..ops::AREA_COUNTS]
                        .iter()
                        .map(|count| *count as u32 as u64)
                        .collect();
                    assert_eq!(ours[0] + (ours[1] << 32), twice, "{place} column {column}");
                    assert_eq!(
                        ours[2..],
                        [positives.len() as u64, negatives.len() as u64],
                        "{place}"
                    );
                    let sum = sums[column] as f64 + sums[columns + column] as f64;
                    assert!(
                        (sum - precisions).abs() <= 1e-7 * precisions.max(1.0),
                        "{place}: {sum} is not {precisions}"
                    );
                }
            }
        }
    }
}
