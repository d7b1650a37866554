"""Answers read from bytes, whole, cut, broken and hostile."""

import contextlib

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.net.answer import HEAD_BYTES, HEAD_FIELDS, Answer

OK = b"HTTP/1.1 200 OK\r\n"


def read(data: bytes, *, cuts: list[int] | None = None, no_body: bool = False) -> tuple[Answer, bytes]:
    """Feed `data` in pieces of the given sizes, then the rest, and return what came out."""
    answer, body = Answer(no_body=no_body), b""
    for cut in [*(cuts or []), len(data) or 1]:
        if data:
            answer.feed(data[:cut])
            data = data[cut:]
            body += answer.take()
    return answer, body


@pytest.mark.parametrize(
    ("wire", "body", "reusable"),
    [
        (OK + b"Content-Length: 5\r\n\r\nhello", b"hello", True),
        (OK + b"content-LENGTH:5\r\n\r\nhello", b"hello", True),
        (OK + b"Content-Length: 0\r\n\r\n", b"", True),
        (OK + b"Connection: close\r\nContent-Length: 5\r\n\r\nhello", b"hello", False),
        (OK + b"Content-Length: 5\r\n\r\nhelloJUNK", b"hello", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello", False),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello", b"hello", True),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;a=b\r\nllo\r\n0\r\n\r\n", b"hello", True),
        (OK + b"Transfer-Encoding: Chunked\r\n\r\n5 \r\nhello\r\n0\r\nX: trailer\r\n\r\n", b"hello", True),
        (OK + b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", b"ok", False),
        (b"HTTP/1.1 204 None\r\n\r\n", b"", True),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", b"", True),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello", b"", False),
        (b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", b"", True),
        (b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok", b"ok", True),
        (
            b"HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 102 On\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok",
            b"ok",
            True,
        ),
        (OK + b"Upgrade: h2,h2c\r\nConnection: Upgrade\r\nContent-Length: 2\r\n\r\nok", b"ok", True),
        (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", b"ok", True),
    ],
)
@given(cuts=st.lists(st.integers(1, 40), max_size=20))
def test_an_answer_is_read_to_its_end_wherever_it_is_cut(
    wire: bytes,
    body: bytes,
    reusable: bool,  # noqa: FBT001 - a column of the table
    cuts: list[int],
) -> None:
    answer, got = read(wire, cuts=cuts)
    assert answer.head is not None
    assert answer.head.status in {200, 204, 304}
    assert (got, answer.complete, answer.reusable) == (body, True, reusable)


def test_a_body_without_a_length_ends_with_the_connection() -> None:
    answer, body = read(OK + b"\r\nhel" + b"lo", cuts=[20])
    assert not answer.complete
    answer.end()
    assert (body, answer.complete, answer.reusable) == (b"hello", True, False)


def test_names_values_and_reason_are_kept_as_they_were_sent() -> None:
    wire = b'HTTP/1.1 200 Muy\xe9 bien\r\neTaG: W/"\xc3\xb1 \xff"\r\nX-Empty:\r\n'
    wire += b"X-Folded: a\r\n  b\r\nA:  1 \r\nA: 2\r\n"
    answer, _ = read(wire + b"Content-Length: 0\r\n\r\n", cuts=[3, 15, 9, 6])
    assert answer.head is not None
    assert answer.head.reason == b"Muy\xe9 bien"
    names = [name for name, _ in answer.head.fields]
    assert names == [b"eTaG", b"X-Empty", b"X-Folded", b"A", b"A", b"Content-Length"]
    values = [value for _, value in answer.head.fields]
    assert values[:2] == [b'W/"\xc3\xb1 \xff"', b""]
    assert values[2].split() == [b"a", b"b"]
    assert b"\r" not in values[2]
    assert values[3:5] == [b"1", b"2"]


@pytest.mark.parametrize(
    ("wire", "words"),
    [
        (b"220 mail.example ESMTP\r\n", "begins with b'220 mail"),
        (b"\x16\x03\x01\x00", "begins with"),
        (b"<html>", "begins with"),
        (b"ICY 200 OK\r\n\r\n", "begins with"),
        (b"RTSP/1.0 200 OK\r\n\r\n", "begins with"),
        (b"HTTP/1.1 2x0 OK\r\n\r\n", "status"),
        (b"HTTP/1.1 20 OK\r\n\r\n", "status"),
        (b"HTTP/1.1 099 OK\r\n\r\n", "says HTTP/1.1 99"),
        (b"HTTP/2.0 200 OK\r\n\r\n", "says HTTP/2.0"),
        (b"HTTP/0.9 200 OK\r\n\r\n", "says HTTP/0.9"),
        (b"HTTP/1.1 101 Yes\r\nUpgrade: h2\r\nConnection: Upgrade\r\n\r\n", "switches protocols"),
        (OK + b"no colon\r\n\r\n", "header"),
        (OK + b"Bad Name: x\r\n\r\n", "header"),
        (OK + b": x\r\n\r\n", "header"),
        (OK + b"A: x\0y\r\n\r\n", "NUL"),
        (OK + b"Content-Length: -1\r\n\r\n", "Content-Length"),
        (OK + b"Content-Length: 1e3\r\n\r\n", "Content-Length"),
        (OK + b"Content-Length: 99999999999999999999999\r\n\r\n", "Content-Length"),
        (OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", "Content-Length"),
        (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n", "'gzip, chunked', not chunked"),
        (OK + b"Transfer-Encoding: identity\r\n\r\n", "not chunked"),
        (OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", "not chunked"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", "chunk size"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", "[Cc]hunk size"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nokXX", "chunk"),
    ],
)
def test_what_is_not_proper_http_is_refused_with_a_reason(wire: bytes, words: str) -> None:
    with pytest.raises(httpx.RemoteProtocolError, match=words):
        read(wire)
    with pytest.raises(httpx.RemoteProtocolError):
        read(wire, cuts=[1] * len(wire))


@pytest.mark.parametrize(
    ("wire", "words"),
    [
        (b"", "disconnected without"),
        (b"HTTP/1.1 200", "within the head"),
        (OK + b"A: b\r\n", "within the head"),
        (b"HTTP/1.1 100 Go\r\n\r\n", "within the head"),
        (OK + b"Content-Length: 5\r\n\r\nhell", "before the end of the body"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "before the end of the body"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", "before the end of the body"),
    ],
)
def test_an_end_too_early_is_an_error(wire: bytes, words: str) -> None:
    answer, _ = read(wire)
    with pytest.raises(httpx.RemoteProtocolError, match=words):
        answer.end()


@pytest.mark.parametrize("size", [1, 100, 65_536, 10_000_000])
def test_a_head_over_its_limits_is_refused_in_pieces_and_at_once(size: int) -> None:
    """By number, by size, by one endless field, by one endless status line, by interim answers without end."""
    many = OK + b"".join(b"X-%d: 1\r\n" % number for number in range(9_000))
    large = OK + b"".join(b"X-%d: %s\r\n" % (number, b"v" * 2_000) for number in range(100))
    for wire, words in (
        (many + b"\r\n", f"more than {HEAD_FIELDS} header fields"),
        (large + b"\r\n", "head of the answer is over"),
        (OK + b"X: " + b"v" * 200_000, "head of the answer is over"),
        (b"HTTP/1.1 200 " + b"o" * 200_000, "head of the answer is over"),
        (b"HTTP/1.1 102 On\r\n\r\n" * 20_000, "head of the answer is over"),
    ):
        with pytest.raises(httpx.RemoteProtocolError, match=words):
            read(wire, cuts=[size] * (len(wire) // size))


def test_a_head_at_its_limits_is_read() -> None:
    fields = b"".join(b"X-%d: 1\r\n" % number for number in range(HEAD_FIELDS - 1))
    answer, body = read(OK + fields + b"Content-Length: 2\r\n\r\nok")
    assert (body, answer.complete) == (b"ok", True)
    long = b"X: " + b"v" * (HEAD_BYTES - 100) + b"\r\n"
    answer, body = read(OK + long + b"Content-Length: 2\r\n\r\nok")
    assert (body, answer.complete) == (b"ok", True)


@pytest.mark.parametrize("flood", [b"5;" + b"x" * 500_000, b"0\r\n" + b"A: b\r\n" * 50_000])
def test_framing_without_body_is_refused(flood: bytes) -> None:
    """A chunk extension or a trailer without end carries nothing that a limit on the body would count."""
    with pytest.raises(httpx.RemoteProtocolError, match=r"framing|header fields"):
        read(OK + b"Transfer-Encoding: chunked\r\n\r\n" + flood, cuts=[1000] * 600)


def test_chunks_of_one_byte_are_no_flood() -> None:
    wire = OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 50_000 + b"0\r\n\r\n"
    answer, body = read(wire, cuts=[1000] * 300)
    assert (len(body), answer.complete) == (50_000, True)


def test_an_answer_to_head_or_connect_ends_with_its_head() -> None:
    answer, body = read(OK + b"Content-Length: 500\r\n\r\n", no_body=True)
    assert (body, answer.complete, answer.reusable) == (b"", True, False)


LIKELY = (
    OK, b"HTTP/1.1 100 A\r\n", b"\r\n", b"A: b\r\n", b"2\r\n", b"ok\r\n", b"0\r\n\r\n", b"\n", b"\0", b" ",
    b"Transfer-Encoding: chunked\r\n", b"Content-Length: 2\r\n", b"ok",
)  # fmt: skip


@given(st.lists(st.binary(min_size=1, max_size=60) | st.sampled_from(LIKELY), max_size=12))
def test_no_bytes_raise_anything_else(pieces: list[bytes]) -> None:
    answer = Answer()
    with contextlib.suppress(httpx.RemoteProtocolError):
        for piece in pieces:
            answer.feed(piece)
        answer.end()
        assert answer.complete
