"""ROUGE: rouge-score, and the stems of nltk."""

from nltk.stem.porter import PorterStemmer
from rouge_score.rouge_scorer import RougeScorer

from .text_book import TextBook

KEYS = ["rouge1", "rouge2", "rougeL", "rougeLsum"]


def mean(scores):
    return [sum(score[i] for score in scores) / len(scores) for i in range(3)]


def scorer(keys, use_stemmer, accumulate):
    rouge = RougeScorer(keys, use_stemmer=use_stemmer)

    def of_row(pred, references):
        scores = [rouge.score(reference, pred) for reference in references]
        if accumulate == "avg":
            return [mean([score[key] for score in scores]) for key in keys]
        best = [max(scores, key=lambda score, key=key: score[key].fmeasure) for key in keys]
        return [list(score[key]) for score, key in zip(best, keys)]

    def value(rows):
        each = [of_row(pred, references) for pred, references in rows]
        means = [mean([row[i] for row in each]) for i in range(len(keys))]
        return [number for key in means for number in key]

    return value


def build():
    book = TextBook("rouge-score 0.1.2, nltk 3.10.4")
    for keys, stemmer, accumulate, each in [
        (KEYS, False, "best", True), (KEYS, True, "best", True), (KEYS, False, "avg", False), (KEYS, True, "avg", False),
        (["rouge3", "rouge9", "rougeL"], False, "best", False), (["rougeLsum"], False, "best", False),
    ]:  # fmt: skip
        args = {"rouge_keys": keys, "use_stemmer": stemmer, "accumulate": accumulate}
        book.measure("RougeScore", args, scorer(keys, stemmer, accumulate), None, each)
    return book


# Words for the stemmer: roots with endings, so that all rules have words, and some that have none.
ROOTS = (
    "a be ca dd at tr tree oat ivy troubl privat oaten orrer cares pon ti cat feed agr plaster bled motor sing conflat siz hop "
    "tan fall hiss fizz fail fil happ sk relat condit ration valenc hesitanc digit conform radic differ vil analog vietnam "
    "predic oper feud decis hope call form sensit triplic electric good reviv allow infer airlin gyroscop adjust defens irrit "
    "replac depend adopt homolog commun activ angular effect bowdler probat cease controll roll yy yyy yay sayy enjo sp psycholo "
    "geolo apolo syzyg toy play boy dy lyn 7th 2x b2b nationalit xyz oo ooo ie ee".split()
)
ENDINGS = (
    ",s,es,ies,sses,ss,ed,ied,eed,ing,ying,y,ly,ally,ational,tional,enci,ency,anci,izer,bli,ably,alli,entli,eli,ousli,ization,ation,ator,"
    "alism,iveness,fulness,ousness,aliti,iviti,biliti,fulli,fully,logi,logy,icate,ative,alize,iciti,ical,ful,ness,al,ance,ence,er,ic,"
    "able,ible,ant,ement,ment,ent,ion,sion,tion,ou,ism,ate,iti,ous,ive,ize,e,ll,lle,ationally,allied,ying,eeds,izing,ated,bling"
).split(",")
IRREGULAR = "skies dying lying tying news innings inning outings outing cannings canning howe proceed exceed succeed".split()


class StemBook:
    """Words of more than 3 letters and their stems, in two lists of words."""

    skipped = ()

    def __init__(self):
        words = sorted({root + ending for root in ROOTS for ending in ENDINGS} | set(IRREGULAR))
        stemmer = PorterStemmer()
        self.cases = [(word, stemmer.stem(word)) for word in words if len(word) > 3]

    def to_text(self):
        return "[\n" + ",\n".join(f'"{word} {stem}"' for word, stem in self.cases) + "\n]\n"
