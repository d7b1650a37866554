"""The compiled watchlist finds exactly what the language's definition says, and nothing else.

The oracle below is written from docs/query-language.md: it cuts words its own way, asks each query by itself, and
shares only the tables of plurals with the matcher.
"""

import functools
import json
import random
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import QueryError
from monitor.match import TopicMatch, Watchlist, compile_watchlist
from monitor.match.engine.document import OCCURRENCES
from monitor.model import ItemText, Priority, Topic
from monitor.text.languages.english import singular as english_singular
from monitor.text.languages.spanish import singular as spanish_singular

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpora" / "items"
Tree = tuple[Any, ...]  # ("term", text, form) | ("and" | "or", trees) | ("not", tree) | ("title", tree)


def topic(query: str, slug: str = "t") -> Topic:
    return Topic(
        slug=slug,
        watchlist="w",
        name=slug,
        description="",
        priority=Priority.NORMAL,
        query=query,
        owner="file:t",
    )


def hits(query: str, text: ItemText) -> list[TopicMatch]:
    return compile_watchlist([topic(query)], revision=1).match(text)


# The oracle.


@functools.lru_cache(maxsize=20_000)
def naive_words(text: str, *, case: bool) -> list[str]:
    text = re.sub(r"https?://\S+", " ", text, flags=re.IGNORECASE)
    text = re.sub(r"(?<=[^\W_])['’]s(?![^\W_])|(?<=\.)['’]s(?![^\W_])", " ", text, flags=re.IGNORECASE)
    text = re.sub(r"\b(ee)(?:\. ?| )(uu)\b\.?", r"\1\2 ", text, flags=re.IGNORECASE)
    text = re.sub(r"\b(?:[A-Za-z]\.)+[A-Za-z]\b\.?", lambda found: found[0].replace(".", "") + " ", text)
    flat = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    words = re.sub(r"[^A-Za-z0-9]+", " ", flat).split()
    return words if case else [word.lower() for word in words]


@functools.lru_cache(maxsize=200_000)
def same(one: str, other: str) -> bool:
    forms = [{word, english_singular(word), spanish_singular(word)} for word in (one, other)]
    return bool(forms[0] & forms[1])


def naive_term(text: str, form: str, item: ItemText, fields: tuple[str, ...]) -> bool:
    wanted = naive_words(text, case=form == "exact")
    for field in fields:
        words = naive_words(getattr(item, field), case=form == "exact")
        for start in range(len(words) - len(wanted) + 1):
            there = words[start : start + len(wanted)]
            if form == "exact":
                good = there == wanted
            elif form == "prefix":
                whole = all(same(*pair) for pair in zip(there[:-1], wanted[:-1], strict=True))
                good = whole and there[-1].startswith(wanted[-1])
            else:
                good = all(same(*pair) for pair in zip(there, wanted, strict=True))
            if good:
                return True
    return False


def naive(tree: Tree, item: ItemText | None, fields: tuple[str, ...] = ("title", "summary", "body")) -> bool:
    """Evaluate a tree on an item, or on a text with none of its words."""
    kind = tree[0]
    if kind == "term":
        return item is not None and naive_term(tree[1], tree[2], item, fields)
    if kind == "not":
        return not naive(tree[1], item, fields)
    if kind == "title":
        return naive(tree[1], item, ("title",))
    answers = [naive(part, item, fields) for part in tree[1]]
    return all(answers) if kind == "and" else any(answers)


def written(tree: Tree, rng: random.Random) -> str:
    """Write a tree as an editor might, with every freedom that the language gives."""
    kind = tree[0]
    if kind == "term":
        return leaf(tree[1], tree[2], rng)
    if kind in {"not", "title"}:
        inner = written(tree[1], rng)
        bare = tree[1][0] == "term" or (kind == "not" and tree[1][0] == "title")
        inner = inner if bare and rng.random() < 0.7 else f"({inner})"
        return (rng.choice(["NOT ", "-", "NOT\n"]) if kind == "not" else "title:") + inner
    joint = {"and": [" AND ", " ", "\nAND ", " # and\n"], "or": [" OR ", "\nOR\n", " OR # or\n "]}[kind]
    parts = []
    for part in tree[1]:
        text = written(part, rng)
        parts.append(f"({text})" if part[0] in {"and", "or"} or rng.random() < 0.1 else text)
    text = parts[0]
    for part in parts[1:]:
        text += rng.choice(joint) + part
    return text


