"""The frames on the pipe between a parser child and us: two lengths, a JSON header, raw bytes. Never pickle."""

import json
import struct
from typing import Any

LENGTHS = struct.Struct(">II")
MAX_REPLY = 256 * 1024 * 1024
OUT_OF_MEMORY = 77  # the child's exit status


def frame(header: Any, body: bytes = b"") -> tuple[bytes, bytes]:
    """Return the head of a frame (lengths and header) and its body, to be written one after the other."""
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return LENGTHS.pack(len(text), len(body)) + text, body
