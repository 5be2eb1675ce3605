//! Batches of texts, and what metrics of texts do with options, references and lengths.

use metrics_core::prelude::*;

/// The least number of edits, by the table of distances.
fn table(left: &[char], right: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut before = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let both = before + usize::from(a != b);
            before = row[j + 1];
            row[j + 1] = both.min(row[j] + 1).min(before + 1);
        }
    }
    row[right.len()]
}

/// The same texts everywhere: `length` characters of a small alphabet.
fn text(seed: u64, length: usize) -> String {
    let alphabet = ['a', 'b', 'é', '猫', '👩', '\u{301}', ' '];
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let letter = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        alphabet[(state % alphabet.len() as u64) as usize]
    };
    (0..length).map(letter).collect()
}

#[test]
fn distances_are_those_of_the_table_at_all_lengths() {
    let each = EditDistance::new().per_row();
    for (seed, left) in [0, 1, 2, 63, 64, 65, 127, 128, 129, 200]
        .into_iter()
        .enumerate()
    {
        for right in [0, 1, 5, 63, 64, 65, 128, 140] {
            let (a, b) = (
                text(seed as u64, left),
                text(seed as u64 + 77 * right as u64, right),
            );
            let letters = [&a, &b].map(|text| text.chars().collect::<Vec<_>>());
            let batch = Texts::new([&a], [&b]).unwrap();
            let expected = table(&letters[0], &letters[1]) as f64;
            let value = each.evaluate(&batch).unwrap();
            assert_eq!(value.list(), Some(&[expected][..]), "{left} and {right}");
        }
    }
}

#[test]
fn long_alignments_are_traced_in_segments() {
    // A table of 20,000 times 20,000 words, of which a segment is recorded at a time: one word of each 100 is wrong.
    let words = |wrong: bool| -> String {
        let word = |n: usize| {
            if wrong && n % 100 == 50 {
                "x ".into()
            } else {
                format!("{} ", n % 5000)
            }
        };
        (0..20_000).map(word).collect()
    };
    let batch = Texts::new([words(true)], [words(false)]).unwrap();
    let value = WordInfoPreserved::new()
        .evaluate(&batch)
        .unwrap()
        .scalar()
        .unwrap();
    assert!((value - 0.99 * 0.99).abs() < 1e-12, "{value}");
    let value = MatchErrorRate::new()
        .evaluate(&batch)
        .unwrap()
        .scalar()
        .unwrap();
    assert!((value - 0.01).abs() < 1e-12, "{value}");
}

#[test]
fn batches_need_a_reference_for_each_prediction() {
    let error = Texts::new(["a", "b"], ["a"]).unwrap_err().to_string();
    assert!(error.contains("[2]") && error.contains("[1]"), "{error}");
    let none: [&[&str]; 1] = [&[]];
    assert!(Texts::with_references(["a"], none).is_err());
    let several = Texts::with_references(["a b"], [["a b", "a"]]).unwrap();
    let row = several.rows().next().unwrap();
    assert_eq!((row.prediction(), row.reference()), ("a b", "a b"));
    assert_eq!(row.references().collect::<Vec<_>>(), ["a b", "a"]);
    let refused = WordErrorRate::new().evaluate(&several);
    assert!(matches!(refused, Err(MetricError::ShapeMismatch { .. })));
    assert_eq!(
        BleuScore::new()
            .n_gram(1)
            .evaluate(&several)
            .unwrap()
            .scalar(),
        Some(1.0)
    );
    let empty = Texts::from_pairs::<&str, &str>([]);
    let refused = ChrfScore::new().evaluate(&empty);
    assert!(matches!(refused, Err(MetricError::Empty { .. })));
}

