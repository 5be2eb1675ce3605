//! The golden files; `tests/goldens/README.md` describes their format.

use burn::tensor::{DType, Device, Int, IntDType, Tensor, TensorData};
use serde::Deserialize;
use std::{cell::Cell, collections::BTreeMap, ops::Range};

/// A golden file.
#[derive(Debug, Deserialize)]
pub struct Golden {
    pub inputs: BTreeMap<String, Input>,
    pub cases: Vec<Case>,
    /// Rows of a page, of the file of differences from TorchMetrics.
    #[serde(default)]
    pub rows: Vec<Row>,
}

/// A difference from TorchMetrics in words, with the case that shows it.
#[derive(Debug, Deserialize)]
pub struct Row {
    pub what: String,
    pub case: String,
    pub example: String,
    pub torchmetrics: String,
    pub here: String,
    pub source: String,
}

#[derive(Debug, Deserialize)]
pub struct Input {
    pub batches: Vec<Arrays>,
    /// How many times they come.
    #[serde(default = "once")]
    repeat: usize,
}

fn once() -> usize {
    1
}

/// One batch: arrays by name.
pub type Arrays = BTreeMap<String, Array>;

#[derive(Debug, Clone, Deserialize)]
pub struct Array {
    pub shape: Vec<usize>,
    #[serde(deserialize_with = "numbers")]
    pub data: Vec<f64>,
}

#[derive(Debug, Deserialize)]
pub struct Case {
    pub id: String,
    pub metric: String,
    pub task: Option<String>,
    pub args: Args,
    pub input: String,
    pub expect: serde_json::Value,
}

/// The arguments of a metric as TorchMetrics calls them.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct Args(pub serde_json::Map<String, serde_json::Value>);

impl Args {
    /// An argument that is there and not null.
    pub fn get(&self, name: &str) -> Option<&serde_json::Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub fn int(&self, name: &str) -> Option<i64> {
        self.get(name)?.as_i64()
    }

    pub fn size(&self, name: &str) -> usize {
        let value = self
            .int(name)
            .unwrap_or_else(|| panic!("no argument {name}"));
        value as usize
    }

    pub fn float(&self, name: &str) -> Option<f64> {
        self.get(name)?.as_f64()
    }

    pub fn flag(&self, name: &str) -> Option<bool> {
        self.get(name)?.as_bool()
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }
}

fn numbers<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
    let values = Vec::<serde_json::Value>::deserialize(deserializer)?;
    Ok(values.iter().map(number).collect())
}

/// A number, or a string that says NaN or infinity.
pub fn number(value: &serde_json::Value) -> f64 {
    let parsed = match value {
        serde_json::Value::String(text) => text.parse().ok(),
        other => other.as_f64(),
    };
    parsed.unwrap_or_else(|| panic!("{value} is not a number"))
}

/// Loads `goldens/<name>.json`.
pub fn load(name: &str) -> Golden {
    let path = crate::folder().join(format!("goldens/{name}.json"));
    let text = std::fs::read_to_string(&path);
    let text = text.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut golden: Golden =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    for input in golden.inputs.values_mut() {
        let all = input.batches.len() * input.repeat;
        input.batches = input.batches.iter().cycle().take(all).cloned().collect();
    }
    golden
}

thread_local! {
    static FLOATS: Cell<DType> = const { Cell::new(DType::F32) };
}

/// What `make` makes with floats of this dtype, where arrays have `f32` otherwise.
pub fn with_floats<T>(dtype: DType, make: impl FnOnce() -> T) -> T {
    FLOATS.set(dtype);
    let made = make();
    FLOATS.set(DType::F32);
    made
}

impl Array {
    pub fn floats<const D: usize>(&self, device: &Device) -> Tensor<D> {
        let dtype = FLOATS.get();
        if dtype == DType::F64 {
            return Tensor::from_data(self.tensor_data(self.data.clone()), (device, dtype));
        }
        let values: Vec<f32> = self.data.iter().map(|v| *v as f32).collect();
        Tensor::from_data(self.tensor_data(values), (device, dtype))
    }

    /// As `i64`, or as `i32` where the device has no other.
    pub fn ints<const D: usize>(&self, device: &Device) -> Tensor<D, Int> {
        let dtype = if device.supports_dtype(IntDType::I64) {
            DType::I64
        } else {
            DType::I32
        };
        let values: Vec<i64> = self.data.iter().map(|v| *v as i64).collect();
        Tensor::from_data(self.tensor_data(values), (device, dtype))
    }

    fn tensor_data<E: burn::tensor::Element>(&self, values: Vec<E>) -> TensorData {
        TensorData::new(values, self.shape.clone())
    }

    fn slice(&self, rows: Range<usize>) -> Array {
        let mut shape = self.shape.clone();
        shape[0] = rows.len();
        let size: usize = shape[1..].iter().product();
        Array {
            shape,
            data: self.data[rows.start * size..rows.end * size].to_vec(),
        }
    }
}

/// Some rows of a batch.
pub fn slice(arrays: &Arrays, rows: Range<usize>) -> Arrays {
    let sliced = arrays
        .iter()
        .map(|(name, array)| (name.clone(), array.slice(rows.clone())));
    sliced.collect()
}

/// How many rows a batch has.
pub fn row_count(arrays: &Arrays) -> usize {
    arrays
        .values()
        .map(|array| array.shape[0])
        .max()
        .unwrap_or(0)
}

/// Splits a batch into batches of one row.
pub fn rows(arrays: &Arrays) -> Vec<Arrays> {
    (0..row_count(arrays))
        .map(|row| slice(arrays, row..row + 1))
        .collect()
}

/// Puts batches with the arrays of `like` together.
pub fn join(like: &Arrays, batches: &[Arrays]) -> Arrays {
    let mut joined = slice(like, 0..0);
    for (name, array) in &mut joined {
        for batch in batches {
            array.shape[0] += batch[name].shape[0];
            array.data.extend_from_slice(&batch[name].data);
        }
    }
    joined
}
