//! Images of discs, squares and crosses on a noisy ground, and which class each pixel has.

use burn::{
    data::{
        dataloader::{DataLoader, DataLoaderBuilder, batcher::Batcher},
        dataset::InMemDataset,
    },
    tensor::{Device, Int, Tensor, TensorData},
};
use std::sync::Arc;

/// Rows and columns of an image.
pub const SIZE: usize = 32;
/// The ground and three shapes.
pub const CLASSES: [&str; 4] = ["ground", "disc", "square", "cross"];

/// An image with pixels in about `[0, 1]`, and the class of each.
#[derive(Debug, Clone)]
pub struct Scene {
    pub pixels: Vec<f32>,
    pub classes: Vec<i32>,
}

/// Images `[N, 1, H, W]` and classes `[N, H, W]`.
#[derive(Debug, Clone)]
pub struct Scenes {
    pub images: Tensor<4>,
    pub classes: Tensor<3, Int>,
}

/// SplitMix64: the same scenes everywhere.
struct Random(u64);

impl Random {
    fn draw(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f32 / (1 << 24) as f32
    }

    fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.draw()
    }
}

/// Makes some scenes.
pub fn make(count: usize, seed: u64) -> Vec<Scene> {
    let mut random = Random(seed);
    (0..count).map(|_| scene(&mut random)).collect()
}

fn scene(random: &mut Random) -> Scene {
    let mut scene = Scene {
        pixels: vec![0.0; SIZE * SIZE],
        classes: vec![0; SIZE * SIZE],
    };
    // A shape of each class, so that every scene has all of them unless one covers another.
    for class in 1..CLASSES.len() {
        let radius = random.between(3.5, 6.5);
        let mut place = || random.between(radius, SIZE as f32 - 1.0 - radius);
        let (row, column) = (place(), place());
        let light = random.between(0.5, 0.9);
        for i in 0..SIZE * SIZE {
            let y = (i / SIZE) as f32 - row;
            let x = (i % SIZE) as f32 - column;
            let (y, x) = (y.abs(), x.abs());
            let inside = match class {
                1 => y * y + x * x <= radius * radius,
                2 => y.max(x) <= 0.85 * radius,
                _ => y.max(x) <= radius && y.min(x) <= 0.35 * radius,
            };
            if inside {
                scene.classes[i] = class as i32;
                scene.pixels[i] = light;
            }
        }
    }
    for pixel in &mut scene.pixels {
        *pixel += random.between(-0.2, 0.2);
    }
    scene
}

/// Scenes as tensors.
pub fn tensors(scenes: &[Scene], device: &Device) -> Scenes {
    let n = scenes.len();
    let pixels: Vec<f32> = scenes.iter().flat_map(|s| s.pixels.clone()).collect();
    let classes: Vec<i32> = scenes.iter().flat_map(|s| s.classes.clone()).collect();
    Scenes {
        images: Tensor::from_data(TensorData::new(pixels, [n, 1, SIZE, SIZE]), device),
        classes: Tensor::from_data(TensorData::new(classes, [n, SIZE, SIZE]), device),
    }
}

struct SceneBatcher;

impl Batcher<Scene, Scenes> for SceneBatcher {
    fn batch(&self, scenes: Vec<Scene>, device: &Device) -> Scenes {
        tensors(&scenes, device)
    }
}

/// A loader of scenes.
pub fn loader(
    scenes: Vec<Scene>,
    batch: usize,
    seed: Option<u64>,
    device: &Device,
) -> Arc<dyn DataLoader<Scenes>> {
    let mut loader = DataLoaderBuilder::new(SceneBatcher)
        .batch_size(batch)
        .set_device(device.clone());
    if let Some(seed) = seed {
        loader = loader.shuffle(seed);
    }
    loader.build(InMemDataset::new(scenes))
}
