"""The texts of all golden values of texts: predictions with one to three references each."""

import numpy as np

WORDS = {
    "latin": "the a cat cats sat on mat there is was running runs quickly happily relational conditional hopeful "
    "nationality flies dying 3.14 1,000 U.S. it's can't don't well-known e-mail (and or) \"quoted\" Mr. 50% "
    "$9.99 hello, world! & &amp; <skipped> end. no; yes: why? x-1 7-8 #tag @home o'clock naïve café".split(),
    "chinese": "猫 坐 在 垫子 上 。 我们 今天 去 北京 ， 天气 很 好 ！ （ 一 ） 〇 龥 豈".split(),
    "japanese": "猫が マット の 上に 座って いる 。 カタカナ ひらがな 東京 タワー ー ｱｲｳ 、 「 」 ㇰ ㈱ ㍿".split(),
    "arabic": "القطة جلست على السجادة ، اليوم ؟ ١٢٣ ـ مُحَمَّد لا".split(),
    "turkish": "İstanbul ISPARTA ılık İyi günler IŞIK şişe ığdır İ I i ı ǅ ΑΣ ὈΔΥΣΣΕΎΣ ß ẞ ﬁ".split(),
    "emoji": "👩‍👩‍👧‍👦 👍🏽 🏳️‍🌈 ❤️ 😀 e\u0301 o\u0302\u0323 🇩🇪 ☃ ✂ ① → ∑ … ‰ © € ½ ² ٪ Ⅷ".split(),
    "control": ["a\u0001b", "\u0000", "x\u200by", "\u200d", "\ufeff", "\u00ad", "z\u0085z", "\u007f", "q\u2028r", "s\u001ct", "u\u00a0v"],
}
SEPARATORS = {"control": [" ", "\t", "\r", "\u3000", "\u001d", "\u2009", "  ", "\u000b"], "latin": [" ", " ", " ", " ", "  "]}
EDGES = [
    ("", [""]),
    ("", ["a"]),
    ("a", [""]),
    ("", ["one two three", ""]),
    ("word", ["word"]),
    ("word", ["Word"]),
    ("word", ["sword words"]),
    (" ", ["  "]),
    ("\t", ["a b"]),
    ("a\tb", ["a b"]),
    ("\n", [""]),
    ("line one\nline two", ["line one\nline 2"]),
    ("line one.\n\nline two.\n", ["line two.\nline one."]),
    ("...", ["."]),
    ("a b c d", ["a b c d"]),
    ("a b c d", ["d c b a"]),
    ("a a a a", ["a a", "a a a a a a"]),
    ("the the the", ["the cat", "cat the"]),
    ("It's", ["It is", "it's"]),
    ("&quot;Hi&quot; &lt;b&gt; &amp;lt;", ['"Hi" <b> &lt;']),
    ("well-\nknown", ["wellknown", "well- known"]),
    ("1,000.5 2. 3, -4 5-6 .7 ,8", ["1000.5 2 . 3 , - 4 5 - 6 . 7 , 8"]),
    ("a.b,c .5 x.", ["a . b , c . 5 x ."]),
    ("family 👩‍👩‍👧‍👦", ["family 👩"]),
    ("e\u0301", ["é"]),
    ("The Cat. SAT!", ["the cat sat", "The Cat . SAT !"]),
    ("a" * 300, ["a" * 299 + "b"]),
    ("abc" * 100, ["bca" * 100]),
]


def noisy(random, words, vocabulary, rate):
    """The words with some left out, replaced, repeated, or moved."""
    out = []
    for word in words:
        roll = random.random() / rate if rate else 9
        if roll < 0.2:
            continue
        out.append(vocabulary[random.integers(len(vocabulary))] if roll < 0.6 else word)
        if roll < 0.1 or 0.6 <= roll < 0.7:
            out.append(word)
    if len(out) > 3 and random.random() < rate:
        start, size, goal = random.integers(len(out)), random.integers(1, 5), random.integers(len(out))
        block = out[start : start + size]
        rest = out[:start] + out[start + size :]
        out = rest[:goal] + block + rest[goal:]
    return out


def build_rows():
    random = np.random.default_rng(20_240_607)
    rows = [(pred, list(references)) for pred, references in EDGES]
    names = list(WORDS)
    lengths = [1, 2, 3, 5, 8, 13, 21, 40, 63, 64, 65, 70]

    def joined(words, name):
        marks = SEPARATORS.get(name, [" "])
        return "".join(word + marks[random.integers(len(marks))] for word in words).rstrip(" ")

    for index in range(300):
        name = names[index % len(names)]
        vocabulary = WORDS[name] + (WORDS["latin"] if index % 3 == 0 else [])
        length = lengths[index * 5 % len(lengths)] if index % 4 else random.integers(1, 30)
        first = [vocabulary[random.integers(len(vocabulary))] for _ in range(length)]
        rate = [0.0, 0.1, 0.3, 0.5, 0.9][index % 5]
        references = [first] + [noisy(random, first, vocabulary, 0.4) for _ in range([0, 0, 1, 2][index % 4])]
        pred = noisy(random, references[random.integers(len(references))], vocabulary, rate)
        lines = [joined(words, name) for words in [pred, *references]]
        if index % 6 == 0:  # sentences on lines
            lines = [line.replace(". ", ".\n") for line in lines]
        if index % 7 == 0:
            lines[0] = lines[0].upper() if index % 2 else lines[0].title()
        rows.append((lines[0], lines[1:]))
    vocabulary = WORDS["latin"] + WORDS["chinese"]
    for length in (400, 900):  # long lines
        words = [vocabulary[random.integers(len(vocabulary))] for _ in range(length)]
        rows.append((" ".join(noisy(random, words, vocabulary, 0.3)), [" ".join(words)]))
    return rows


ROWS = build_rows()
# Parts of so many rows are batches.
PART = 47