def leaf(text: str, form: str, rng: random.Random) -> str:
    if form == "prefix":
        return f"{text}*"
    plain = re.fullmatch(r"[\w’'.-]+", text) is not None
    quoted = text if plain and rng.random() < 0.6 else rng.choice([f'"{text}"', f"“{text}”", f'" {text}"'])
    return f"={quoted}" if form == "exact" else quoted


# Random queries and texts over words that are meant to be confused.

# fmt: off
WORDS = [
    "fentanyl", "FENTANYL’s", "fentanilo", "cártel", "Carteles", "cartels", "cartelera", "ICE", "ice",
    "Ice’s", "U.S.", "US", "us", "EE.UU.", "EEUU", "cross-border", "Mexico", "México",
    "Mexican", "mexicanos", "new", "New", "news", "smuggling", "smuggler", "SMUGGLED", "contrabando",
    "Laredo", "ciudades", "Ciudad", "luz", "Luces", "crisis", "crises", "policy", "policies",
    "1,500", "1.500", "T-MEC", "Peña", "Pena", "peñas", "movies", "movie", "women",
    "woman", "and", "or", "title",
]
# fmt: on
PHRASES = [
    "New Mexico",
    "new mexico news",
    "EE. UU.",
    "U.S. border",
    "cross border",
    "ciudad luz",
    "ice ICE",
    "T MEC",
]
PREFIXES = ["smuggl", "cartel", "mexi", "Méxic", "fent", "cross-bord", "polic", "news"]
SEPARATORS = [
    " ",
    " ",
    " ",
    "-",
    ", ",
    ". ",
    " — ",
    "\n",
    "/",
    " “",
    "” ",
    " \U0001f600 ",
    " https://x.example/ice ",
]

terms = (
    st.tuples(st.just("term"), st.sampled_from(WORDS + PHRASES), st.sampled_from(["word", "word", "exact"]))
    | st.tuples(st.just("term"), st.sampled_from(PREFIXES), st.just("prefix"))
)  # fmt: skip
trees = st.recursive(
    terms,
    lambda inner: (
        st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=4))
        | st.tuples(
            st.sampled_from(["not", "title"]), inner.filter(lambda tree: tree[0] not in {"not", "title"})
        )
    ),
    max_leaves=8,
)
texts = st.lists(
    st.tuples(st.sampled_from(WORDS + PHRASES), st.sampled_from(SEPARATORS)).map("".join), max_size=8
).map("".join)
items = st.builds(ItemText, title=texts, summary=texts, body=texts)
seeds = st.randoms(use_true_random=False)


def compiled(several: list[Tree], rng: random.Random) -> tuple[Watchlist, list[Tree]]:
    """Compile the trees that are queries (not true of everything), each as one topic."""
    good = [tree for tree in several if not naive(tree, None)]
    queries = [topic(written(tree, rng), slug=f"t{number}") for number, tree in enumerate(good)]
    return compile_watchlist(queries, revision=1), good


@given(st.lists(trees, min_size=1, max_size=6), items, seeds)
def test_hits_are_those_of_the_definition(several: list[Tree], item: ItemText, rng: random.Random) -> None:
    watchlist, good = compiled(several, rng)
    expected = [f"t{number}" for number, tree in enumerate(good) if naive(tree, item)]
    assert [match.topic.slug for match in watchlist.match(item)] == expected


