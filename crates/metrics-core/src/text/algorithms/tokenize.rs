//! The tokenizers of SacreBLEU.

use super::{
    unicode::{Class, class},
    words::{is_space, words},
};

/// Cuts texts into tokens. It keeps its memory from one text to the next.
#[derive(Debug, Default)]
pub struct Tokenizer {
    line: String,
    word: String,
    other: String,
}

impl Tokenizer {
    /// The tokens of mteval-v13a.
    pub fn of_13a(&mut self, text: &str, token: &mut impl FnMut(&str)) {
        if !(text.contains('&') || text.contains("<skipped>") || text.contains("-\n")) {
            return self.western(text, true, token);
        }
        let mut line = text.replace("<skipped>", "").replace("-\n", "");
        for (entity, character) in [
            ("&quot;", "\""),
            ("&amp;", "&"),
            ("&lt;", "<"),
            ("&gt;", ">"),
        ] {
            line = line.replace(entity, character);
        }
        self.western(&line, true, token);
    }

    /// Chinese characters are tokens, and the rest is as with 13a, without its entities.
    pub fn of_zh(&mut self, text: &str, token: &mut impl FnMut(&str)) {
        let mut line = std::mem::take(&mut self.line);
        line.clear();
        for c in text.trim_matches(is_space).chars() {
            if is_chinese(c) {
                line.extend([' ', c, ' ']);
            } else {
                line.push(c);
            }
        }
        self.western(&line, false, token);
        self.line = line;
    }

    /// Punctuation apart from words, but for full stops and commas between digits, hyphens in words, and apostrophes.
    /// `spaced`: as if a space were before and behind the text.
    fn western(&mut self, line: &str, spaced: bool, token: &mut impl FnMut(&str)) {
        for part in words(line) {
            if !part
                .bytes()
                .any(|byte| matches!(byte, b',' | b'-' | b'.') || is_mark(byte.into()))
            {
                token(part);
                continue;
            }
            // What is before and behind a word is white space, unless the text begins or ends with it.
            let begins = part.as_ptr() == line.as_ptr();
            let ends = part.as_bytes().as_ptr_range().end == line.as_bytes().as_ptr_range().end;
            let Self { word, other, .. } = self;
            word.clear();
            if spaced || !begins {
                word.push(' ');
            }
            for c in part.chars() {
                if is_mark(c) {
                    word.extend([' ', c, ' ']);
                } else {
                    word.push(c);
                }
            }
            if spaced || !ends {
                word.push(' ');
            }
            // A full stop or comma, unless a digit is before it.
            pairs(word, other, |a, b| !a.is_ascii_digit() && is_stop(b), true);
            // A full stop or comma, unless a digit is behind it.
            pairs(other, word, |a, b| is_stop(a) && !b.is_ascii_digit(), false);
            // A hyphen behind a digit.
            pairs(word, other, |a, b| a.is_ascii_digit() && b == '-', true);
            words(other).for_each(&mut *token);
        }
    }

    /// Symbols are tokens, and so is punctuation that is not between digits: mteval-v14.
    pub fn of_intl(&mut self, text: &str, token: &mut impl FnMut(&str)) {
        for part in words(text) {
            if part.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                token(part);
                continue;
            }
            let begins = part.as_ptr() == text.as_ptr();
            let ends = part.as_bytes().as_ptr_range().end == text.as_bytes().as_ptr_range().end;
            let Self { word, other, .. } = self;
            word.clear();
            word.extend((!begins).then_some(' '));
            word.push_str(part);
            word.extend((!ends).then_some(' '));
            let punctuation = |c: char| class(c) == Class::Punctuation;
            let number = |c: char| class(c) == Class::Number;
            pairs(word, other, |a, b| punctuation(b) && !number(a), true);
            pairs(other, word, |a, b| punctuation(a) && !number(b), false);
            other.clear();
            for c in word.chars() {
                if class(c) == Class::Symbol {
                    other.extend([' ', c, ' ']);
                } else {
                    other.push(c);
                }
            }
            words(other).for_each(&mut *token);
        }
    }
}

/// Every character but white space is a token.
pub fn of_characters(text: &str, token: &mut impl FnMut(&str)) {
    let mut buffer = [0; 4];
    for c in text.chars().filter(|c| !is_space(*c)) {
        token(c.encode_utf8(&mut buffer));
    }
}

/// Puts spaces around the second character (`true`) or the first one of each pair that matches, from left to right; matches
/// do not overlap.
fn pairs(line: &str, out: &mut String, matched: impl Fn(char, char) -> bool, second: bool) {
    out.clear();
    let mut characters = line.chars();
    let mut held = characters.next();
    while let Some(a) = held {
        held = characters.next();
        match held {
            Some(b) if matched(a, b) => {
                if second {
                    out.extend([a, ' ', b, ' ']);
                } else {
                    out.extend([' ', a, ' ', b]);
                }
                held = characters.next();
            }
            _ => out.push(a),
        }
    }
}

