"""The data frame that crosses the border: a JSON tree with tagged leaves, followed by raw little-endian buffers.

A frame is magic, header length (4 bytes), body length (8 bytes), header, body. In the header None, booleans,
integers, finite floats, short strings and lists stand for themselves; everything else is an object with one key:

    {"m": {...}} mapping      {"f": "nan"|"inf"|"-inf"}      {"c": [real, imaginary]}
    {"b": length} bytes       {"s": length} long string      {"F": count} {"I": count} list of floats, of integers
    {"a": [dtype, shape]} array

Buffers lie in the body in the order of their tags and must fill it exactly. Decoding runs no code of the sender and
imports numpy only when an array arrives. It trusts nothing: lengths are capped before memory is taken, brackets are
counted before the header is parsed, and an unknown tag is refused.
"""

from __future__ import annotations

import importlib
import json
import math
import struct
import sys
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn

__all__ = ["PREFIX_BYTES", "Caps", "WireError", "decode", "encode", "lengths"]

_MAGIC = b"EVW1"
_PREFIX = struct.Struct("<4sIQ")
PREFIX_BYTES = _PREFIX.size
"""How many bytes stand before the header."""

_LONG_STRING = 256
_LONG_LIST = 8
_DTYPES = frozenset({"|b1", "|i1", "<i2", "<i4", "<i8", "|u1", "<u2", "<u4", "<u8", "<f2", "<f4", "<f8", "<c8", "<c16"})
_NON_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
_ALLOWED = "allowed are None, bool, int, float, complex, str, bytes, list, dict with str keys and numeric arrays"


class WireError(ValueError):
    """Data cannot cross the border; the message says what it was and what is allowed."""


@dataclass(frozen=True, slots=True)
class Caps:
    """The largest frame that is accepted.

    Args:
        body: bytes of all buffers together.
        header: bytes of the JSON tree.
        nodes: lists and mappings in the tree.
        depth: nesting of lists and mappings.
        integer_bits: size of one integer.
    """

    body: int = 64 << 20
    header: int = 1 << 20
    nodes: int = 200_000
    depth: int = 64
    integer_bits: int = 4096


def encode(value: Any, caps: Caps | None = None) -> list[bytes | memoryview]:
    """Turn plain data into the pieces of a frame, to be sent in order.

    Tuples become lists; instances of subclasses become the plain type that they are built on.

    Args:
        value: what to send.
        caps: the largest frame that the receiver accepts.

    Raises:
        WireError: it is not plain data, or too large.
    """
    caps = caps or Caps()
    packer = _Packer(caps)
    try:
        tree = packer.pack(value, 0)
    except RecursionError:
        raise WireError(f"the data are nested deeper than {caps.depth} levels") from None
    header = _WRITER.encode(tree).encode()
    if len(header) > caps.header:
        raise WireError(
            f"the data have {len(header):,} bytes of structure, {caps.header:,} are allowed; return numeric arrays"
        )
    return [_PREFIX.pack(_MAGIC, len(header), packer.size) + header, *packer.buffers]


