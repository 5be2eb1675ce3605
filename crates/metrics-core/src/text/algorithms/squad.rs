//! Answers as SQuAD compares them.

use super::{
    grams::Grams,
    words::{Interner, words},
};

/// The words of an answer in lowercase, without ASCII punctuation and articles.
pub fn read(text: &str, interner: &mut Interner, buffer: &mut String, out: &mut Vec<u32>) {
    let mut lower = text.to_lowercase();
    lower.retain(|c| !c.is_ascii_punctuation());
    buffer.clear();
    // An article is a run of letters and digits, even within a word that has other characters.
    let mut rest = lower.as_str();
    while let Some(first) = rest.chars().next() {
        let inside = first.is_alphanumeric();
        let end = rest.find(|c: char| c.is_alphanumeric() != inside);
        let (run, after) = rest.split_at(end.unwrap_or(rest.len()));
        buffer.push_str(if matches!(run, "a" | "an" | "the") {
            " "
        } else {
            run
        });
        rest = after;
    }
    out.clear();
    out.extend(words(buffer).map(|word| interner.id(word)));
}

/// The F-score of words in common; 1 if neither has words, 0 if one has none.
pub fn f_score(prediction: &[u32], reference: &[u32], grams: &mut Grams) -> f64 {
    if prediction.is_empty() || reference.is_empty() {
        return f64::from(u8::from(prediction == reference));
    }
    let mut common = [0];
    grams.common(prediction, &[reference], &mut common);
    2.0 * common[0] as f64 / (prediction.len() + reference.len()) as f64
}
