"""Texts out of pages: what is read, what is refused, and what a hostile page costs."""

import gzip
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.fetch.article import Article, decode_page, from_wire, read_article, to_wire
from monitor.fetch.pool import ParserPool, TaskKilled
from monitor.text.gate import TEXT_LIMIT
from tests.fetch.news_pages import ENGLISH, SPANISH, page

HTML = {"content-type": "text/html; charset=utf-8"}
AROUND = (
    "cookie",
    "galletas",
    "Deportes",
    "zeppelin",
    "dirigible",
    "Copyright",
    "tracking",
    "<",
    "All rights",
)


@pytest.mark.parametrize(("paragraphs", "language"), [(ENGLISH, "en"), (SPANISH, "es")])
def test_the_article_is_read_whole_and_nothing_around_it(paragraphs: tuple[str, ...], language: str) -> None:
    found = read_article(page(paragraphs, language=language).encode(), headers=HTML)
    assert found.refusal == ""
    for paragraph in paragraphs:
        assert paragraph in found.text
    assert [words for words in AROUND if words in found.text] == []
    assert "\n" not in found.text


@pytest.mark.parametrize(
    ("charset", "declared"),
    [
        ("utf-8", "iso-8859-1"), ("utf-8", ""), ("utf-8", "no-such-charset"), ("latin-1", "iso-8859-1"),
        ("cp1252", "windows-1252"), ("latin-1", "utf-8"), ("utf-16", "utf-8"), ("utf-8-sig", "latin-1"),
        ("latin-1", "idna"), ("latin-1", "zlib"),
    ],
)  # fmt: skip
def test_a_page_is_read_in_its_real_charset_whatever_it_declares(charset: str, declared: str) -> None:
    body = page(SPANISH, language="es").replace("utf-8", declared or "utf-8").encode(charset)
    headers = {"content-type": f"text/html; charset={declared}" if declared else "text/html"}
    assert "los próximos días" in read_article(body, headers=headers).text


def test_a_charset_that_only_the_page_declares_counts() -> None:
    body = page(SPANISH).replace("utf-8", "iso-8859-2").encode("iso-8859-2", "replace")
    assert "días" in decode_page(body, "text/html")


@given(st.binary(max_size=300), st.text(max_size=40))
def test_any_bytes_under_any_declaration_are_decoded(body: bytes, declared: str) -> None:
    text = decode_page(body, f"text/html; charset={declared}")
    assert "\x00" not in text


@pytest.mark.parametrize("kind", ["application/pdf", "image/jpeg", "application/json", "text/plain"])
def test_what_is_no_page_is_refused(kind: str) -> None:
    found = read_article(page().encode(), headers={"content-type": kind})
    assert found == Article(refusal=f"the address is no page of HTML ({kind})")


def test_a_page_without_a_type_is_known_by_its_beginning() -> None:
    assert read_article(page().encode(), headers={}).text
    assert "nothing says what it is" in read_article(b"%PDF-1.7 " * 99, headers={}).refusal


def test_a_page_without_an_article_is_refused() -> None:
    found = read_article(page(("Short.",)).encode(), headers=HTML)
    assert "no article was found" in found.refusal


@pytest.mark.parametrize(
    "notice",
    [
        "<p>Subscribe to continue reading this story.</p>",
        "<p>Suscríbete para seguir leyendo esta nota.</p>",
        '<script type="application/ld+json">{"isAccessibleForFree": "False"}</script>',
    ],
)
def test_what_a_paywall_leaves_is_refused(notice: str) -> None:
    stub = page((*ENGLISH[:2], "")).replace("</article>", f"{notice}</article>")
    assert "for subscribers" in read_article(stub.encode(), headers=HTML).refusal


def test_a_long_article_with_an_offer_in_it_is_read() -> None:
    long = page(
        (*ENGLISH, "Subscribe to continue reading our letter.", *(f"{text} Again." for text in ENGLISH * 3))
    )
    assert read_article(long.encode(), headers=HTML).refusal == ""


def test_a_text_is_cut_at_the_gates_limit() -> None:
    many = tuple(f"{number}: {ENGLISH[number % 3]}" for number in range(900))
    text = read_article(page(many).encode(), headers=HTML).text
    assert TEXT_LIMIT - 100 < len(text) <= TEXT_LIMIT


@settings(max_examples=30, deadline=None)
@given(st.text(alphabet="<>/abp =\"'&;\x00\x01é\u202e \n", max_size=400))
def test_rubbish_in_a_page_neither_raises_nor_gets_through(rubbish: str) -> None:
    found = read_article(page((rubbish, *ENGLISH)).encode(), headers=HTML)
    assert bool(found.text) != bool(found.refusal)
    assert not set(found.text) & {"\x00", "\x01", "\u202e"}
    assert from_wire(to_wire(found)) == found


@pytest.fixture
async def parsers() -> AsyncIterator[ParserPool]:
    made = ParserPool(1, cpu_seconds=5, memory_bytes=256 * 1024 * 1024, wall_seconds=20)
    yield made
    await made.close()


async def ask(parsers: ParserPool, body: bytes) -> Article:
    return from_wire(await parsers.run("article", {"headers": HTML}, body))


async def test_the_least_memory_that_can_be_configured_is_enough(parsers: ParserPool) -> None:
    assert ENGLISH[1] in (await ask(parsers, page(ENGLISH * 300).encode())).text


@pytest.mark.parametrize(
    "body",
    [
        b"<div>" * 200_000,
        b"<html><body>" + b"<div>x" * 170_000,
        b"<html><head>" + b"<script>var a = '<p>fentanyl</p>';</script>" * 25_000,
        b"<html><body>" + b"<table><tr><td>" * 70_000,
        b"<html><body " + b"a=b " * 250_000 + b">",
        bytes(range(256)) * 4000,
        gzip.compress(b"<html><p>" + b"fentanyl " * 10_000_000),  # no content encoding was taken off it
    ],
    ids=["divs", "open divs", "scripts", "tables", "attributes", "noise", "gzip"],
)
async def test_a_hostile_page_gives_no_text_and_the_child_goes_on(parsers: ParserPool, body: bytes) -> None:
    try:
        found = await ask(parsers, body)
    except TaskKilled as killed:
        assert "was stopped" in str(killed) or "died" in str(killed)  # noqa: PT017 - either end will do
    else:
        assert found.text == ""
        assert found.refusal
    assert ENGLISH[1] in (await ask(parsers, page().encode())).text


async def test_a_page_that_outlasts_its_child_ends_it_and_the_next_is_read() -> None:
    nested = b"<html><body><article>" + b"<b><i><p>texto " * 60_000
    pool = ParserPool(1, cpu_seconds=1, memory_bytes=1024**3, wall_seconds=20)
    try:
        with pytest.raises(TaskKilled, match="more than 1 s of CPU"):
            await ask(pool, nested)
        assert ENGLISH[1] in (await ask(pool, page().encode())).text
    finally:
        await pool.close()


def test_a_child_that_reads_feeds_never_loads_the_extractor() -> None:
    code = "import sys, monitor.fetch.worker; sys.exit('trafilatura' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