class _Packer:
    """Builds the tree of one frame and collects its buffers."""

    def __init__(self, caps: Caps) -> None:
        self.caps = caps
        self.buffers: list[bytes | memoryview] = []
        self.size = 0
        self.nodes = 0
        numpy = sys.modules.get("numpy")
        self.array_type: Any = getattr(numpy, "ndarray", ())
        self.scalar_type: Any = getattr(numpy, "generic", ())

    def pack(self, value: Any, depth: int) -> Any:
        if value is None or value is True or value is False:
            return value
        if isinstance(value, float):
            return self._float(float.__float__(value))
        if isinstance(value, int):
            return self._integer(int.__int__(value))
        if isinstance(value, str):
            return self._string(str.__str__(value))
        if isinstance(value, (list, tuple)):
            return self._sequence(value, depth)
        if isinstance(value, dict):
            return self._mapping(value, depth)
        if isinstance(value, self.array_type):
            return self._array(value)
        if isinstance(value, self.scalar_type):
            return self._scalar(value, depth)
        if isinstance(value, complex):
            plain = complex.__complex__(value)
            return {"c": [self._float(plain.real), self._float(plain.imag)]}
        if isinstance(value, (bytes, bytearray)):
            return {"b": self._buffer(bytes(value))}
        raise WireError(f"{_a(type(value))} is not plain data; {_ALLOWED}")

    def _float(self, value: float) -> Any:
        return value if math.isfinite(value) else {"f": repr(value)}

    def _integer(self, value: int) -> int:
        if value.bit_length() > self.caps.integer_bits:
            raise WireError(f"an integer has {value.bit_length():,} bits, {self.caps.integer_bits:,} are allowed")
        return value

    def _string(self, value: str) -> Any:
        data = _utf8(value)
        return {"s": self._buffer(data)} if len(data) > _LONG_STRING else value

    def _sequence(self, value: Sequence[Any], depth: int) -> Any:
        self._enter(depth)
        if len(value) >= _LONG_LIST:
            packed = self._numbers(value)
            if packed is not None:
                return packed
        return [self.pack(item, depth + 1) for item in value]

    def _numbers(self, value: Sequence[Any]) -> dict[str, int] | None:
        kinds = set(map(type, value))
        if all(issubclass(kind, float) for kind in kinds):
            self._buffer(_little(array("d", value)))
            return {"F": len(value)}
        if kinds == {int}:
            try:
                numbers = array("q", value)
            except OverflowError:
                return None
            self._buffer(_little(numbers))
            return {"I": len(value)}
        return None

    def _mapping(self, value: dict[Any, Any], depth: int) -> dict[str, Any]:
        self._enter(depth)
        packed: dict[str, Any] = {}
        for key, item in value.items():
            if not isinstance(key, str):
                raise WireError(f"a dict key is {_a(type(key))}; only str keys are allowed")
            plain = str.__str__(key)
            _utf8(plain)  # a key is part of the header, however long
            packed[plain] = self.pack(item, depth + 1)
        return {"m": packed}

    def _array(self, value: Any) -> dict[str, Any]:
        numpy = sys.modules["numpy"]
        plain = value
        if type(value) is not self.array_type or value.dtype.str not in _DTYPES or not value.flags.c_contiguous:
            plain = numpy.array(value, order="C", subok=False, copy=None if numpy.__version__ >= "2" else False)
            plain = plain.astype(plain.dtype.newbyteorder("<"), copy=False)
        if plain.dtype.str not in _DTYPES:
            raise WireError(f"an array of dtype {plain.dtype} is not plain data; allowed are bool, int, float, complex")
        self._buffer(plain.reshape(-1).view(numpy.uint8).data if plain.size else b"")
        return {"a": [plain.dtype.str, list(plain.shape)]}

    def _scalar(self, value: Any, depth: int) -> Any:
        plain = value.item()
        if isinstance(plain, (bool, int, float, complex, str, bytes)):
            return self.pack(plain, depth)
        raise WireError(f"{_a(type(value))} is not plain data; {_ALLOWED}")

    def _buffer(self, data: bytes | memoryview) -> int:
        length = len(data)
        self.size += length
        if self.size > self.caps.body:
            raise WireError(f"the data have {self.size:,} bytes or more, {self.caps.body:,} are allowed")
        self.buffers.append(data)
        return length

    def _enter(self, depth: int) -> None:
        self.nodes += 1
        if self.nodes > self.caps.nodes:
            raise WireError(f"the data have more than {self.caps.nodes:,} lists and dicts; return numeric arrays")
        if depth >= self.caps.depth:
            raise WireError(f"the data are nested deeper than {self.caps.depth} levels")


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise WireError("a string holds a lone surrogate, which is not text") from None


def lengths(prefix: bytes | bytearray, caps: Caps | None = None) -> tuple[int, int]:
    """Return the length of header and body, in bytes, that a frame's first `PREFIX_BYTES` bytes announce.

    Raises:
        WireError: it is no frame, or larger than is allowed.
    """
    caps = caps or Caps()
    magic, header, body = _PREFIX.unpack(prefix)
    if magic != _MAGIC:
        raise WireError("the answer is not a data frame")
    if header > caps.header:
        raise WireError(f"the answer has {header:,} bytes of structure, {caps.header:,} are allowed")
    if body > caps.body:
        raise WireError(f"the answer has {body:,} bytes, {caps.body:,} are allowed")
    return header, body


def decode(
    header: bytes | bytearray, body: bytes | bytearray, caps: Caps | None = None, *, writable: bool = False
) -> Any:
    """Rebuild plain data from a frame.

    Args:
        header: the JSON tree.
        body: the buffers.
        caps: the largest tree that is accepted.
        writable: let arrays be changed; they share memory with a `bytearray` body.

    Raises:
        WireError: the frame is malformed.
    """
    caps = caps or Caps()
    if header.count(b"[") + header.count(b"{") > 2 * caps.nodes:
        raise WireError(f"the answer has more than {caps.nodes:,} lists and dicts")
    try:
        tree = _READER.decode(header.decode())
        unpacker = _Unpacker(body, caps, writable)
        value = unpacker.unpack(tree, 0)
    except WireError:
        raise
    except (ValueError, RecursionError) as error:
        raise WireError(f"the answer is malformed: {type(error).__name__}") from None
    if unpacker.offset != len(body):
        raise WireError("the answer is malformed: the body does not match the header")
    return value


