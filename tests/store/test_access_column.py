"""How a feed is reached survives the store, and the store's text names places, not secrets."""

import json

from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Access, BasicAuth, BearerAuth, SecretKind, SecretRef
from monitor.store.access_column import access_of, access_text

REFERENCES = st.builds(SecretRef, kind=st.sampled_from(SecretKind), name=st.text(max_size=8))
VALUES = st.text(max_size=8) | REFERENCES
ACCESS = st.builds(
    Access,
    headers=st.lists(st.tuples(st.text(max_size=8), VALUES), max_size=3).map(tuple),
    auth=st.none()
    | st.builds(BasicAuth, username=st.text(max_size=8), password=REFERENCES)
    | st.builds(BearerAuth, token=REFERENCES),
    cookie=st.none() | REFERENCES,
    proxy=st.none() | st.text(min_size=1, max_size=8) | REFERENCES,
    ca_file=st.text(max_size=8),
)


@given(ACCESS)
def test_it_reads_back_as_it_was_written(access: Access) -> None:
    text = access_text(access)
    assert access_of(text) == access
    assert access_text(access_of(text)) == text, "what did not change must not look changed"


@given(ACCESS, ACCESS)
def test_different_access_is_different_text(one: Access, other: Access) -> None:
    assert (access_text(one) == access_text(other)) == (one == other)


def test_the_text_of_nothing_is_the_columns_default() -> None:
    assert access_text(Access()) == "{}"


def test_the_text_is_the_shape_that_is_documented() -> None:
    ref = SecretRef(kind=SecretKind.FILE, name="pw")
    access = Access(
        headers=(("X-Key", ref), ("Accept", "text/xml")),
        auth=BasicAuth(username="ana", password=ref),
        proxy="http://proxy:3128",
    )
    assert json.loads(access_text(access)) == {
        "headers": [["X-Key", {"file": "pw"}], ["Accept", "text/xml"]],
        "auth": {"basic": {"username": "ana", "password": {"file": "pw"}}},
        "proxy": "http://proxy:3128",
    }
