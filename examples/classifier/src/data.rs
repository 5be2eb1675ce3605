//! The digits: 1,797 images of 8x8 pixels, split by a seed.

use burn::{
    data::{
        dataloader::{DataLoader, DataLoaderBuilder, batcher::Batcher},
        dataset::InMemDataset,
    },
    tensor::{Device, Int, Tensor, TensorData},
};
use std::{io::Read, sync::Arc};

/// Pixels per image.
pub const PIXELS: usize = 64;
/// Digits.
pub const CLASSES: usize = 10;

/// An image with pixels in `[0, 1]` and its digit.
#[derive(Debug, Clone)]
pub struct Digit {
    pixels: [f32; PIXELS],
    digit: i64,
}

/// Images `[N, 64]` and digits `[N]`.
#[derive(Debug, Clone)]
pub struct DigitBatch {
    pub images: Tensor<2>,
    pub digits: Tensor<1, Int>,
}

/// All images, shuffled.
pub fn load(seed: u64) -> Result<Vec<Digit>, String> {
    let packed: &[u8] = include_bytes!("../data/digits.csv.gz");
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed)
        .read_to_string(&mut text)
        .map_err(|error| format!("the digits cannot be unpacked: {error}"))?;
    let mut digits = text.lines().map(parse).collect::<Result<Vec<_>, _>>()?;
    shuffle(&mut digits, seed);
    Ok(digits)
}

fn parse(line: &str) -> Result<Digit, String> {
    let numbers: Vec<f32> = line
        .split(',')
        .filter_map(|field| field.trim().parse().ok())
        .collect();
    let Some((digit, pixels)) = numbers.split_last() else {
        return Err("an empty line among the digits".into());
    };
    let pixels: [f32; PIXELS] = pixels
        .try_into()
        .map_err(|_| format!("not 64 pixels: {line}"))?;
    Ok(Digit {
        pixels: pixels.map(|pixel| pixel / 16.0),
        digit: *digit as i64,
    })
}

/// Fisher-Yates with a splitmix64 generator.
fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut state = seed;
    for i in (1..items.len()).rev() {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        items.swap(i, ((z ^ (z >> 31)) % (i as u64 + 1)) as usize);
    }
}

struct DigitBatcher;

impl Batcher<Digit, DigitBatch> for DigitBatcher {
    fn batch(&self, items: Vec<Digit>, device: &Device) -> DigitBatch {
        let n = items.len();
        let pixels: Vec<f32> = items.iter().flat_map(|item| item.pixels).collect();
        let digits: Vec<i64> = items.iter().map(|item| item.digit).collect();
        DigitBatch {
            images: Tensor::from_data(TensorData::new(pixels, [n, PIXELS]), device),
            digits: Tensor::from_data(TensorData::new(digits, [n]), device),
        }
    }
}

/// A loader over some of the images.
pub fn loader(
    digits: &[Digit],
    batch_size: usize,
    shuffle_seed: Option<u64>,
    device: &Device,
) -> Arc<dyn DataLoader<DigitBatch>> {
    let mut builder = DataLoaderBuilder::new(DigitBatcher)
        .batch_size(batch_size)
        .set_device(device.clone());
    if let Some(seed) = shuffle_seed {
        builder = builder.shuffle(seed);
    }
    builder.build(InMemDataset::new(digits.to_vec()))
}