class _Unpacker:
    """Walks the tree of one frame and takes its buffers in order."""

    def __init__(self, body: bytes | bytearray, caps: Caps, writable: bool) -> None:
        self.body = body
        self.caps = caps
        self.writable = writable
        self.offset = 0

    def unpack(self, node: Any, depth: int) -> Any:
        if node is None or isinstance(node, bool):
            return node
        if isinstance(node, float):
            if not math.isfinite(node):
                raise WireError("the answer is malformed: a float overflows")
            return node
        if isinstance(node, int):
            if node.bit_length() > self.caps.integer_bits:
                raise WireError(f"the answer has an integer of more than {self.caps.integer_bits:,} bits")
            return node
        if isinstance(node, str):
            node.encode()
            return node
        if depth >= self.caps.depth:
            raise WireError(f"the answer is nested deeper than {self.caps.depth} levels")
        if isinstance(node, list):
            return [self.unpack(item, depth + 1) for item in node]
        if len(node) != 1:
            raise WireError("the answer is malformed: not a tag")
        ((tag, content),) = node.items()
        read = self._TAGS.get(tag)
        if read is None:
            raise WireError("the answer is malformed: unknown tag")
        return read(self, content, depth)

    def _mapping(self, content: Any, depth: int) -> dict[str, Any]:
        if not isinstance(content, dict):
            raise WireError("the answer is malformed: a mapping has no items")
        for key in content:
            key.encode()
        return {key: self.unpack(item, depth + 1) for key, item in content.items()}

    def _non_finite(self, content: Any, depth: int) -> float:
        if not isinstance(content, str) or content not in _NON_FINITE:
            raise WireError("the answer is malformed: unknown float")
        return _NON_FINITE[content]

    def _complex(self, content: Any, depth: int) -> complex:
        if not isinstance(content, list) or len(content) != 2:
            raise WireError("the answer is malformed: a complex number needs two parts")
        real, imaginary = (self.unpack(part, depth + 1) for part in content)
        if type(real) is not float or type(imaginary) is not float:
            raise WireError("the answer is malformed: a complex number needs two floats")
        return complex(real, imaginary)

    def _bytes(self, content: Any, depth: int) -> bytes:
        return bytes(self._take(content, 1))

    def _long_string(self, content: Any, depth: int) -> str:
        return str(self._take(content, 1), "utf-8")

    def _floats(self, count: Any, depth: int) -> list[Any]:
        return self._listed(array("d"), count)

    def _integers(self, count: Any, depth: int) -> list[Any]:
        return self._listed(array("q"), count)

    def _listed(self, numbers: array[Any], count: Any) -> list[Any]:
        numbers.frombytes(self._take(count, 8))
        if sys.byteorder == "big":
            numbers.byteswap()
        return numbers.tolist()

    def _array(self, content: Any, depth: int) -> Any:
        if not isinstance(content, list) or len(content) != 2 or not isinstance(content[1], list):
            raise WireError("the answer is malformed: an array needs dtype and shape")
        kind, shape = content
        if not isinstance(kind, str) or kind not in _DTYPES or len(shape) > 32:
            raise WireError("the answer is malformed: unknown kind of array")
        if not all(type(side) is int and 0 <= side < 1 << 48 for side in shape):
            raise WireError("the answer is malformed: impossible shape of an array")
        numpy = sys.modules.get("numpy") or importlib.import_module("numpy")
        dtype = numpy.dtype(kind)
        raw = self._take(math.prod(shape), dtype.itemsize)
        if kind == "|b1" and raw.tobytes().translate(None, b"\0\1"):
            raise WireError("the answer is malformed: a boolean is neither 0 nor 1")
        found = numpy.frombuffer(raw, dtype).reshape(shape)
        if not found.flags.aligned or (self.writable and not found.flags.writeable):
            found = found.copy()
        found.flags.writeable = self.writable
        return found

    _TAGS: ClassVar[dict[str, Callable[[_Unpacker, Any, int], Any]]] = {
        "m": _mapping,
        "f": _non_finite,
        "c": _complex,
        "b": _bytes,
        "s": _long_string,
        "F": _floats,
        "I": _integers,
        "a": _array,
    }

    def _take(self, count: Any, item_bytes: int) -> memoryview:
        if type(count) is not int or count < 0:
            raise WireError("the answer is malformed: impossible length of a buffer")
        start, self.offset = self.offset, self.offset + count * item_bytes
        if self.offset > len(self.body):
            raise WireError("the answer is malformed: the body is shorter than the header says")
        return memoryview(self.body)[start : self.offset]


def _little(numbers: array[Any]) -> bytes:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise WireError("the answer is malformed: a key appears twice")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise WireError(f"the answer is malformed: {name} is not data")


def _a(kind: type) -> str:
    name = kind.__name__[:60]
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


_WRITER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_READER = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_unique)
