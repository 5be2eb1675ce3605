//! Metrics of texts, against the values that their references have of each row, of parts of the rows and of all of them.

use metrics_core::prelude::*;
use metrics_core::regression::Reduction;
use metrics_tests::{
    compare::{Tolerance, difference},
    golden::Args,
    metrics::Visitor,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value as Json;
use std::sync::OnceLock;

/// The metrics of texts, most with several options, for the tests of all metrics.
pub fn all(visitor: &mut impl Visitor) {
    visitor.visit(WordErrorRate::new());
    visitor.visit(CharErrorRate::new());
    visitor.visit(MatchErrorRate::new());
    visitor.visit(WordInfoLost::new());
    visitor.visit(WordInfoPreserved::new());
    visitor.visit(EditDistance::new());
    visitor.visit(EditDistance::new().substitution_cost(0));
    visitor.visit(EditDistance::new().substitution_cost(2).per_row());
    visitor.visit(BleuScore::new());
    visitor.visit(BleuScore::new().n_gram(2).smooth());
    visitor.visit(SacreBleuScore::new());
    visitor.visit(SacreBleuScore::new().lowercase());
    for tokenize in [Tokenize::None, Tokenize::Zh, Tokenize::Intl, Tokenize::Char] {
        visitor.visit(SacreBleuScore::new().tokenize(tokenize));
    }
    visitor.visit(ChrfScore::new());
    visitor.visit(ChrfScore::new().sentence_scores());
    visitor.visit(ChrfScore::new().effective_order().n_word_order(0));
    visitor.visit(RougeScore::new());
    visitor.visit(RougeScore::new().use_stemmer().rouge_keys([RougeKey::L]));
    visitor.visit(RougeScore::new().accumulate(RougeAccumulate::Avg));
    visitor.visit(TranslationEditRate::new());
    visitor.visit(TranslationEditRate::new().normalize().sentence_scores());
    visitor.visit(Squad::new());
    visitor.visit(ExtendedEditDistance::new());
    visitor.visit(
        ExtendedEditDistance::new()
            .language(EedLanguage::Ja)
            .sentence_scores(),
    );
}

type Row = (String, Vec<String>);

#[derive(Deserialize)]
struct File {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    metric: String,
    args: Args,
    /// How many references of a row the metric is given; all if there is no number.
    references: Option<usize>,
    /// Which rows it is not given.
    skip: Vec<usize>,
    all: Json,
    /// The values of every 47 rows.
    parts: Vec<Json>,
    each: Vec<Json>,
}

fn load<T: DeserializeOwned>(name: &str) -> T {
    let path = metrics_tests::folder().join(format!("goldens/text/{name}.json"));
    let text = std::fs::read_to_string(&path).expect("the file is there");
    serde_json::from_str(&text).expect("the file has this form")
}

fn rows() -> &'static [Row] {
    static ROWS: OnceLock<Vec<Row>> = OnceLock::new();
    ROWS.get_or_init(|| load("rows"))
}

/// What of a metric's value the file has.
type Numbers = fn(Value) -> Value;

fn same(value: Value) -> Value {
    value
}

/// The numbers of a record, in their order.
fn flat(value: Value) -> Value {
    let numbers = value.flat_numbers(&[]).into_iter();
    Value::List(numbers.map(|(_, number)| number).collect())
}

struct Run<'a> {
    case: &'a Case,
    failures: Vec<String>,
}

