//! What text metrics compute of a sentence, over plain strings and numbers.

pub mod edits;
pub mod grams;
pub mod tokenize;
pub mod unicode;
pub mod words;
