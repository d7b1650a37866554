"""The parser child: `python -m monitor.fetch.worker MEMORY_BYTES CPU_SECONDS`.

It reads frames from stdin (the header names the task and what it needs to know; the body is the document) and
answers each with what the task's function returned. It limits its own memory once and its CPU time anew for every
document, so that a document that hangs or bloats the parser ends this process and nothing else. It opens no file and
no connection.
"""

import contextlib
import gc
import json
import math
import os
import resource
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, BinaryIO

from monitor.fetch import article
from monitor.fetch.document import to_wire
from monitor.fetch.parse import parse
from monitor.fetch.wire import LENGTHS, OUT_OF_MEMORY, frame

_GARBAGE = 5_000  # objects
_SAMPLE = b"<rss><channel><item><title>&lt;b&gt;ready&lt;/b&gt;</title></item></channel></rss>"


def _feed(header: Mapping[str, Any], body: bytes) -> dict[str, Any]:
    """Parse a feed: headers, url, now (ISO 8601), seen (pieces)."""
    now = datetime.fromisoformat(header["now"])
    return to_wire(
        parse(body, headers=header["headers"], url=header["url"], now=now, seen=frozenset(header["seen"]))
    )


def _article(header: Mapping[str, Any], body: bytes) -> dict[str, Any]:
    """Extract the text of an article's page: headers."""
    return article.to_wire(article.read_article(body, headers=header["headers"]))


TASKS: dict[str, Callable[[Mapping[str, Any], bytes], Any]] = {"feed": _feed, "article": _article}


def main(arguments: list[str]) -> int:
    """Serve until stdin ends."""
    memory, cpu_seconds = int(arguments[0]), float(arguments[1])
    # The answers' pipe is moved away from descriptor 1, so that nothing printed can get between the frames.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    gc.freeze()
    # A document's objects are many and short-lived: looking through them often is waste, too seldom lets them pile up.
    gc.set_threshold(_GARBAGE)
    try:
        # What libraries load lazily is loaded now, and a limit too low to work with shows before any document.
        parse(_SAMPLE, headers={}, url="", now=datetime.now(UTC))
        _answer(answers, frame({"ready": True}))
        while _serve(sys.stdin.buffer, answers, cpu_seconds):
            pass
    except MemoryError:
        os._exit(OUT_OF_MEMORY)  # no memory for an orderly end
    except BrokenPipeError:
        os._exit(0)  # nobody waits for the answer
    return 0


def _serve(tasks: BinaryIO, answers: BinaryIO, cpu_seconds: float) -> bool:
    """Answer one frame; False at the end of the input."""
    lengths = tasks.read(LENGTHS.size)
    if len(lengths) < LENGTHS.size:
        return False
    header_size, body_size = LENGTHS.unpack(lengths)
    header = json.loads(tasks.read(header_size))
    body = tasks.read(body_size)
    if len(body) < body_size:
        return False
    _allow(cpu_seconds)
    _answer(answers, frame(TASKS[header["task"]](header, body)))
    return True


def _allow(cpu_seconds: float) -> None:
    """Move the soft CPU limit to `cpu_seconds` from now; reaching it ends the process (SIGXCPU)."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = math.ceil(used.ru_utime + used.ru_stime + cpu_seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))


def _answer(answers: BinaryIO, parts: tuple[bytes, bytes]) -> None:
    answers.writelines(parts)
    answers.flush()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main(sys.argv[1:]))
