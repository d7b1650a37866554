"""The first half of a poll: ask for the feed, and read what of its document is not known yet.

It stores nothing. A body that is byte for byte the last one is not parsed; of another, only entries that the last
document did not have. Where a document shares nothing with the last one, older pages that the feed offers are read.
"""

import asyncio
import hashlib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

import httpx

from monitor.fetch.access import AccessError, Reach, Secrets, resolve
from monitor.fetch.document import Parsed
from monitor.fetch.identity import Identified, identify, rekeyed
from monitor.fetch.pool import ParserPool
from monitor.fetch.request import Fetched, FetchOptions, fetch, withheld
from monitor.fetch.websub import find_hub, with_hub
from monitor.fetch.window import unsure
from monitor.model import Feed, Hub, ItemDraft, Outcome, Slot
from monitor.pipeline.context import Context
from monitor.pipeline.intake import take_in
from monitor.pipeline.lookup import look_up
from monitor.pipeline.progress import must_refetch
from monitor.store import windows
from monitor.store.feed_rows import asked_address
from monitor.store.windows import Window

MAX_PAGES = 3  # older pages asked for to fill a gap
_WORDPRESS = re.compile(rb"<generator>\s*https?://wordpress\.(?:org|com)/", re.IGNORECASE)
_HEAD = 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a request and its document came to.

    `parsed` holds the entries that are not in `before`, the window remembered of the last document; `digest` is the
    body's hash, None without a body. `paged` says that the feed's software serves older pages under `?paged=`, `hub`
    is the one that the feed names.
    """

    fetched: Fetched
    parsed: Parsed
    digest: str | None = None
    before: Window | None = None
    identified: Identified = field(default_factory=Identified)
    paged: bool = False
    hub: Hub | None = None

    @property
    def slots_before(self) -> tuple[Slot, ...]:
        """The remembered window, empty when there is none."""
        return self.before.slots if self.before else ()

    @property
    def read(self) -> bool:
        """Whether a document was parsed."""
        return self.fetched.outcome is None and self.parsed.outcome is Outcome.NEW


@dataclass(frozen=True, slots=True, kw_only=True)
class OlderItems:
    """Items found on older pages that the store did not have; `reached` says that a page had a known one."""

    drafts: tuple[ItemDraft, ...] = ()
    pages: int = 0
    reached: bool = False


class Reader:
    """Reads feeds through one client and one pool of parsers; `secrets` is where their references are read."""

    def __init__(
        self,
        context: Context,
        *,
        client: httpx.AsyncClient,
        parsers: ParserPool,
        secrets: Secrets,
        options: FetchOptions,
    ) -> None:
        self._context = context
        self._client = client
        self._parsers = parsers
        self._secrets = secrets
        self._options = options

    async def ask(self, feed: Feed) -> Fetched:
        """Ask for a feed where it is now."""
        state = feed.fetch
        try:
            reach = self._reach(feed)
        except AccessError as error:
            return withheld(feed.url, error)
        return await fetch(
            self._client,
            asked_address(feed.url, state),
            state,
            options=self._options,
            reach=reach,
            force=must_refetch(state, now=self._context.clock()),
        )

    async def read(self, feed: Feed, fetched: Fetched) -> Reading:
        """Read the document that was answered, if there is one."""
        state = feed.fetch
        if fetched.outcome is not None:
            parsed = Parsed(outcome=fetched.outcome, reason=fetched.reason)
            return Reading(fetched=fetched, parsed=parsed, hub=_known_hub(feed, fetched))
        digest = hashlib.sha256(fetched.body).hexdigest()
        if digest == state.body_hash:
            same = Parsed(outcome=Outcome.SAME, reason="the same bytes as last time")
            return Reading(fetched=fetched, parsed=same, digest=digest, hub=_known_hub(feed, fetched))
        before = await self._context.store.read(windows.get_window, feed.id) if state.window else None
        slots = before.slots if before else ()
        parsed = await self._parse(fetched, {slot.piece for slot in slots if slot.piece})
        if unsure(parsed, slots):
            parsed = await self._parse(fetched, ())
        hub = find_hub(fetched.headers, parsed.hints, url=fetched.url)
        return Reading(
            fetched=fetched,
            parsed=replace(parsed, hints=with_hub(parsed.hints, hub)),
            hub=hub,
            digest=digest,
            before=before,
            identified=_identify(feed, parsed),
            paged=_WORDPRESS.search(fetched.body[:_HEAD]) is not None,
        )

    async def read_older(self, feed: Feed, reading: Reading, *, pause: float) -> OlderItems:
        """Follow the feed to its older items until a known one, `MAX_PAGES` at most, `pause` seconds apart.

        Tried are the links of RFC 5005 (`prev-archive`, `next`), and `?paged=` where the feed's software has it.
        """
        found: dict[str, ItemDraft] = {}
        newest = _names(reading.identified.drafts)
        address, page = _older(reading.parsed, reading, page=2), 1
        asked = {reading.fetched.url}
        while address is not None and page <= MAX_PAGES and address not in asked:
            asked.add(address)
            await asyncio.sleep(pause)
            fetched = await fetch(
                self._client,
                address,
                feed.fetch,
                options=self._options,
                reach=self._reach(feed),
                force=True,
            )
            parsed = await self._parse(fetched, ()) if fetched.outcome is None else None
            if parsed is None or parsed.outcome is not Outcome.NEW or not parsed.entries:
                break
            drafts = _identify(feed, parsed).drafts
            looked = await self._context.store.read(look_up, feed.id, drafts)
            intake = take_in(looked.drafts, looked.known)
            found |= {draft.key: draft for draft in reversed(intake.new) if not _names([draft]) & newest}
            if intake.seen:
                return OlderItems(drafts=tuple(found.values()), pages=page, reached=True)
            page += 1
            address = _older(parsed, reading, page=page + 1)
        return OlderItems(drafts=tuple(found.values()), pages=page - 1)

    def _reach(self, feed: Feed) -> Reach:
        """Read what the feed is reached with; bound to its configured address, wherever it has moved."""
        return resolve(feed.access, self._secrets, url=feed.url)

    async def _parse(self, fetched: Fetched, seen: Collection[str]) -> Parsed:
        return await self._parsers.parse(
            fetched.body,
            headers=fetched.headers,
            url=fetched.url,
            now=self._context.clock(),
            seen=seen,
        )


def _known_hub(feed: Feed, fetched: Fetched) -> Hub | None:
    """Return the hub that the last document named: an answer without one says nothing new of it."""
    return find_hub({}, feed.fetch.hints, url=fetched.url)


def _identify(feed: Feed, parsed: Parsed) -> Identified:
    return identify(parsed, feed_language=feed.language, source=feed.publisher or feed.title)


def _names(drafts: Iterable[ItemDraft]) -> set[str]:
    """Return every key that the items may get, and what else tells that two are one: their text at their link."""
    return {
        name
        for draft in drafts
        for name in (draft.key, rekeyed(draft).key, f"{draft.fingerprint} {draft.canonical_link}")
    }


def _older(parsed: Parsed, reading: Reading, *, page: int) -> str | None:
    """Return where the feed's next older items are, on its own site only."""
    address = parsed.hints.older
    if address is None and reading.paged:
        own = urlsplit(reading.fetched.url)
        if not re.search(r"(?:^|&)paged=", own.query):
            address = own._replace(query=f"{own.query}&paged={page}".lstrip("&")).geturl()
    if address is None or urlsplit(address).hostname != urlsplit(reading.fetched.url).hostname:
        return None
    return address