#[test]
fn files_of_lines_come_in_batches_and_must_be_as_long() {
    let read = |predictions: &'static str, references: &[&'static str], rows| {
        let references = references.iter().map(|text| text.as_bytes()).collect();
        Texts::read_lines(predictions.as_bytes(), references, rows).collect::<Result<Vec<_>, _>>()
    };
    let batches = read("a\n\nc\r\nd", &["1\n2\n3\n4\n", "5\n6\n7\n8"], 3).unwrap();
    assert_eq!(batches.iter().map(Texts::len).collect::<Vec<_>>(), [3, 1]);
    let texts: Vec<_> = batches
        .iter()
        .flat_map(Texts::rows)
        .map(|row| row.prediction())
        .collect();
    assert_eq!(texts, ["a", "", "c", "d"]);
    assert_eq!(
        batches[1]
            .rows()
            .next()
            .unwrap()
            .references()
            .collect::<Vec<_>>(),
        ["4", "8"]
    );
    assert!(read("", &[""], 3).unwrap().is_empty());
    for (predictions, references) in [("a\nb\n", "a\n"), ("a\n", "a\nb\n")] {
        let error = read(predictions, &[references], 10).unwrap_err();
        assert!(
            matches!(error, MetricError::Lines { line: 2, .. }),
            "{error}"
        );
    }
    assert!(matches!(
        read("a", &[], 1),
        Err(MetricError::Lines { line: 1, .. })
    ));
    let bad = Texts::read_lines(&b"\xff\n"[..], vec![&b"a\n"[..]], 1).next();
    assert!(matches!(bad, Some(Err(MetricError::Lines { line: 1, .. }))));
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let batch = Texts::new(["a"], ["a"]).unwrap();
    let refused = |value: Result<Value, MetricError>, what: &str| match value {
        Err(MetricError::InvalidOption(text)) => assert!(text.contains(what), "{text}"),
        other => panic!("{other:?}"),
    };
    refused(BleuScore::new().n_gram(0).evaluate(&batch), "n_gram is 0");
    refused(
        BleuScore::new().weights([0.5; 3]).evaluate(&batch),
        "3 weights",
    );
    refused(
        BleuScore::new().weights([f64::NAN; 4]).evaluate(&batch),
        "NaN",
    );
    refused(ChrfScore::new().beta(0.0).evaluate(&batch), "beta is 0");
    refused(
        ChrfScore::new().n_char_order(0).evaluate(&batch),
        "n_char_order is 0",
    );
    refused(
        RougeScore::new().rouge_keys([]).evaluate(&batch),
        "no ROUGE key",
    );
    refused(
        RougeScore::new()
            .rouge_keys([RougeKey::N(10)])
            .evaluate(&batch),
        "10",
    );
    refused(
        RougeScore::new()
            .rouge_keys([RougeKey::L; 2])
            .evaluate(&batch),
        "twice",
    );
    refused(
        ExtendedEditDistance::new().rho(-1.0).evaluate(&batch),
        "rho is -1",
    );
}

/// The faults of TorchMetrics.
#[test]
fn ties_smoothing_and_swaps_are_right() {
    let value =
        |metric: BleuScore, batch: &Texts| metric.evaluate(batch).unwrap().scalar().unwrap();
    // Two references as close: the shorter one counts, so there is no penalty. TorchMetrics takes the first.
    let tie = Texts::with_references(["a b c"], [["a b c d", "a b"]]).unwrap();
    assert_eq!(value(BleuScore::new().n_gram(1), &tie), 1.0);
    // No pair of words in common: (0 + 1) / (1 + 1). TorchMetrics says 0.
    let smooth = Texts::new(["b a"], ["a b"]).unwrap();
    let bleu = value(BleuScore::new().n_gram(2).smooth(), &smooth);
    assert!((bleu - 0.5_f64.sqrt()).abs() < 1e-15, "{bleu}");
    // Nothing is not the best translation, as it is for TorchMetrics.
    let empty = Texts::new([""], ["a b"]).unwrap();
    let ter = TranslationEditRate::new().evaluate(&empty).unwrap();
    assert_eq!(ter.scalar(), Some(1.0));
}
