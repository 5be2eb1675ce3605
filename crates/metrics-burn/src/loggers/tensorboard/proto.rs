//! The messages of TensorBoard's event files: the fields that are used, under their numbers in
//! TensorBoard's `.proto` files.

use prost::{Enumeration, Message, Oneof};
use std::collections::HashMap;

/// `event.proto`
#[derive(Clone, PartialEq, Message)]
pub struct Event {
    #[prost(double, tag = 1)]
    pub wall_time: f64,
    #[prost(int64, tag = 2)]
    pub step: i64,
    #[prost(oneof = "What", tags = "3, 5")]
    pub what: Option<What>,
}

#[derive(Clone, PartialEq, Oneof)]
pub enum What {
    #[prost(string, tag = 3)]
    FileVersion(String),
    #[prost(message, tag = 5)]
    Summary(Summary),
}

/// `summary.proto`
#[derive(Clone, PartialEq, Message)]
pub struct Summary {
    #[prost(message, repeated, tag = 1)]
    pub values: Vec<SummaryValue>,
}

/// `Summary.Value`
#[derive(Clone, PartialEq, Message)]
pub struct SummaryValue {
    #[prost(string, tag = 1)]
    pub tag: String,
    #[prost(message, optional, tag = 9)]
    pub metadata: Option<Metadata>,
    #[prost(oneof = "Data", tags = "2, 8")]
    pub data: Option<Data>,
}

#[derive(Clone, PartialEq, Oneof)]
pub enum Data {
    #[prost(float, tag = 2)]
    Simple(f32),
    #[prost(message, tag = 8)]
    Tensor(Tensor),
}

/// `SummaryMetadata`
#[derive(Clone, PartialEq, Message)]
pub struct Metadata {
    #[prost(message, optional, tag = 1)]
    pub plugin: Option<Plugin>,
    #[prost(enumeration = "DataClass", tag = 4)]
    pub data_class: i32,
}

/// `SummaryMetadata.PluginData`
#[derive(Clone, PartialEq, Message)]
pub struct Plugin {
    #[prost(string, tag = 1)]
    pub name: String,
    #[prost(bytes = "vec", tag = 2)]
    pub content: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum DataClass {
    Unknown = 0,
    Tensor = 2,
    BlobSequence = 3,
}

/// `tensor.proto`
#[derive(Clone, PartialEq, Message)]
pub struct Tensor {
    #[prost(enumeration = "DataType", tag = 1)]
    pub dtype: i32,
    #[prost(message, optional, tag = 2)]
    pub shape: Option<Shape>,
    #[prost(float, repeated, tag = 5)]
    pub floats: Vec<f32>,
    #[prost(bytes = "vec", repeated, tag = 8)]
    pub strings: Vec<Vec<u8>>,
}

/// `types.proto`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum DataType {
    Invalid = 0,
    Float = 1,
    String = 7,
}

/// `tensor_shape.proto`
#[derive(Clone, PartialEq, Message)]
pub struct Shape {
    #[prost(message, repeated, tag = 2)]
    pub dims: Vec<Dim>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Dim {
    #[prost(int64, tag = 1)]
    pub size: i64,
}

/// `plugins/pr_curve/plugin_data.proto`
#[derive(Clone, PartialEq, Message)]
pub struct PrCurvePluginData {
    #[prost(uint32, tag = 2)]
    pub num_thresholds: u32,
}

/// `plugins/hparams/plugin_data.proto`
#[derive(Clone, PartialEq, Message)]
pub struct HParamsPluginData {
    #[prost(oneof = "HParamsData", tags = "2, 3")]
    pub data: Option<HParamsData>,
}

#[derive(Clone, PartialEq, Oneof)]
pub enum HParamsData {
    #[prost(message, tag = 2)]
    Experiment(Experiment),
    #[prost(message, tag = 3)]
    SessionStart(SessionStart),
}

#[derive(Clone, PartialEq, Message)]
pub struct SessionStart {
    #[prost(map = "string, message", tag = 1)]
    pub hparams: HashMap<String, Value>,
    #[prost(double, tag = 5)]
    pub start_time_secs: f64,
}

/// `plugins/hparams/api.proto`
#[derive(Clone, PartialEq, Message)]
pub struct Experiment {
    #[prost(double, tag = 3)]
    pub time_created_secs: f64,
    #[prost(message, repeated, tag = 4)]
    pub hparams: Vec<HParamInfo>,
    #[prost(message, repeated, tag = 5)]
    pub metrics: Vec<MetricInfo>,
}

#[derive(Clone, PartialEq, Message)]
pub struct HParamInfo {
    #[prost(string, tag = 1)]
    pub name: String,
    #[prost(enumeration = "HParamType", tag = 4)]
    pub kind: i32,
}

/// `DataType` of `api.proto`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum HParamType {
    Unset = 0,
    String = 1,
    Bool = 2,
    Float64 = 3,
}

#[derive(Clone, PartialEq, Message)]
pub struct MetricInfo {
    #[prost(message, optional, tag = 1)]
    pub name: Option<MetricName>,
}

#[derive(Clone, PartialEq, Message)]
pub struct MetricName {
    #[prost(string, tag = 1)]
    pub group: String,
    #[prost(string, tag = 2)]
    pub tag: String,
}

/// `google/protobuf/struct.proto`
#[derive(Clone, PartialEq, Message)]
pub struct Value {
    #[prost(oneof = "Kind", tags = "2, 3, 4")]
    pub kind: Option<Kind>,
}

#[derive(Clone, PartialEq, Oneof)]
pub enum Kind {
    #[prost(double, tag = 2)]
    Number(f64),
    #[prost(string, tag = 3)]
    Text(String),
    #[prost(bool, tag = 4)]
    Bool(bool),
}
