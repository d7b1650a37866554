"""Queries and texts of few words, so that many of them meet: in every form that the language has."""

from hypothesis import strategies as st

from monitor.errors import QueryError
from monitor.match import Query, parse_query
from monitor.model import ItemText

WORDS = (
    "border", "borders", "frontera", "fronteras", "cartel", "cárteles", "Carteles", "ICE", "ice", "niño", "U.S.",
    "México", "mexico", "smuggling", "smuggler", "túnel", "tunnels", "EE.UU.", "peso's", "2025", "wall", "muro",
    "ø-gate", "aduana",
)  # fmt: skip
FIELDS = ("title", "summary", "body", "source", "url", "author", "tag", "lang")

_plain = st.sampled_from([word for word in WORDS if word.isalnum()])
_phrase = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(lambda words: f'"{" ".join(words)}"')
_term = st.one_of(
    _plain,
    _phrase,
    _phrase.map(lambda phrase: f"={phrase}"),
    st.tuples(_phrase, st.integers(1, 4)).map(lambda pair: f"{pair[0]}~{pair[1]}"),
    st.sampled_from(["smug*", "front*", "tune*", "cart*", "bord*"]),
)
_nearable = st.one_of(
    _term, st.lists(_term, min_size=2, max_size=3).map(lambda parts: f"({' OR '.join(parts)})")
)
_near = st.tuples(_nearable, st.sampled_from(["NEAR/2", "ONEAR/3", "NEAR/20"]), _nearable).map(
    lambda parts: f"({' '.join(parts)})"
)


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    several = st.lists(inner, min_size=2, max_size=4)
    return st.one_of(
        several.map(lambda parts: f"({' AND '.join(parts)})"),
        several.map(lambda parts: f"({' OR '.join(parts)})"),
        several.map(lambda parts: f"ATLEAST/2({', '.join(parts)})"),
        inner.map(lambda part: f"(NOT {part})"),
        st.tuples(st.sampled_from(FIELDS), inner).map(lambda pair: f"{pair[0]}:({pair[1]})"),
    )


def _parsed(text: str) -> Query | None:
    try:
        return parse_query(text)
    except QueryError:  # nothing but NOTs, a field in a NEAR, and so on
        return None


query_texts = st.recursive(st.one_of(_term, _near), _larger, max_leaves=8).filter(
    lambda text: _parsed(text) is not None
)
_words = st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)
item_texts = st.builds(
    ItemText,
    title=_words,
    summary=_words,
    body=_words,
    language=st.sampled_from(["en", "es-MX", "und"]),
    url=st.sampled_from(["", "https://border.example/muro/t%C3%BAnel", "https://paper.example/ice"]),
    source=st.sampled_from(["", "Border Report", "La Frontera"]),
    author=st.sampled_from(["", "Ice Smuggler"]),
    tags=st.lists(st.sampled_from(WORDS), max_size=2).map(tuple),
)