impl Run<'_> {
    fn check<M, A>(&mut self, metric: M)
    where
        M: Metric<Accumulator = A>,
        A: Accumulator<Batch = Texts>,
    {
        self.check_numbers(metric, same);
    }

    fn check_numbers<M, A>(&mut self, metric: M, numbers: Numbers)
    where
        M: Metric<Accumulator = A>,
        A: Accumulator<Batch = Texts>,
    {
        let kept = rows().iter().enumerate();
        let kept = kept.filter(|(index, _)| !self.case.skip.contains(index));
        let rows: Vec<Row> = kept.map(|(_, row)| row.clone()).collect();
        let batch = |rows: &[Row]| {
            let count = self.case.references.unwrap_or(usize::MAX);
            let references = rows.iter().map(|(_, texts)| texts.iter().take(count));
            let predictions = rows.iter().map(|(prediction, _)| prediction);
            Texts::with_references(predictions, references).unwrap()
        };
        let mut failures = Vec::new();
        let mut compare = |what: &str, value: Result<Value, MetricError>, expect: &Json| {
            let failure = difference(&value.map(numbers), expect, Tolerance::Relative(1e-9));
            failures.extend(failure.map(|failure| format!("{what}: {failure}")));
        };
        let (mut updated, mut merged) = (metric.state(), metric.state());
        assert_eq!(rows.len().div_ceil(47), self.case.parts.len());
        for (part, expect) in rows.chunks(47).zip(&self.case.parts) {
            let batch = batch(part);
            compare("part", metric.evaluate(&batch), expect);
            updated.update(&batch).unwrap();
            let mut own = metric.state();
            own.update(&batch).unwrap();
            merged.merge(own.summary().unwrap()).unwrap();
        }
        compare("in batches", updated.compute(), &self.case.all);
        compare("merged", merged.compute(), &self.case.all);
        let saved = serde_json::to_string(&updated.save().unwrap()).unwrap();
        let mut restored = metric.state();
        restored
            .restore(&serde_json::from_str(&saved).unwrap())
            .unwrap();
        compare("saved", restored.compute(), &self.case.all);
        compare("at once", metric.evaluate(&batch(&rows)), &self.case.all);
        for (index, expect) in self.case.each.iter().enumerate() {
            let row = &rows[index..index + 1];
            let value = metric.evaluate(&batch(row));
            compare(&format!("row {index} {row:?}"), value, expect);
        }
        self.failures.extend(failures);
    }
}

fn check_file(name: &str, cases: usize, check: fn(&mut Run, &Args)) {
    let file: File = load(name);
    assert_eq!(file.cases.len(), cases);
    let mut failures = Vec::new();
    for case in &file.cases {
        let mut run = Run {
            case,
            failures: Vec::new(),
        };
        check(&mut run, &case.args);
        let named = run.failures.into_iter();
        failures.extend(named.map(|text| format!("{} {:?}: {text}", case.metric, case.args.0)));
    }
    let shown: Vec<_> = failures.iter().take(20).map(String::as_str).collect();
    assert!(
        failures.is_empty(),
        "{} failures\n{}",
        failures.len(),
        shown.join("\n")
    );
}

#[test]
fn edits() {
    check_file("edits", 11, |run, args| match run.case.metric.as_str() {
        "WordErrorRate" => run.check(WordErrorRate::new()),
        "CharErrorRate" => run.check(CharErrorRate::new()),
        "MatchErrorRate" => run.check(MatchErrorRate::new()),
        "WordInfoLost" => run.check(WordInfoLost::new()),
        "WordInfoPreserved" => run.check(WordInfoPreserved::new()),
        _ => {
            let metric =
                EditDistance::new().substitution_cost(args.size("substitution_cost") as u32);
            run.check(match args.text("reduction") {
                Some("sum") => metric.reduction(Reduction::Sum),
                Some("none") => metric.per_row(),
                _ => metric,
            });
        }
    });
}

macro_rules! bleu {
    ($metric:expr, $args:ident) => {{
        let mut metric = $metric;
        if let Some(order) = $args.int("n_gram") {
            metric = metric.n_gram(order as usize);
        }
        if $args.flag("smooth") == Some(true) {
            metric = metric.smooth();
        }
        if let Some(Json::Array(weights)) = $args.get("weights") {
            metric = metric.weights(weights.iter().filter_map(Json::as_f64).collect::<Vec<_>>());
        }
        metric
    }};
}

#[test]
fn bleu() {
    check_file("bleu", 24, |run, args| {
        let Some(tokenize) = args.text("tokenize") else {
            return run.check(bleu!(BleuScore::new(), args));
        };
        let metric = bleu!(SacreBleuScore::new(), args).tokenize(match tokenize {
            "13a" => Tokenize::V13a,
            "zh" => Tokenize::Zh,
            "intl" => Tokenize::Intl,
            "char" => Tokenize::Char,
            _ => Tokenize::None,
        });
        run.check(if args.flag("lowercase") == Some(true) {
            metric.lowercase()
        } else {
            metric
        });
    });
}

