//! The stemmer of ROUGE: Porter's, with Porter's own later changes and those of nltk.
//!
//! Porter, "An algorithm for suffix stripping", Program 14.3 (1980). nltk calls the variant `NLTK_EXTENSIONS`.

/// Words that do not follow the rules.
const IRREGULAR: &[(&str, &str)] = &[
    ("sky", "sky"),
    ("skies", "sky"),
    ("dying", "die"),
    ("lying", "lie"),
    ("tying", "tie"),
    ("news", "news"),
    ("innings", "inning"),
    ("inning", "inning"),
    ("outings", "outing"),
    ("outing", "outing"),
    ("cannings", "canning"),
    ("canning", "canning"),
    ("howe", "howe"),
    ("proceed", "proceed"),
    ("exceed", "exceed"),
    ("succeed", "succeed"),
];

/// Endings and what takes their place.
type Rules = [(&'static str, &'static str)];

const STEP_2: &Rules = &[
    ("ational", "ate"),
    ("tional", "tion"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("izer", "ize"),
    ("bli", "ble"),
    ("alli", "al"),
    ("entli", "ent"),
    ("eli", "e"),
    ("ousli", "ous"),
    ("ization", "ize"),
    ("ation", "ate"),
    ("ator", "ate"),
    ("alism", "al"),
    ("iveness", "ive"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("aliti", "al"),
    ("iviti", "ive"),
    ("biliti", "ble"),
    ("fulli", "ful"),
];

const STEP_3: &Rules = &[
    ("icate", "ic"),
    ("ative", ""),
    ("alize", "al"),
    ("iciti", "ic"),
    ("ical", "ic"),
    ("ful", ""),
    ("ness", ""),
];

const STEP_4: &[&str] = &[
    "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou",
    "ism", "ate", "iti", "ous", "ive", "ize",
];

/// Makes the stem of a word of lowercase ASCII letters and digits.
pub fn stem(word: &mut String) {
    if let Some((_, stem)) = IRREGULAR.iter().find(|(known, _)| *known == word.as_str()) {
        word.clear();
        word.push_str(stem);
        return;
    }
    if word.len() <= 2 {
        return;
    }
    plurals(word);
    past_and_progressive(word);
    if let Some(stem) = word.strip_suffix('y')
        && stem.len() > 1
        && consonant(stem.as_bytes(), stem.len() - 1)
    {
        replace(word, 1, "i");
    }
    step_2(word);
    longer_than(word, STEP_3, 0);
    step_4(word);
    step_5(word);
}

fn plurals(word: &mut String) {
    if word.ends_with("ies") {
        replace(word, 3, if word.len() == 4 { "ie" } else { "i" });
    } else if word.ends_with("sses") {
        replace(word, 2, "");
    } else if word.ends_with('s') && !word.ends_with("ss") {
        replace(word, 1, "");
    }
}

fn past_and_progressive(word: &mut String) {
    if word.ends_with("ied") {
        return replace(word, 3, if word.len() == 4 { "ie" } else { "i" });
    }
    if let Some(stem) = word.strip_suffix("eed") {
        if measure(stem) > 0 {
            replace(word, 1, "");
        }
        return;
    }
    let stems = ["ed", "ing"].map(|suffix| word.strip_suffix(suffix));
    let Some(length) = (stems.into_iter().flatten())
        .find(|stem| (0..stem.len()).any(|at| !consonant(stem.as_bytes(), at)))
        .map(str::len)
    else {
        return;
    };
    word.truncate(length);
    if ["at", "bl", "iz"].iter().any(|end| word.ends_with(end)) {
        word.push('e');
    } else if ends_in_double_consonant(word) {
        if !word.ends_with(['l', 's', 'z']) {
            word.pop();
        }
    } else if measure(word) == 1 && ends_short(word) {
        word.push('e');
    }
}

fn step_2(word: &mut String) {
    // An ending "-ally" has another one before it.
    while let Some(stem) = word.strip_suffix("alli") {
        if measure(stem) == 0 {
            break;
        }
        replace(word, 4, "al");
    }
    if let Some(stem) = word.strip_suffix("logi") {
        // The "l" counts for the measure.
        if measure(&word[..stem.len() + 1]) > 0 {
            replace(word, 1, "");
        }
        return;
    }
    longer_than(word, STEP_2, 0);
}

fn step_4(word: &mut String) {
    let Some(stem) = STEP_4.iter().find_map(|suffix| word.strip_suffix(suffix)) else {
        return;
    };
    let ion = word.ends_with("ion");
    if measure(stem) > 1 && (!ion || stem.ends_with(['s', 't'])) {
        word.truncate(stem.len());
    }
}

fn step_5(word: &mut String) {
    if let Some(stem) = word.strip_suffix('e') {
        let count = measure(stem);
        if count > 1 || count == 1 && !ends_short(stem) {
            word.pop();
        }
    }
    if word.ends_with("ll") && measure(&word[..word.len() - 1]) > 1 {
        word.pop();
    }
}

/// Applies the first rule whose ending the word has, if the measure of the rest is more than `least`.
fn longer_than(word: &mut String, rules: &Rules, least: usize) {
    for (suffix, replacement) in rules {
        if let Some(stem) = word.strip_suffix(suffix) {
            if measure(stem) > least {
                replace(word, suffix.len(), replacement);
            }
            return;
        }
    }
}

fn replace(word: &mut String, ending: usize, replacement: &str) {
    word.truncate(word.len() - ending);
    word.push_str(replacement);
}

/// Whether a letter is a consonant: no vowel, and no `y` behind a consonant.
fn consonant(word: &[u8], at: usize) -> bool {
    match word[at] {
        b'a' | b'e' | b'i' | b'o' | b'u' => false,
        b'y' => {
            // A run of "y" alternates.
            let run = word[..at].iter().rev().take_while(|c| **c == b'y').count();
            let first = at - run;
            let first_is_consonant = first == 0 || !consonant(word, first - 1);
            first_is_consonant == (run % 2 == 0)
        }
        _ => true,
    }
}

/// How often vowels are followed by consonants.
fn measure(stem: &str) -> usize {
    let (mut count, mut before) = (0, true);
    for (at, c) in stem.bytes().enumerate() {
        let now = match c {
            b'a' | b'e' | b'i' | b'o' | b'u' => false,
            b'y' => at == 0 || !before,
            _ => true,
        };
        count += usize::from(now && !before);
        before = now;
    }
    count
}

fn ends_in_double_consonant(word: &str) -> bool {
    let word = word.as_bytes();
    let n = word.len();
    n >= 2 && word[n - 1] == word[n - 2] && consonant(word, n - 1)
}

/// Whether it ends with a consonant, a vowel and a consonant other than `w`, `x` and `y`, or is a vowel and a consonant.
fn ends_short(word: &str) -> bool {
    let bytes = word.as_bytes();
    let n = bytes.len();
    let at = |back: usize| consonant(bytes, n - back);
    (n >= 3 && at(3) && !at(2) && at(1) && !word.ends_with(['w', 'x', 'y']))
        || (n == 2 && !at(2) && at(1))
}