/// ASCII punctuation without `'`, `,`, `-` and `.`, and the space.
pub fn is_mark(c: char) -> bool {
    matches!(c, ' '..='&' | '('..='+' | '/' | ':'..='@' | '['..='`' | '{'..='~')
}

fn is_stop(c: char) -> bool {
    matches!(c, '.' | ',')
}

/// The ranges of sacrebleu's `zh`. Two of them were meant for characters of five digits, and begin and end with four:
/// U+2001 to U+2A6D are arrows, sums and other symbols.
fn is_chinese(c: char) -> bool {
    matches!(c,
        '\u{3400}'..='\u{4db5}' | '\u{4e00}'..='\u{9fbb}' | '\u{f900}'..='\u{fa2d}' | '\u{fa30}'..='\u{fa6a}'
        | '\u{fa70}'..='\u{fad9}' | '\u{2001}'..='\u{2a6d}' | '\u{ff00}'..='\u{ffef}' | '\u{2e80}'..='\u{2eff}'
        | '\u{3000}'..='\u{303f}' | '\u{31c0}'..='\u{31ef}' | '\u{2f00}'..='\u{2fdf}' | '\u{2ff0}'..='\u{2fff}'
        | '\u{3100}'..='\u{312f}' | '\u{31a0}'..='\u{31bf}' | '\u{fe10}'..='\u{fe1f}' | '\u{fe30}'..='\u{fe4f}'
        | '\u{3200}'..='\u{33ff}')
}

/// What Tercom does to a text before it is split at white space.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tercom {
    pub normalize: bool,
    pub no_punctuation: bool,
    pub lowercase: bool,
    pub asian_support: bool,
}

impl Tercom {
    /// The text as it is split at white space; `None` if it stays as it is.
    pub fn of(self, text: &str) -> Option<String> {
        let Self {
            normalize,
            no_punctuation,
            lowercase,
            asian_support,
        } = self;
        if !(normalize || no_punctuation || lowercase) {
            return None;
        }
        let text = text.trim_end_matches(is_space);
        let mut text = if lowercase {
            text.to_lowercase()
        } else {
            text.into()
        };
        if text.is_empty() {
            return Some(text);
        }
        if normalize {
            text = normalized(&text);
        }
        if normalize && asian_support {
            let apart = |c: char| is_asian(c) || is_asian_punctuation(c);
            let spaced = text.chars().flat_map(|c| {
                let space = apart(c).then_some(' ');
                space.into_iter().chain([c]).chain(space)
            });
            text = spaced.collect();
        }
        if no_punctuation {
            let western =
                |c: char| matches!(c, '.' | ',' | '?' | ':' | ';' | '!' | '"' | '(' | ')');
            text.retain(|c| !(western(c) || asian_support && is_asian_punctuation(c)));
        }
        Some(text)
    }
}

/// Western punctuation apart from words, possessives as well.
fn normalized(text: &str) -> String {
    let mut text = text.replace("\n-", "").replace('\n', " ");
    for (entity, character) in [
        ("&quot;", "\""),
        ("&amp;", "&"),
        ("&lt;", "<"),
        ("&gt;", ">"),
    ] {
        text = text.replace(entity, character);
    }
    let mut first = String::with_capacity(text.len() * 2);
    for c in [' '].into_iter().chain(text.chars()).chain([' ']) {
        if is_mark(c) {
            first.extend([' ', c, ' ']);
        } else {
            first.push(c);
        }
    }
    let (first, mut second, mut third) =
        (first.replace("'s ", " 's "), String::new(), String::new());
    pairs(
        &first,
        &mut second,
        |a, b| !a.is_ascii_digit() && is_stop(b),
        true,
    );
    pairs(
        &second,
        &mut third,
        |a, b| is_stop(a) && !b.is_ascii_digit(),
        false,
    );
    pairs(
        &third,
        &mut second,
        |a, b| a.is_ascii_digit() && b == '-',
        true,
    );
    second
}

/// Characters that are words, in blocks of Chinese characters and their parts. As in sacrebleu, one range ends at U+3F22
/// where U+32FF was meant.
fn is_asian(c: char) -> bool {
    matches!(c,
        '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' | '\u{31c0}'..='\u{31ef}' | '\u{2e80}'..='\u{2eff}'
        | '\u{3200}'..='\u{3f22}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe4f}')
}

fn is_asian_punctuation(c: char) -> bool {
    matches!(c,
        '\u{3001}' | '\u{3002}' | '\u{3008}'..='\u{3011}' | '\u{3014}'..='\u{301f}' | '\u{ff61}'..='\u{ff65}' | '\u{30fb}'
        | '\u{ff0e}' | '\u{ff0c}' | '\u{ff1f}' | '\u{ff1a}' | '\u{ff1b}' | '\u{ff01}' | '\u{ff02}' | '\u{ff08}' | '\u{ff09}')
}
