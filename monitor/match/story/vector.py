"""Unit vectors of an item in whole numbers, so that likeness is the same on every machine and after a restart."""

import math
import struct
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from operator import mul
from typing import Final

from monitor.match.story.rarity import Rarity
from monitor.match.story.text import StoryText

SCALE: Final = 10_000  # a weight of 1
TERMS: Final = 64  # the heaviest are kept
FEATURES: Final = 24
_LIGHT: Final = 300  # lighter ones are left out: ten of them are not worth a hundredth of likeness
_HEAD = struct.Struct("<HHH")


@dataclass(frozen=True, slots=True)
class Vector:
    """Terms and their weights, heaviest first; the squares of the weights sum up to `SCALE` squared, about."""

    ids: "array[int]"
    weights: "array[int]"

    def dot(self, other: Mapping[int, int]) -> int:
        """Return the product with a vector given as a mapping, times `SCALE` squared."""
        return sum(map(mul, self.weights, map(other.get, self.ids, repeat(0))))

    def as_map(self) -> dict[int, int]:
        """Return the weights by term."""
        return dict(zip(self.ids, self.weights, strict=True))


@dataclass(frozen=True, slots=True)
class Trace:
    """What the window keeps of an item."""

    terms: Vector
    features: Vector
    pairs: "array[int]"


def trace_of(text: StoryText, terms: Rarity, features: Rarity) -> Trace:
    """Weigh a text by what is known of its terms now. A term's count is damped: 1 + ln(count)."""
    counted = [1 + math.log(count) for count in text.terms.values()]
    rare = terms.weights(text.terms)
    return Trace(
        _unit(list(text.terms), [count * weight for count, weight in zip(counted, rare, strict=True)], TERMS),
        _unit(list(text.features), features.weights(text.features), FEATURES),
        array("I", sorted(text.pairs)),
    )


def packed(trace: Trace) -> bytes:
    """Return a trace as bytes, the same on every machine."""
    terms, features, pairs = trace.terms, trace.features, trace.pairs
    sizes = len(terms.ids), len(features.ids), len(pairs)
    return _HEAD.pack(*sizes) + struct.pack(
        "<{0}I{0}H{1}I{1}H{2}I".format(*sizes),
        *terms.ids,
        *terms.weights,
        *features.ids,
        *features.weights,
        *pairs,
    )


def unpacked(data: bytes) -> Trace:
    """Return the trace of `packed`. Raises struct.error for anything else."""
    terms, features, pairs = _HEAD.unpack_from(data)
    values = struct.unpack(f"<{terms}I{terms}H{features}I{features}H{pairs}I", data[_HEAD.size :])
    ends = (terms, 2 * terms, 2 * terms + features, 2 * (terms + features))
    return Trace(
        Vector(array("I", values[: ends[0]]), array("H", values[ends[0] : ends[1]])),
        Vector(array("I", values[ends[1] : ends[2]]), array("H", values[ends[2] : ends[3]])),
        array("I", values[ends[3] :]),
    )


def containment(first: Trace, second: Trace, *, least: int) -> float:
    """Return the share of the shorter text's word pairs that the longer one has; 0 for less than `least` pairs."""
    small, large = sorted((first.pairs, second.pairs), key=len)
    if len(small) < least:
        return 0.0
    return len(set(large).intersection(small)) / len(small)


def _unit(ids: Sequence[int], weights: Sequence[float], most: int) -> Vector:
    heaviest = sorted(zip(weights, ids, strict=True), reverse=True)[:most]
    length = math.sqrt(sum([weight * weight for weight, _ in heaviest])) or 1.0
    whole = [round(weight / length * SCALE) for weight, _ in heaviest]
    while whole and whole[-1] < _LIGHT:
        whole.pop()
    return Vector(array("I", [term for _, term in heaviest[: len(whole)]]), array("H", whole))
