//! What metrics of texts and of language models accumulate.

mod bleu;
mod chrf;
mod distances;
mod edits;
mod eed;
mod log_likelihood;
mod rouge;
mod rows;
mod sentences;
mod squad;
mod ter;
mod tokens;

pub use bleu::CommonGrams;
pub use chrf::{MixedGrams, MixedScratch};
pub use distances::{Distances, DistancesSummary};
pub use edits::{Edits, EditsSummary, TextUnit};
pub use eed::{EedLanguage, ExtendedDistances};
pub use log_likelihood::{LogLikelihood, LogLikelihoodSummary};
pub use rouge::{Overlaps, OverlapsScratch, RougeAccumulate, RougeKey};
pub(crate) use rows::not_empty;
pub use sentences::{OfSentences, SentenceStatistics, SentenceSums};
pub use squad::{Answers, AnswersScratch};
pub(crate) use ter::rate;
pub use ter::{ShiftedEdits, ShiftedScratch};
pub use tokens::{TextTokenizer, Tokenize};
