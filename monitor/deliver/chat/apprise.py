"""Chat services through Apprise, an optional extra: a few services only, one target a delivery, text and nothing else.

The channel's secret is its Apprise URL; it stands in no log, reason or repr. Apprise is imported when the first such
channel is checked or used, runs in a thread of its own, and reaches judged addresses only.
"""

import asyncio
import contextlib
import contextvars
import email.charset
import functools
import importlib.util
import logging
import re
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from monitor.deliver.chat.connections import guard_urllib3, judged
from monitor.deliver.chat.text import ChatText, alert_text, notice_text
from monitor.deliver.sender import SenderIdentity, SendTools
from monitor.deliver.wording import one_line
from monitor.model import Alert, Attempt, Delivery, Notice, SendOutcome, SendResult

INSTALL = "pip install 'news-monitor[apprise]'"
TOTAL_SECONDS = 30.0

# Each scheme leads to a service that takes a message for people. Schemes that call any address, run programs or write
# files (json://, form://, exec://, file://) are not among them.
SCHEMES = {
    *("slack", "discord", "msteams", "workflow", "workflows", "gchat", "tgram", "pover"),
    *("ntfy", "ntfys", "gotify", "gotifys", "matrix", "matrixs", "mmost", "mmosts"),
}
# What may stand behind the question mark: where to, as whom, how loud. Not: files to read or attach, certificates that
# are not checked, redirects that are followed, several messages for one.
_PARAMETERS = {
    *(
        "to",
        "channel",
        "channels",
        "topic",
        "thread",
        "threadkey",
        "team",
        "workspace",
        "workflow",
        "id",
        "sig",
    ),
    *(
        "signature",
        "ver",
        "token",
        "key",
        "user",
        "pass",
        "password",
        "auth",
        "mode",
        "botname",
        "priority",
        "sound",
    ),
    *("image", "footer", "version", "msgtype", "silent", "preview", "tts", "avatar"),
}
_SEE = "see the service's page in the documentation of Apprise"
_STATUS = re.compile(r"error=(\d{3})\b")
_LEAST_REDACTED = 4
_loading = threading.Lock()


class UrlFault(NamedTuple):
    """What is wrong with a channel's URL, and what to do; holds nothing of the URL but its scheme."""

    message: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What one call came to: Apprise's status by name, and its last warning."""

    status: str
    said: str
    refused: tuple[str, ...]


def url_fault(url: str) -> UrlFault | None:
    """Return why a URL cannot be used for a channel, or None; a missing extra is a reason, too."""
    fault = _spelling_fault(url)
    if fault is not None:
        return fault
    if importlib.util.find_spec("apprise") is None:
        return UrlFault("an apprise channel needs the extra [apprise], which is not installed", INSTALL)
    scheme = url.partition("://")[0].lower()
    service = _library().service(url)
    if service is None:
        return UrlFault(f"Apprise does not take this {scheme}:// URL", _SEE)
    if not getattr(service, "targets", True) and scheme == "tgram":
        return UrlFault("the tgram:// URL names no chat", "write the chat's number after the token")
    if len(service) != 1:
        return UrlFault(
            f"the {scheme}:// URL has {len(service)} targets, and a channel has one",
            "make a channel for each target",
        )
    return None


def _spelling_fault(url: str) -> UrlFault | None:
    """Check the service and the parameters that a URL names."""
    scheme = url.partition("://")[0].lower()
    if scheme not in SCHEMES:
        shown = scheme if re.fullmatch(r"[a-z0-9+.-]{1,20}", scheme) else "…"
        there_are = f"there are: {', '.join(sorted(SCHEMES))}"
        return UrlFault(f"{shown}:// is no service that an apprise channel may use", there_are)
    try:
        names = {name.lower() for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True)}
    except ValueError:
        return UrlFault("the URL cannot be read", _SEE)
    if odd := sorted(names - _PARAMETERS):
        named = one_line(odd[0], 30)
        return UrlFault(f"the parameter '{named}' is not taken in an apprise channel's URL", "leave it out")
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppriseSender:
    """Speaks to apprise channels: `secret` is the URL. `total_seconds` bounds one attempt."""

    total_seconds: float = TOTAL_SECONDS

    def render(self, alert: Alert, identity: SenderIdentity) -> bytes:
        """Return the alert as the title and text that a chat is told."""
        return alert_text(alert).to_bytes()

    def render_notice(self, notice: Notice, identity: SenderIdentity) -> bytes:
        """Return the notice as the title and text that a chat is told."""
        return notice_text(notice).to_bytes()

    async def send(self, delivery: Delivery, attempt: Attempt, tools: SendTools) -> SendResult:
        """Hand the text to the service once."""
        url = delivery.channel.secret
        if not url:
            return SendResult(
                outcome=SendOutcome.RETRY, reason="the channel's URL is missing: apply its file again"
            )
        fault = await asyncio.to_thread(url_fault, url)
        if fault is not None:
            return SendResult(outcome=SendOutcome.REFUSED, reason=f"{fault.message}: {fault.hint}")
        text = ChatText.from_bytes(delivery.payload)

        def call() -> _Answer:
            with judged(tools.allow_networks) as refused:
                status, said = _library().tell(url, text)
            return _Answer(status=status, said=said, refused=tuple(refused))

        try:
            async with asyncio.timeout(self.total_seconds):
                answer = await _in_own_thread(call)
        except TimeoutError:
            return SendResult(
                outcome=SendOutcome.UNKNOWN, reason=f"no answer within {self.total_seconds:g} seconds"
            )
        return _judge(answer, url)


