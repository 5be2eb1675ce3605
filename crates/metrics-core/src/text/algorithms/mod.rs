//! What text metrics compute of a sentence, over plain strings and numbers.

pub mod bleu;
pub mod chrf;
pub mod edits;
pub mod eed;
pub mod grams;
pub mod porter;
pub mod rouge;
pub mod squad;
pub mod ter;
pub mod tokenize;
pub mod unicode;
pub mod words;
