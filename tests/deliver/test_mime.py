"""A message's bytes, read back by the library's parser."""

from email import message_from_bytes
from email.policy import default

from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.deliver.mail.mime import mail_bytes

LINES = st.text(
    st.characters(exclude_characters="\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029", exclude_categories=["Cs"])
)


@settings(deadline=None)
@given(lines=st.lists(LINES, max_size=8))
@example(lines=[".", "From here", "=", "a " * 200, "ñ" * 500, "trailing \t", "-- ", "--=_x"])
def test_what_is_written_is_what_is_read(lines: list[str]) -> None:
    text = "\n".join([*lines, "end"])
    payload = mail_bytes([("Subject", "x")], text=text, html=f"<p>{text}</p>", uid="u")
    assert payload.isascii()
    assert b"\n" not in payload.replace(b"\r\n", b"")
    assert max(map(len, payload.split(b"\r\n"))) <= 78
    assert b"\r\n.\r\n" not in payload
    message = message_from_bytes(payload, policy=default)
    plain, html = message.iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert plain.get_content().replace("\r\n", "\n") == f"{text}\n"
    assert html.get_content().replace("\r\n", "\n") == f"<p>{text}</p>\n"
    assert not message.defects