def _judge(answer: _Answer, url: str) -> SendResult:
    if answer.status == "SUCCESS":
        return SendResult(outcome=SendOutcome.ACCEPTED, reason="the service took it")
    if answer.refused:
        return SendResult(
            outcome=SendOutcome.REFUSED, reason=_redact(f"not called: {answer.refused[0]}", url)
        )
    if answer.status == "TIMEOUT":
        return SendResult(outcome=SendOutcome.UNKNOWN, reason="Apprise stopped waiting for the service")
    said = one_line(_redact(answer.said, url), 300) or "the service did not take it"
    code = _STATUS.search(answer.said)
    return SendResult(outcome=SendOutcome.RETRY, reason=said, status=int(code[1]) if code else None)


class _Library:
    """Apprise, set up: services of the list only, quiet, without files, storage, redirects or attachments."""

    def __init__(self) -> None:
        for name in ("apprise", "urllib3", "requests"):  # what they log may hold tokens and whole URLs
            logger = logging.getLogger(name)
            logger.propagate = False
            logger.addHandler(logging.NullHandler())
        charsets = dict(email.charset.CHARSETS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the libraries of services that are not used
            import apprise  # noqa: PLC0415 - 50 MiB and a third of a second, for those who have such a channel
            from apprise.manager_plugins import NotificationManager  # noqa: PLC0415

            manager: Any = NotificationManager
            manager().enable_only(*SCHEMES)
        # Apprise's own mail service, which is loaded with the others, changes how Python writes every mail in UTF-8.
        email.charset.CHARSETS.clear()
        email.charset.CHARSETS.update(charsets)
        guard_urllib3()
        self._apprise: Any = apprise
        self._asset = apprise.AppriseAsset(
            app_id="news-monitor",
            app_desc="news-monitor",
            app_url="",
            async_mode=False,
            http_redirects=False,
            secure_logging=True,
            storage_mode="memory",
            plugin_paths=None,
        )

    def service(self, url: str) -> Any:
        """Return Apprise's object for one URL, None when it does not take it."""
        made = self._apprise.Apprise.instantiate(url, asset=self._asset, suppress_exceptions=True)
        if made is not None and hasattr(made, "include_image"):
            made.include_image = False  # it is on a server elsewhere
        return made

    def tell(self, url: str, text: ChatText) -> tuple[str, str]:
        """Send; return Apprise's status by name and what it said last."""
        each = self._apprise.Apprise(asset=self._asset)
        each.add(self.service(url))
        result = each.notify(body=text.body, title=text.title, body_format=self._apprise.NotifyFormat.TEXT)
        logs = [entry.message for entry in result.logs()]
        return result.status.name, logs[-1] if logs else ""


def _library() -> _Library:
    with _loading:  # two threads must not set it up at once
        return _loaded()


@functools.cache
def _loaded() -> _Library:
    return _Library()


async def _in_own_thread(call: Callable[[], _Answer]) -> _Answer:
    """Wait for a call in a thread that nothing else waits for: one that never ends must not hold up our end."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[_Answer] = loop.create_future()
    context = contextvars.copy_context()

    def hand_over(answer: _Answer) -> None:
        if not done.done():
            done.set_result(answer)

    def run() -> None:
        answer = context.run(call)
        with contextlib.suppress(RuntimeError):  # the loop is gone
            loop.call_soon_threadsafe(hand_over, answer)

    threading.Thread(target=run, name="apprise", daemon=True).start()
    return await done


def _redact(text: str, url: str) -> str:
    """Take the URL and every longer piece of it but the service's host out of a text: it is made of credentials."""
    parts = urlsplit(url)
    pieces = {url, parts.username or "", parts.password or "", *re.split(r"[/&=?,;:@#]", url)}
    pieces |= {unquote(piece) for piece in pieces}
    host = (parts.hostname or "") if _names_a_host(parts.scheme) else ""
    pieces -= {host, parts.scheme, *_PARAMETERS}
    for piece in sorted((piece for piece in pieces if len(piece) >= _LEAST_REDACTED), key=len, reverse=True):
        text = text.replace(piece, "…")
    return text


def _names_a_host(scheme: str) -> bool:
    return scheme.lower().rstrip("s") in {"ntfy", "gotify", "matrix", "mmost"}