#[test]
fn chrf() {
    check_file("chrf", 9, |run, args| {
        let mut metric = ChrfScore::new();
        if let Some(order) = args.int("n_char_order") {
            metric = metric.n_char_order(order as usize);
        }
        if let Some(order) = args.int("n_word_order") {
            metric = metric.n_word_order(order as usize);
        }
        if let Some(beta) = args.float("beta") {
            metric = metric.beta(beta);
        }
        for (name, set) in [
            (
                "lowercase",
                ChrfScore::lowercase as fn(ChrfScore) -> ChrfScore,
            ),
            ("whitespace", ChrfScore::whitespace),
            ("effective_order", ChrfScore::effective_order),
        ] {
            if args.flag(name) == Some(true) {
                metric = set(metric);
            }
        }
        run.check(metric);
    });
}

#[test]
fn rouge() {
    check_file("rouge", 6, |run, args| {
        let keys = args.get("rouge_keys").and_then(Json::as_array).unwrap();
        let keys = keys.iter().map(|key| match key.as_str().unwrap() {
            "rougeL" => RougeKey::L,
            "rougeLsum" => RougeKey::Lsum,
            other => RougeKey::N(other["rouge".len()..].parse().unwrap()),
        });
        let mut metric = RougeScore::new().rouge_keys(keys.collect::<Vec<_>>());
        if args.flag("use_stemmer") == Some(true) {
            metric = metric.use_stemmer();
        }
        if args.text("accumulate") == Some("avg") {
            metric = metric.accumulate(RougeAccumulate::Avg);
        }
        run.check_numbers(metric, flat);
    });
}

#[test]
fn ter() {
    check_file("ter", 7, |run, args| {
        let mut metric =
            TranslationEditRate::new().lowercase(args.flag("lowercase") != Some(false));
        for (name, set) in [
            (
                "normalize",
                TranslationEditRate::normalize as fn(TranslationEditRate) -> TranslationEditRate,
            ),
            ("no_punctuation", TranslationEditRate::no_punctuation),
            ("asian_support", TranslationEditRate::asian_support),
        ] {
            if args.flag(name) == Some(true) {
                metric = set(metric);
            }
        }
        run.check(metric);
    });
}

#[test]
fn eed() {
    check_file("eed", 4, |run, args| {
        let mut metric = ExtendedEditDistance::new();
        if args.text("language") == Some("ja") {
            metric = metric.language(EedLanguage::Ja);
        }
        type Set = fn(ExtendedEditDistance, f64) -> ExtendedEditDistance;
        for (name, set) in [
            ("alpha", ExtendedEditDistance::alpha as Set),
            ("rho", ExtendedEditDistance::rho),
            ("deletion", ExtendedEditDistance::deletion),
            ("insertion", ExtendedEditDistance::insertion),
        ] {
            if let Some(cost) = args.float(name) {
                metric = set(metric, cost);
            }
        }
        run.check(metric);
    });
}

#[test]
fn squad() {
    check_file("squad", 1, |run, _| run.check_numbers(Squad::new(), flat));
}

/// ROUGE-1 of single words is 1 exactly if they have one stem.
#[test]
fn stems() {
    let pairs: Vec<String> = load("stems");
    let pairs: Vec<_> = pairs
        .iter()
        .filter_map(|pair| pair.split_once(' '))
        .collect();
    assert!(pairs.len() > 7000);
    // A stem in a word of its own, which is too short to be stemmed, or is not changed by being stemmed again.
    let metric = RougeScore::new().use_stemmer().rouge_keys([RougeKey::N(1)]);
    let score = |left: &str, right: &str| {
        let batch = Texts::new([left], [right]).unwrap();
        let value = metric.evaluate(&batch).unwrap();
        value.field("rouge1_fmeasure").and_then(Value::scalar)
    };
    for neighbours in pairs.windows(2) {
        let [(word, stem), (other, other_stem)] = neighbours else {
            unreachable!()
        };
        let equal = f64::from(u8::from(stem == other_stem));
        assert_eq!(score(word, other), Some(equal), "{word} {other}");
        if stem.len() <= 3 {
            assert_eq!(score(word, stem), Some(1.0), "{word} {stem}");
        }
    }
}
