# ruff: noqa: E501 - whole messages
"""[groups] of a watchlist file: who gets which, what is wrong with them and where, and what a plan says of a change."""

from typing import Any

import pytest

from monitor.errors import ConfigError, Problem

WATCHLIST = """\
name = "line"

[groups]
places = '''
Tijuana OR @texas
'''
texas = "Laredo OR 'x'"

[[topic]]
slug = "tunnels"
name = "Tunnels"
query = '''
tunnel AND @places
'''

[[topic]]
slug = "wall"
name = "Wall"
query = "wall"
""".replace("'x'", "Pharr")


def problems(folder: Any, text: str) -> tuple[Problem, ...]:
    folder.write("watchlists/line.toml", text)
    with pytest.raises(ConfigError) as refused:
        folder.desired()
    return refused.value.problems


def test_a_topic_carries_the_groups_that_it_uses(folder: Any) -> None:
    folder.write("watchlists/line.toml", WATCHLIST)
    tunnels, wall = folder.desired().topics
    assert tunnels.groups == (("places", "Tijuana OR @texas"), ("texas", "Laredo OR Pharr"))
    assert wall.groups == ()


def test_groups_belong_to_their_file(folder: Any) -> None:
    folder.write("watchlists/line.toml", WATCHLIST)
    folder.write(
        "watchlists/other.toml",
        'name = "other"\n[groups]\nplaces = "Ohio"\n[[topic]]\nslug = "o"\nname = "O"\nquery = "x @places"\n',
    )
    assert {topic.slug: dict(topic.groups).get("places") for topic in folder.desired().topics} == {
        "tunnels": "Tijuana OR @texas",
        "wall": None,
        "o": "Ohio",
    }


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (
            "@texas",
            "@texs",
            [
                (5, 12, "groups.places", "group 'places': no group is called @texs", "did you mean @texas?"),
                (7, 1, "groups.texas", "no topic uses the group 'texas'", "write @texas in one, or remove it"),
            ],
        ),
        (
            "Laredo OR",
            "Laredo AND NOT OR",
            [(7, 25, "groups.texas", "group 'texas': OR joins two terms, and the one before it is missing", "add it, or remove OR")],
        ),
        (
            "OR Pharr",
            "OR @places",
            [
                (
                    5,
                    12,
                    "groups.places",
                    "group 'places': @places uses itself: @places → @texas → @places",
                    "write out in one of them what it needs of the next",
                )
            ],
        ),
        (
            "AND @places",
            "AND @place",
            [
                (4, 1, "groups.places", "no topic uses the group 'places'", "a query uses @place: did it mean @places?"),
                (7, 1, "groups.texas", "no topic uses the group 'texas'", "write @texas in one, or remove it"),
                (13, 12, "topic[0].query", "topic 'tunnels': no group is called @place", "did you mean @places?"),
            ],
        ),
        (
            'query = "wall"',
            'query = "wall OR -@places"',
            [(19, 19, "topic[1].query", "topic 'wall': this query would also match texts that contain none of its words, because of NOT @places", "NOT only takes away: join it with AND to a word that must be there, as in: fentanyl AND NOT opera")],
        ),
        (
            "texas = ",
            "Texas = ",
            [
                (5, 12, "groups.places", "group 'places': no group is called @texas", "did you mean @Texas?"),
                (7, 1, "groups.Texas", "'Texas' is no slug", "use lower-case letters a-z, digits and single hyphens, at most 64: 'el-paso-matters'"),
            ],
        ),
    ],
    ids=["unknown in a group", "not in the language", "circle", "unknown in a query", "negative", "no name"],
)  # fmt: skip
def test_problems_of_groups_name_their_own_place(
    folder: Any, old: str, new: str, found: list[tuple[int, int, str, str, str]]
) -> None:
    assert old in WATCHLIST
    said = problems(folder, WATCHLIST.replace(old, new))
    assert [(each.line, each.column, each.path, each.message, each.hint) for each in said] == found


@pytest.mark.parametrize("written", ["groups = 5", "[groups]\nplaces = 5", "[[groups]]\nplaces = 'x'"])
def test_groups_of_another_kind_are_problems_and_not_crashes(folder: Any, written: str) -> None:
    text = 'name = "n"\n' + written + '\n[[topic]]\nslug = "o"\nname = "O"\nquery = "x"\n'
    assert any(each.path.startswith("groups") for each in problems(folder, text))