@given(trees, seeds)
def test_a_query_true_of_everything_is_refused_and_no_other(tree: Tree, rng: random.Random) -> None:
    query = written(tree, rng)
    if naive(tree, None):
        with pytest.raises(QueryError, match="none of its words"):
            compile_watchlist([topic(query)], revision=1)
    else:
        assert compile_watchlist([topic(query)], revision=1).match(ItemText(title="zzz", summary="qqq")) == []


@given(st.lists(trees, min_size=1, max_size=4), items, seeds)
def test_spans_lie_where_they_say_and_each_hit_has_one(
    several: list[Tree], item: ItemText, rng: random.Random
) -> None:
    watchlist, _ = compiled(several, rng)
    for match in watchlist.match(item):
        assert match.spans
        assert len(set(match.spans)) == len(match.spans)
        for span in match.spans:
            assert span.text == getattr(item, span.field)[span.start : span.end]
            assert span.text.strip() == span.text != ""


@given(trees, terms, items, seeds)
def test_another_alternative_never_loses_a_hit_and_another_demand_never_adds_one(
    tree: Tree, term: Tree, item: ItemText, rng: random.Random
) -> None:
    if naive(tree, None):
        return
    plain, wider, narrower = (
        bool(hits(written(one, rng), item)) for one in (tree, ("or", [tree, term]), ("and", [tree, term]))
    )
    assert narrower <= plain <= wider


def has_exact(tree: Tree) -> bool:
    if tree[0] == "term":
        return bool(tree[2] == "exact")
    return any(map(has_exact, tree[1])) if tree[0] in {"and", "or"} else has_exact(tree[1])


@given(trees, items, seeds)
def test_case_accents_and_quotes_change_nothing_but_for_exact_terms(
    tree: Tree, item: ItemText, rng: random.Random
) -> None:
    if naive(tree, None) or has_exact(tree):
        return
    query = written(tree, rng)
    plain = bool(hits(query, item))
    stripped = "".join(
        char for char in unicodedata.normalize("NFD", item.title) if not unicodedata.combining(char)
    )
    for title in (item.title.upper(), item.title.lower(), stripped, unicodedata.normalize("NFD", item.title)):
        assert bool(hits(query, replace(item, title=title))) == plain
    curly = item.title.replace("'", "’").replace("“", '"').replace("”", '"')
    assert bool(hits(query, replace(item, title=curly))) == plain


@given(st.lists(trees, min_size=2, max_size=6), items, seeds)
def test_topics_do_not_influence_each_other(several: list[Tree], item: ItemText, rng: random.Random) -> None:
    watchlist, _ = compiled(several, rng)
    together = watchlist.match(item)
    alone = [match for one in watchlist.topics for match in compile_watchlist([one], revision=1).match(item)]
    assert together == alone
    assert watchlist.match(item) == together  # what it remembers changes nothing


def test_fields_that_are_not_searched_make_no_hit() -> None:
    item = ItemText(
        title="x", url="https://x.example/cartel", source="Cartel", author="Cartel", tags=("cartel",)
    )
    assert not hits("cartel", item)


def test_a_phrase_does_not_reach_over_the_end_of_a_field() -> None:
    assert not hits('"new mexico"', ItemText(title="new", summary="mexico", body="x"))


def test_spans_show_the_passage_as_it_stands() -> None:
    item = ItemText(title="The “Cárteles’” U.S. war", summary="smugglers in Ciudad  Juárez’s port")
    (match,) = hits('cartel AND =US AND smuggl* AND "ciudad juarez" AND NOT film', item)
    assert [(span.field, span.text) for span in match.spans] == [
        ("title", "Cárteles"),
        ("title", "U.S."),
        ("summary", "smugglers"),
        ("summary", "Ciudad  Juárez"),
    ]


def test_an_alternative_that_failed_shows_no_spans() -> None:
    (match,) = hits("(tunnel AND film) OR border", ItemText(title="Border tunnel"))
    assert [span.text for span in match.spans] == ["Border"]


