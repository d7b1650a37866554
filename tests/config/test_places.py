import datetime as dt
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config.places import Path as KeyPath
from monitor.config.places import line_column, locate, string_offsets

ROOT = Path(__file__).parents[2]

TRICKY = '''
# a comment with = and [brackets] and "quotes"
top = 1   # trailing
"quoted key".'other.key' = "a # is no comment here"
dotted.a.b = [1, [2, 3], {x = "},]", y = [ ]}, # comment in an array
  'last',
]
when = 1979-05-27 07:32:00
empty = ""
empty_literal = ''
multi = """
first \\"quoted\\" line
second "" line \\
     folded"""
literal = \'\'\'raw \\ 'quotes' \'\'\'\'
[table . "with spaces"]
k={a=1,b={c=[true,false]}}
[[topic]]
slug = "one"
[[topic.must_match]]
title = "a"
[[topic.must_match]]
title = "b"
[[topic]]
slug = "two"
[topic.extra]
n = -1.5e3
[[topic.must_match]]
title = "c"
'''


def leaves(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Every value in a TOML document that is not a table, with its path."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    else:
        yield path, value
        if isinstance(value, list):
            for index, inner in enumerate(value):
                yield from leaves(inner, (*path, index))


def assert_every_value_is_where_it_is_said_to_be(text: str) -> None:
    places = locate(text)
    for path, value in leaves(tomllib.loads(text)):
        place = places[path]
        raw = text[place.start : place.end]
        if not raw.startswith("[["):  # an array of tables stands at its first header
            assert tomllib.loads(f"value = {raw}")["value"] == value, path


def test_values_of_a_tricky_document_are_found() -> None:
    assert_every_value_is_where_it_is_said_to_be(TRICKY)


@pytest.mark.parametrize("file", sorted((ROOT / "config").rglob("*.toml")), ids=lambda file: file.name)
def test_values_of_the_shipped_files_are_found(file: Path) -> None:
    assert_every_value_is_where_it_is_said_to_be(file.read_text(encoding="utf-8"))


def test_tables_are_found_at_their_own_headers() -> None:
    places = locate(TRICKY)
    assert TRICKY[places["topic", 1, "must_match", 0].key :].startswith('[[topic.must_match]]\ntitle = "c"')
    assert TRICKY[places["topic", 0].key :].startswith('[[topic]]\nslug = "one"')
    assert TRICKY[places["topic", 1, "slug"].key :].startswith('slug = "two"')


text_values = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
scalars = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.dates(min_value=dt.date(1, 1, 1)).map(lambda day: day),
    text_values,
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text_values, inner, max_size=4),
    max_leaves=12,
)


@st.composite
def spacing(draw: st.DrawFn) -> str:
    return draw(st.sampled_from(["", " ", "  ", "\t"]))


def basic_string(value: str) -> str:
    escaped = "".join(
        f"\\u{ord(c):04x}" if c < " " or c == "\x7f" else f"\\{c}" if c in '"\\' else c for c in value
    )
    return f'"{escaped}"'


def written(draw: st.DrawFn, value: Any) -> str:
    """Write a value as TOML with random blanks."""
    gap = draw(spacing())
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return repr(value)
        case dt.date():
            return value.isoformat()
        case str():
            return basic_string(value)
        case list():
            inner = f",{gap}".join(written(draw, each) for each in value)
            return f"[{gap}{inner}{gap}]"
        case dict():
            pairs = f",{gap}".join(
                f"{basic_string(key)}{gap}={gap}{written(draw, each)}" for key, each in value.items()
            )
            return f"{{{gap}{pairs}{gap}}}"
    raise AssertionError(value)


@st.composite
def documents(draw: st.DrawFn) -> str:
    tables = draw(st.lists(st.dictionaries(text_values, values, max_size=4), max_size=4))
    lines = []
    for table in tables:
        lines += [
            "",
            "[[table]] # note",
            *(f"{basic_string(k)} = {written(draw, v)}" for k, v in table.items()),
        ]
    return "\n".join(lines)


@given(documents())
def test_values_of_any_document_are_found(text: str) -> None:
    assert_every_value_is_where_it_is_said_to_be(text)


@given(text_values)
def test_each_character_of_a_string_is_traced_to_its_place(value: str) -> None:
    text = f"key = {basic_string(value)}"
    offsets = string_offsets(text, locate(text)["key",])
    assert len(offsets) == len(value) + 1
    ends = [*offsets[1:]]
    decoded = [
        tomllib.loads(f'k = "{text[start:end]}"')["k"] for start, end in zip(offsets, ends, strict=False)
    ]
    assert decoded == list(value)


def test_lines_of_a_multi_line_string_are_traced_across_escapes_and_folds() -> None:
    text = tomllib_text = 'q = """\nalpha \\"beta\\"\ngamma \\\n    delta"""\n'
    decoded = tomllib.loads(tomllib_text)["q"]
    offsets = string_offsets(text, locate(text)["q",])
    for word in ("alpha", "beta", "gamma", "delta"):
        start = offsets[decoded.index(word)]
        assert text[start : start + len(word)] == word
    assert line_column(text, offsets[decoded.index("delta")]) == (4, 5)
