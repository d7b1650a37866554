import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import StoreError
from monitor.store import Sealer

KEY = b"k" * 32


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
def test_what_is_sealed_opens_again(plain: str, context: str) -> None:
    sealer = Sealer(KEY)
    sealed = sealer.seal(plain, context=context)
    assert Sealer(KEY).open(sealed, context=context) == plain


def test_sealing_the_same_twice_looks_different() -> None:
    sealer = Sealer(KEY)
    assert sealer.seal("whsec_1", context="c") != sealer.seal("whsec_1", context="c")


@pytest.mark.parametrize("context", ["channel:b", "", "channel:a "])
def test_a_sealed_value_belongs_to_its_place(context: str) -> None:
    sealed = Sealer(KEY).seal("whsec_1", context="channel:a")
    with pytest.raises(StoreError, match="cannot be opened"):
        Sealer(KEY).open(sealed, context=context)


def test_every_changed_byte_is_noticed_and_no_message_tells_the_secret() -> None:
    sealed = Sealer(KEY).seal("whsec_hidden", context="channel:a")
    for place in range(len(sealed)):
        tampered = bytes(byte ^ (1 if at == place else 0) for at, byte in enumerate(sealed))
        with pytest.raises(StoreError) as caught:
            Sealer(KEY).open(tampered, context="channel:a")
        assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("length", [0, 1, 5, 13, 28])
def test_a_value_cut_short_is_refused(length: int) -> None:
    sealed = Sealer(KEY).seal("", context="c")
    with pytest.raises(StoreError):
        Sealer(KEY).open(sealed[:length], context="c")


def test_another_key_opens_nothing_and_the_message_says_what_to_do() -> None:
    sealed = Sealer(KEY).seal("whsec_1", context="channel:a")
    with pytest.raises(
        StoreError, match=r"channel:a cannot be opened.*former key, or enter the secret again"
    ):
        Sealer(Sealer.new_key()).open(sealed, context="channel:a")


def test_a_key_has_32_bytes() -> None:
    assert len(Sealer.new_key()) == 32
    assert Sealer.new_key() != Sealer.new_key()
    with pytest.raises(StoreError, match="has 5 bytes and needs 32"):
        Sealer(b"short")


@given(st.text(), st.text())
def test_a_fingerprint_is_the_same_each_time_and_tells_its_key_context_and_text_apart(
    one: str, other: str
) -> None:
    made = Sealer(KEY).fingerprint(one, context="address")
    assert made == Sealer(KEY).fingerprint(one, context="address")
    assert len(made) == 64
    assert (made == Sealer(KEY).fingerprint(other, context="address")) == (one == other)
    assert made != Sealer(b"x" * 32).fingerprint(one, context="address")
    assert made != Sealer(KEY).fingerprint(one, context="name")
