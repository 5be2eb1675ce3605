//! The tokenizers of SacreBLEU.

use super::{
    unicode::{Class, class},
    words::is_space,
};

/// Puts spaces around the tokens of a text as mteval-v13a does: the text that is then split at white space.
pub fn of_13a(text: &str, out: &mut String) {
    let mut line = text
        .replace("<skipped>", "")
        .replace("-\n", "")
        .replace('\n', " ");
    if line.contains('&') {
        for (entity, character) in [
            ("&quot;", "\""),
            ("&amp;", "&"),
            ("&lt;", "<"),
            ("&gt;", ">"),
        ] {
            line = line.replace(entity, character);
        }
    }
    line.insert(0, ' ');
    line.push(' ');
    western(&line, out);
}

/// Chinese characters are tokens, and the rest is as with 13a.
pub fn of_zh(text: &str, out: &mut String) {
    let mut line = String::with_capacity(text.len() * 2);
    for c in text.trim_matches(is_space).chars() {
        if is_chinese(c) {
            line.extend([' ', c, ' ']);
        } else {
            line.push(c);
        }
    }
    western(&line, out);
}

/// Every character is a token.
pub fn of_characters(text: &str, out: &mut String) {
    out.clear();
    for c in text.chars() {
        out.extend([c, ' ']);
    }
}

/// Symbols are tokens, and so is punctuation that is not between digits: mteval-v14.
pub fn of_intl(text: &str, out: &mut String) {
    let mut line: Vec<char> = text.chars().collect();
    // Matches of two characters from left to right, which do not overlap.
    let pairs =
        |line: &[char], out: &mut Vec<char>, matched: fn(Class, Class) -> bool, before: bool| {
            out.clear();
            let mut at = 0;
            while at < line.len() {
                let first = line[at];
                match line.get(at + 1) {
                    Some(second) if matched(class(first), class(*second)) => {
                        if before {
                            out.extend([first, ' ', *second, ' ']);
                        } else {
                            out.extend([' ', first, ' ', *second]);
                        }
                        at += 2;
                    }
                    _ => {
                        out.push(first);
                        at += 1;
                    }
                }
            }
        };
    let mut other = Vec::with_capacity(line.len() * 2);
    pairs(
        &line,
        &mut other,
        |first, second| first != Class::Number && second == Class::Punctuation,
        true,
    );
    pairs(
        &other,
        &mut line,
        |first, second| first == Class::Punctuation && second != Class::Number,
        false,
    );
    out.clear();
    for c in line {
        if class(c) == Class::Symbol {
            out.extend([' ', c, ' ']);
        } else {
            out.push(c);
        }
    }
}

/// Punctuation apart from words, but for full stops and commas between digits, hyphens in words, and apostrophes.
fn western(line: &str, out: &mut String) {
    let mut first = String::with_capacity(line.len() * 2);
    for c in line.chars() {
        if is_mark(c) {
            first.extend([' ', c, ' ']);
        } else {
            first.push(c);
        }
    }
    let mut second = String::with_capacity(first.len() * 2);
    // A full stop or comma, unless a digit is before it.
    pairs(&first, out, |a, b| !a.is_ascii_digit() && is_stop(b), true);
    // A full stop or comma, unless a digit is behind it.
    pairs(
        out,
        &mut second,
        |a, b| is_stop(a) && !b.is_ascii_digit(),
        false,
    );
    // A hyphen behind a digit.
    pairs(&second, out, |a, b| a.is_ascii_digit() && b == '-', true);
}

/// Puts spaces around the second character (`true`) or the first one of each pair that matches, from left to right; matches
/// do not overlap.
fn pairs(line: &str, out: &mut String, matched: fn(char, char) -> bool, second: bool) {
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
