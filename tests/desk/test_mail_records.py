"""Records of mail domains, good and bad."""

import base64

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from monitor.desk.doctor import Grade
from monitor.desk.mail_records import aligned, dmarc_names, judge_dkim, judge_dmarc, judge_spf

DOMAIN = "news.example"


@pytest.mark.parametrize(
    ("records", "grade", "said"),
    [
        ([], Grade.FAIL, "no record"),
        (["google-site-verification=x", "v=spf10 -all"], Grade.FAIL, "no record"),
        (["v=spf1 mx -all"], Grade.OK, "v=spf1 mx -all"),
        (["V=SPF1 mx ~ALL"], Grade.OK, "~ALL"),
        (["v=spf1 redirect=_spf.mail.example"], Grade.OK, "redirect"),
        (["v=spf1 mx"], Grade.WARN, "forbids nobody"),
        (["v=spf1 mx ?all"], Grade.WARN, "forbids nobody"),
        (["v=spf1 +all"], Grade.FAIL, "anybody"),
        (["v=spf1 mx -all", "v=spf1 a -all"], Grade.FAIL, "2 records"),
    ],
)
def test_spf(records: list[str], grade: Grade, said: str) -> None:
    finding = judge_spf(records, DOMAIN, "relay.example")
    assert finding.grade is grade
    assert said in finding.found
    if not records:
        assert finding.advice.startswith('news.example. TXT "v=spf1 a:relay.example -all"')


def public_key(bits: int) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return base64.b64encode(key.public_bytes(serialization.Encoding.DER, form)).decode()


def test_dkim() -> None:
    def grade(*records: str) -> Grade:
        return judge_dkim(records, "s1", DOMAIN).grade

    assert grade(f"v=DKIM1; k=rsa; p={public_key(2048)}") is Grade.OK
    assert grade(f"p={public_key(1024)}") is Grade.WARN
    assert grade("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=") is Grade.OK
    assert grade() is Grade.FAIL
    assert grade("v=DKIM1; k=rsa; p=") is Grade.FAIL
    assert grade("v=DKIM1; k=rsa; p=not base64!") is Grade.FAIL
    ours = f"v=DKIM1; k=rsa; p={public_key(2048)}"
    assert judge_dkim([ours], "s1", DOMAIN, ours=ours).grade is Grade.OK
    other = judge_dkim([f"p={public_key(2048)}"], "s1", DOMAIN, ours=ours)
    assert other.grade is Grade.FAIL
    assert ours in other.advice
    assert ours in judge_dkim([], "s1", DOMAIN, ours=ours).advice
    assert "withdrawn" in judge_dkim(["v=DKIM1; p="], "s1", DOMAIN).found


@pytest.mark.parametrize(
    ("records", "grade"),
    [
        ([], Grade.FAIL),
        (["v=DMARC1; p=none; rua=mailto:a@news.example"], Grade.OK),
        (["v=DMARC1; p=reject"], Grade.WARN),
        (["v=DMARC1; p=maybe"], Grade.FAIL),
        (["v=DMARC1; p=none", "v=DMARC1; p=reject"], Grade.FAIL),
    ],
)
def test_dmarc(records: list[str], grade: Grade) -> None:
    assert judge_dmarc(records, "_dmarc.news.example", DOMAIN).grade is grade


def test_a_policy_may_stand_at_a_parent() -> None:
    assert dmarc_names("a.news.example") == ["_dmarc.a.news.example", "_dmarc.news.example"]
    assert dmarc_names("localhost") == ["_dmarc.localhost"]
    assert aligned("bounces.News.example", "news.example")
    assert not aligned("bignews.example", "news.example")


@given(st.lists(st.text(max_size=80), max_size=4))
def test_no_record_breaks_a_judgement(records: list[str]) -> None:
    for prefix in ("", "v=spf1 ", "v=DKIM1; p=", "v=DMARC1; p="):
        made = [prefix + record for record in records]
        judge_spf(made, DOMAIN, "r")
        judge_dkim(made, "s", DOMAIN)
        judge_dmarc(made, "_dmarc.x", DOMAIN)
