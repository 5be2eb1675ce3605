use super::*;
use burn::tensor::{DType, TensorData};

struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % limit
    }

    /// Mostly a class, now and then something that is none.
    fn label(&mut self, classes: usize) -> i64 {
        match self.below(12) {
            0 => [-1, 255, classes as i64, i64::MIN, 1 << 40][self.below(5) as usize],
            _ => self.below(classes as u64) as i64,
        }
    }
}

const SHAPE: [usize; 2] = [3, 5];

fn side(random: &mut Random, kind: u64, classes: usize, device: &Device) -> Side {
    let [samples, pixels] = [4, SHAPE[0] * SHAPE[1]];
    let shape = [samples, classes, pixels];
    match kind {
        0 => {
            let labels: Vec<i64> = (0..samples * pixels)
                .map(|_| random.label(classes))
                .collect();
            Side::Labels(Tensor::from_data(
                TensorData::new(labels, [samples, pixels]),
                (device, DType::I64),
            ))
        }
        1 => {
            let masks: Vec<i64> = (0..samples * classes * pixels)
                .map(|_| random.label(2))
                .collect();
            Side::OneHot(Tensor::from_data(
                TensorData::new(masks, shape),
                (device, DType::I64),
            ))
        }
        _ => {
            let score = |_| match random.below(40) {
                0 => f32::NAN,
                1 => f32::NEG_INFINITY,
                _ => random.below(5) as f32 - 2.0,
            };
            let scores: Vec<f32> = (0..samples * classes * pixels).map(score).collect();
            Side::Scores(Tensor::from_data(
                TensorData::new(scores, shape),
                (device, DType::F32),
            ))
        }
    }
}

fn numbers<const D: usize>(tensor: Tensor<D, Int>) -> Vec<i32> {
    tensor.into_data().iter().collect()
}

/// Each combination of sides, classes and what is ignored.
fn each(mut check: impl FnMut(&Maps, MaskOptions)) {
    let device = Device::default();
    let mut random = Random(5);
    for round in 0..180 {
        let classes = [2, 3, 7][round % 3];
        let ignore_index = [None, Some(-1), Some(1), Some(255), Some(1 << 40)][round % 5];
        let (pred, target) = (round as u64 / 3 % 3, round as u64 / 9 % 3);
        let maps = Maps {
            samples: 4,
            spatial: SHAPE.to_vec(),
            pred: side(&mut random, pred, classes, &device),
            target: side(&mut random, target, classes, &device),
        };
        check(
            &maps,
            MaskOptions {
                classes,
                ignore_index,
            },
        );
    }
}

#[test]
fn the_host_counts_as_tensor_operations_do() {
    each(|maps, options| {
        let own = host::count(maps, options);
        assert_eq!(
            own,
            numbers(default::count(maps, options)),
            "{maps:?} {options:?}"
        );
    });
}

#[test]
fn maps_of_the_host_are_those_of_tensor_operations() {
    each(|maps, options| {
        let own = host::maps(maps, options);
        let codes = match own.sides {
            Sides::Labels(sides) => {
                let labels = default::labels(maps, options);
                let left_out = labels.codes.clone().lower_elem(0);
                let side = |side: Tensor<2, Int>| numbers(side.mask_fill(left_out.clone(), -1));
                assert_eq!(sides, [labels.pred, labels.target].map(side));
                default::count_codes(labels.codes)
            }
            Sides::Planes(sides) => {
                let planes = default::planes(maps, options);
                let side = |side: Tensor<3, Int>| {
                    numbers(side)
                        .iter()
                        .map(|own| *own as u8)
                        .collect::<Vec<_>>()
                };
                assert_eq!(sides, [planes.pred, planes.target].map(side));
                default::count_codes(planes.codes)
            }
        };
        assert_eq!(own.rejected.to_vec(), numbers(codes));
    });
}

#[test]
fn numbers_are_unpacked_as_they_were_packed() {
    let mut random = Random(9);
    for values in [1, 2, 4, 5, 16, 17, 200, 256, 257, 65_536, 65_537] {
        for len in [1_usize, 2, 3, 15, 16, 17, 100] {
            let own: Vec<i32> = (0..len).map(|_| random.below(values) as i32).collect();
            let tensor = Tensor::<1, Int>::from_data(
                TensorData::new(own.clone(), [len]),
                (&Device::default(), DType::I32),
            );
            let bits = lists::bits(values as usize);
            let words = numbers(lists::pack(tensor, bits));
            assert_eq!(words.len(), len.div_ceil(32 / bits as usize));
            let back: Vec<i32> = lists::unpack(&words, bits, len)
                .map(|own| own as i32)
                .collect();
            assert_eq!(back, own, "{values} values");
        }
    }
}
