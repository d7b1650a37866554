"""Return addresses: made, found again, and not to be made by others."""

from hypothesis import given
from hypothesis import strategies as st

from monitor.deliver.bounces.verp import bounce_key, return_address, sealed_uids

KEY = bounce_key(b"k" * 32)
UIDS = st.from_regex(r"msg_[0-9a-f]{32}", fullmatch=True)


@given(UIDS)
def test_an_address_leads_back_to_its_delivery_whatever_became_of_its_case(uid: str) -> None:
    made = return_address("bounces@news.example", uid, key=KEY)
    assert len(made.partition("@")[0]) <= 64
    for text in (f"<{made}>", made.upper(), f"x-original-to: {made}, other@news.example"):
        assert sealed_uids("bounces@news.example", text, key=KEY) == ([uid], [])


@given(UIDS, UIDS)
def test_a_seal_does_not_fit_another_delivery_or_key(uid: str, other: str) -> None:
    made = return_address("bounces@news.example", uid, key=KEY)
    assert sealed_uids("bounces@news.example", made, key=bounce_key(b"x" * 32))[0] == []
    if other != uid:
        good, forged = sealed_uids("bounces@news.example", made.replace(uid, other), key=KEY)
        assert good == []
        assert len(forged) == 1


def test_other_addresses_are_none_and_a_long_id_does_without() -> None:
    assert sealed_uids("bounces@news.example", "xbounces+a-0123456789ab@news.example", key=KEY) == ([], [])
    assert return_address("bounces@news.example", "x" * 60, key=KEY) == "bounces@news.example"