def test_what_lifts_an_exclusion_shows_its_span() -> None:
    (match,) = hits("tunnel AND NOT (film AND NOT border)", ItemText(title="tunnel film at the border"))
    assert [span.text for span in match.spans] == ["tunnel", "border"]


def test_spans_of_a_term_are_bounded() -> None:
    (match,) = hits("ice OR border", ItemText(title="x", body="ice " * 5000 + "border"))
    assert [span.text for span in match.spans] == ["ice"] * OCCURRENCES + ["border"]


def test_repetition_in_phrase_and_text_is_no_trap() -> None:
    """A phrase of one word 40 times against the same word 20,000 times stays cheap."""
    item = ItemText(title="x", body="a " * 20_000)
    assert hits('"' + "a " * 40 + '"', item)
    assert not hits('"' + "a " * 39 + 'b"', item)


def test_a_topic_that_cannot_be_compiled_is_named() -> None:
    with pytest.raises(QueryError, match=r"topic broken: .* never closed") as refusal:
        compile_watchlist([topic("fine", "fine"), topic("a AND\n(b", "broken")], revision=1)
    assert (refusal.value.line, refusal.value.column) == (2, 1)


def test_a_watchlist_knows_its_revision_and_topics() -> None:
    topics = (topic("a", "one"), topic("b", "two"))
    watchlist = compile_watchlist(iter(topics), revision=7)
    assert watchlist.revision == 7
    assert watchlist.topics == topics
    assert compile_watchlist([], revision=0).match(ItemText(title="a")) == []


def corpus_items(rng: random.Random, count: int) -> list[ItemText]:
    found = []
    for name in ("general-en", "general-es", "candidates"):
        path = CORPUS / f"{name}.jsonl"
        if not path.exists():
            pytest.skip(f"no corpus at {path}")
        lines = path.read_text(encoding="utf-8").splitlines()
        for line in rng.sample(lines, count):
            item = json.loads(line)
            found.append(ItemText(title=item["title"], summary=item["summary"] or "", language=item["lang"]))
    return found


def random_tree(rng: random.Random, vocabulary: list[str], depth: int = 2) -> Tree:
    if depth == 0 or rng.random() < 0.2:
        start = rng.randrange(len(vocabulary) - 2)
        form = rng.choice(["word", "word", "word", "phrase", "exact", "prefix"])
        if form == "phrase":
            return ("term", " ".join(vocabulary[start : start + 2]), "word")
        word = vocabulary[start]
        if form == "prefix" and len(word) > 4:
            return ("term", word[: rng.randrange(4, len(word))], "prefix")
        return ("term", word, "exact" if form == "exact" else "word")
    kind = rng.choice(["and", "or", "or", "not", "title"])
    if kind in {"not", "title"}:
        return (kind, random_tree(rng, vocabulary, 0))
    return (kind, [random_tree(rng, vocabulary, depth - 1) for _ in range(rng.randrange(2, 5))])


def vocabulary_of(items: list[ItemText]) -> Iterator[str]:
    for item in items:
        yield from re.findall(r"[A-Za-zÁÉÍÓÚÑáéíóúñ]{2,}", item.title)


@pytest.mark.corpus
@pytest.mark.parametrize("seed", range(2))
def test_hits_on_real_items_are_those_of_the_definition(seed: int) -> None:
    rng = random.Random(seed)
    items = corpus_items(rng, 35)
    vocabulary = list(vocabulary_of(items))
    several = [random_tree(rng, vocabulary) for _ in range(120)]
    watchlist, good = compiled(several, rng)
    plain_ascii = re.compile(r"[\x20-\x7eÁÉÍÓÚÑÜáéíóúñü¿¡“”‘’–—…]*\Z")
    compared = 0
    for item in items:
        if not plain_ascii.match(item.title + item.summary):
            continue  # the oracle's way of cutting words is for these letters only
        expected = [f"t{number}" for number, tree in enumerate(good) if naive(tree, item)]
        assert [match.topic.slug for match in watchlist.match(item)] == expected
        compared += len(expected)
    assert compared > 300
