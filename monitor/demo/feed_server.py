"""Serves recorded feeds on loopback as time goes by: ETag, Last-Modified, 304, gzip, and the recorded faults.

The run *begins* when every feed has been asked for with a validator once: by then the client has stored what
it got first, so whatever appears afterwards is news to it, however slowly it started. Until then each feed
shows its first window. A beginning can be given, too (a server that takes over from another one).
"""

import gzip
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from typing import Self

from monitor.demo.documents import CONTENT_TYPES, Moment, changed_at, render
from monitor.demo.loopback import HttpServer, Request, Response
from monitor.demo.recordings import Fault, Recording


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRequest:
    """One request as the server's log keeps it; `elapsed` in seconds since the run began, None before."""

    slug: str
    elapsed: float | None
    conditional: bool
    status: int
    size: int
    user_agent: str


class FeedServer:
    """A context manager: while it is open, `url(slug)` is the feed's address."""

    def __init__(
        self,
        recordings: Iterable[Recording],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        began_at: datetime | None = None,
        port: int = 0,
    ) -> None:
        self.recordings = {recording.slug: recording for recording in recordings}
        self.began_at = began_at
        self.requests: list[FeedRequest] = []
        self._clock = clock
        self._origin = began_at or clock()
        self._settled: set[str] = set()
        self._faults: dict[str, list[Fault]] = {
            slug: sorted(recording.faults, key=lambda fault: fault.at)
            for slug, recording in self.recordings.items()
        }
        self._http = HttpServer(self._answer, port=port)

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._http.__aexit__(*error)

    @property
    def port(self) -> int:
        """The port in use."""
        return self._http.port

    def url(self, slug: str) -> str:
        """Give the address of a feed."""
        return f"{self._http.url}/{slug}"

    def begin(self) -> None:
        """Begin the run now, unless it has begun."""
        self.began_at = self.began_at or self._clock()

    def moment(self) -> Moment:
        """Say where the run stands."""
        return Moment(origin=self._origin, began_at=self.began_at, now=self._clock())

    def waiting_for(self) -> tuple[str, ...]:
        """List the feeds that were not yet asked for with a validator, which keeps the run from beginning."""
        return () if self.began_at else tuple(slug for slug in self.recordings if slug not in self._settled)

    def exhausted(self) -> bool:
        """Say whether every feed has shown all it has, and has been fetched (or found unchanged) since."""
        elapsed = self.moment().elapsed
        if elapsed is None:
            return False
        last = {slug: max(recording.changes(), default=0.0) for slug, recording in self.recordings.items()}
        fetched = {
            request.slug
            for request in self.requests
            if request.status in {HTTPStatus.OK, HTTPStatus.NOT_MODIFIED}
            and request.elapsed is not None
            and request.elapsed >= last[request.slug]
        }
        return len(fetched) == len(self.recordings)

    def _answer(self, request: Request) -> Response:
        slug = request.path.strip("/")
        recording = self.recordings.get(slug)
        if recording is None:
            return Response(
                status=HTTPStatus.NOT_FOUND, body=b"no such feed\n", headers={"Content-Type": "text/plain"}
            )
        conditional = not {"if-none-match", "if-modified-since"}.isdisjoint(request.headers)
        moment = self.moment()
        response = self._faulty(slug, moment) or _serve(recording, moment, request)
        self.requests.append(
            FeedRequest(
                slug=slug,
                elapsed=moment.elapsed,
                conditional=conditional,
                status=response.status,
                size=len(response.body),
                user_agent=request.headers.get("user-agent", ""),
            )
        )
        if conditional and self.began_at is None:
            self._settled.add(slug)
            if len(self._settled) == len(self.recordings):
                self.begin()
        return response

    def _faulty(self, slug: str, moment: Moment) -> Response | None:
        faults = self._faults[slug]
        if not faults or moment.elapsed is None or moment.elapsed < faults[0].at:
            return None
        status = faults.pop(0).status
        return Response(
            status=status, body=b"the newsroom's server stumbled\n", headers={"Content-Type": "text/plain"}
        )


def _serve(recording: Recording, moment: Moment, request: Request) -> Response:
    body = render(recording, moment)
    changed = changed_at(recording, moment)
    headers = {"Content-Type": CONTENT_TYPES[recording.format], "Cache-Control": "max-age=1"}
    digest = hashlib.sha256(body).hexdigest()[:20]
    # Compressing changes the bytes: a feed served both ways may only promise sameness weakly (RFC 9110, 8.8.1).
    tag = f'W/"{digest}"' if recording.gzip else f'"{digest}"'
    if recording.etag:
        headers["ETag"] = tag
    if recording.last_modified:
        headers["Last-Modified"] = format_datetime(changed, usegmt=True)
    if _unchanged(
        request, tag=tag if recording.etag else None, changed=changed if recording.last_modified else None
    ):
        return Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    if recording.gzip:
        headers["Vary"] = "Accept-Encoding"
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            body = gzip.compress(body, mtime=0)
    return Response(status=HTTPStatus.OK, body=body, headers=headers)


def _unchanged(request: Request, *, tag: str | None, changed: datetime | None) -> bool:
    """Evaluate If-None-Match, else If-Modified-Since (RFC 9110, 13.2.2: the first decides)."""
    tags = request.headers.get("if-none-match")
    if tags is not None and tag is not None:
        return _opaque(tag) in {_opaque(each) for each in tags.split(",")}
    since = request.headers.get("if-modified-since")
    if since is None or changed is None:
        return False
    try:
        return changed <= parsedate_to_datetime(since)
    except ValueError:
        return False


def _opaque(tag: str) -> str:
    return tag.strip().removeprefix("W/")
