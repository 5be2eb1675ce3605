//! Maps of classes on a device: packed into words, which the host unpacks when they are read.

use super::{
    HostMaps, Maps, MaskOptions, Sides,
    default::{self, Labels, Planes},
};
use crate::{Delta, HostDelta, REJECTED_SLOTS};
use burn::tensor::{DType, Int, Tensor};

/// The lists: of each batch its [`Head`], the words of predictions and targets, and what was left out.
const HEADS: &str = "heads";
const WORDS: [&str; 2] = ["pred", "target"];
const REJECTED: &str = "rejected";

/// The numbers of a head: whether the batch is one-hot, its samples, the number of dimensions and three dimensions.
const HEAD: usize = 6;

/// The bits of a number below `values`, at least 2.
pub(super) fn bits(values: usize) -> u32 {
    let fits = |bits: &u32| values as u64 <= 1 << bits;
    [2, 4, 8, 16].into_iter().find(fits).unwrap_or(32)
}

pub(super) fn append(maps: &Maps, options: MaskOptions, delta: &mut Delta) {
    let classes = options.classes as i32;
    let (values, sides, rejected) = if maps.is_one_hot() {
        let Planes {
            pred,
            target,
            codes,
        } = default::planes(maps, options);
        let sides = [pred, target].map(|side| side.flatten::<1>(0, 2));
        (2, sides, default::count_codes(codes))
    } else {
        let Labels {
            pred,
            target,
            codes,
        } = default::labels(maps, options);
        let left_out = codes.clone().lower_elem(0);
        let side = |side: Tensor<2, Int>| side.mask_fill(left_out.clone(), classes).flatten(0, 1);
        let sides = [pred, target].map(side);
        (options.classes + 1, sides, default::count_codes(codes))
    };
    let mut head = [0; HEAD];
    head[0] = i32::from(maps.is_one_hot());
    head[1] = maps.samples as i32;
    head[2] = maps.spatial.len() as i32;
    for (own, size) in head[3..].iter_mut().zip(&maps.spatial) {
        *own = *size as i32;
    }
    let device = maps.pred.device();
    delta.append_ints(HEADS, Tensor::from_data(head, (&device, DType::I32)));
    for (name, side) in WORDS.into_iter().zip(sides) {
        delta.append_ints(name, pack(side, bits(values)));
    }
    delta.append_ints(REJECTED, rejected);
}

/// Puts numbers of so many bits into words of 32, the first into the lowest. The highest is kept less half its range, so that
/// no word leaves that of `i32`.
pub(super) fn pack(numbers: Tensor<1, Int>, bits: u32) -> Tensor<1, Int> {
    if bits == 32 {
        return numbers;
    }
    let [len] = numbers.dims();
    let device = numbers.device();
    let each = (32 / bits) as usize;
    let words = len.div_ceil(each);
    let padding = Tensor::zeros([words * each - len], (&device, DType::I32));
    let numbers = if words * each == len {
        numbers
    } else {
        Tensor::cat(vec![numbers, padding], 0)
    };
    let mut less = vec![0i32; each];
    less[each - 1] = 1 << (bits - 1);
    let times: Vec<i32> = (0..each).map(|place| 1 << (bits * place as u32)).collect();
    let row = |row: Vec<i32>| {
        Tensor::<1, Int>::from_data(row.as_slice(), (&device, DType::I32))
            .reshape([1, each])
            .expand([words, each])
    };
    let numbers = numbers.reshape([words, each]) - row(less);
    (numbers * row(times)).sum_dim(1).flatten(0, 1)
}

/// The numbers that [`pack`] has put into words.
pub(super) fn unpack(words: &[i32], bits: u32, len: usize) -> impl Iterator<Item = u32> {
    let each = (32 / bits) as usize;
    let mask = ((1u64 << bits) - 1) as u32;
    let number = move |i: usize| {
        if bits == 32 {
            return words[i] as u32;
        }
        let word = (words[i / each] as u32) ^ (1 << 31);
        (word >> (bits * (i % each) as u32)) & mask
    };
    (0..len).map(number)
}

/// Hands the maps of each batch that was read to `f`.
pub(crate) fn fold(delta: &HostDelta, classes: usize, mut f: impl FnMut(HostMaps)) {
    let words = WORDS.map(|name| delta.ints(name).concat());
    let rejected = delta.ints(REJECTED).concat();
    let heads = delta.ints(HEADS).concat();
    let mut starts = [0; 2];
    let batches = heads.as_chunks::<HEAD>().0.iter();
    for (head, rejected) in batches.zip(rejected.as_chunks::<REJECTED_SLOTS>().0) {
        let [one_hot, samples, dims, sizes @ ..] = head.map(|number| number as usize);
        let spatial = sizes[..dims].to_vec();
        let pixels = samples * spatial.iter().product::<usize>();
        let (len, bits) = if one_hot == 1 {
            (pixels * classes, bits(2))
        } else {
            (pixels, bits(classes + 1))
        };
        let size = len.div_ceil((32 / bits) as usize);
        let mut side = |side: usize| {
            let start = starts[side];
            starts[side] += size;
            &words[side][start..start + size]
        };
        let [pred, target] = [side(0), side(1)];
        let sides = if one_hot == 1 {
            let planes = |words| unpack(words, bits, len).map(|own| own as u8).collect();
            Sides::Planes([planes(pred), planes(target)])
        } else {
            let labels = |words| unpack(words, bits, len).map(|own| own as i32).collect();
            Sides::Labels([labels(pred), labels(target)])
        };
        f(HostMaps {
            samples,
            spatial,
            classes,
            sides,
            rejected: *rejected,
        });
    }
}
