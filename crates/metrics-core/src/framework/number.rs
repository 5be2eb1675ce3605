//! Serde for `f64` in text formats: JSON has no NaN and no infinity, so these become strings.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Number {
    Finite(f64),
    Text(String),
}

impl From<f64> for Number {
    fn from(value: f64) -> Self {
        if value.is_finite() {
            Number::Finite(value)
        } else {
            Number::Text(value.to_string())
        }
    }
}

impl TryFrom<Number> for f64 {
    type Error = String;

    fn try_from(number: Number) -> Result<f64, String> {
        match number {
            Number::Finite(value) => Ok(value),
            Number::Text(text) => text
                .parse()
                .map_err(|_| format!("`{text}` is not a number")),
        }
    }
}

/// Serializes one number.
pub fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    Number::from(*value).serialize(serializer)
}

/// Deserializes one number.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    f64::try_from(Number::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// Serializes an option in single precision as the shortest decimal that reads back as the same number: 0.3,
/// and not 0.30000001192092896.
pub fn single<S: Serializer>(value: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    shortest(*value).serialize(serializer)
}

/// The same for a list.
pub fn singles<S: Serializer>(values: &[f32], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(values.iter().map(|value| shortest(*value)))
}

fn shortest(value: f32) -> Number {
    Number::from(value.to_string().parse().unwrap_or(value as f64))
}

/// The same for a list.
pub mod list {
    use super::*;

    /// Serializes a list of numbers.
    pub fn serialize<S: Serializer>(values: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(|v| Number::from(*v)))
    }

    /// Deserializes a list of numbers.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
        Vec::<Number>::deserialize(deserializer)?
            .into_iter()
            .map(|number| f64::try_from(number).map_err(D::Error::custom))
            .collect()
    }
}

/// The same for a list of pairs.
pub mod pairs {
    use super::*;

    /// Serializes a list of pairs of numbers.
    pub fn serialize<S: Serializer>(
        pairs: &[(f64, f64)],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let numbers = |(a, b): &(f64, f64)| (Number::from(*a), Number::from(*b));
        serializer.collect_seq(pairs.iter().map(numbers))
    }

    /// Deserializes a list of pairs of numbers.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<(f64, f64)>, D::Error> {
        let number = |number: Number| f64::try_from(number).map_err(D::Error::custom);
        Vec::<(Number, Number)>::deserialize(deserializer)?
            .into_iter()
            .map(|(a, b)| Ok((number(a)?, number(b)?)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Holder(#[serde(with = "super::list")] Vec<f64>);

    #[test]
    fn survives_json_with_infinities_and_all_bits() {
        let values = vec![
            0.1 + 0.2,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
            -0.0,
            1e300,
        ];
        let text = serde_json::to_string(&Holder(values.clone())).unwrap();
        let back: Holder = serde_json::from_str(&text).unwrap();
        for (a, b) in values.iter().zip(&back.0) {
            assert!(
                a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()),
                "{a} {b}"
            );
        }
    }
}
