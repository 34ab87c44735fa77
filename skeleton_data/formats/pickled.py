"""What a pickle may hold here beside plain containers: NumPy arrays, scalars and types, as inert stand-ins.

Nothing of NumPy is called while a pickle is read. A name such as ``numpy.core.multiarray._reconstruct`` stands for one
of the few functions below; they check what they are given and note where an array's bytes lie, to be read later.
"""

from __future__ import annotations

import codecs
import math
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from skeleton_data.formats.sources import MAX_RECORDING_BYTES

Coding = Literal["bytes", "utf-8", "literal", "line"]
_DTYPE = re.compile(r"[<>=|]?(b1|[iu][1248]|f[248]|[SU][0-9]{1,5})")
_LATIN = frozenset({"latin1", "latin-1", "iso-8859-1", "iso8859-1"})


class Refused(Exception):
    """A pickle holds something that is not admitted, or is damaged."""


@dataclass(frozen=True, slots=True)
class Blob:
    """Long bytes or text that were left in the file: where, and how they are written there.

    ``utf-8`` and ``line`` are texts; bytes may be written as a text of as many characters, as Python 3 does for old
    protocols. ``literal`` is the inside of a Python 2 literal.
    """

    offset: int
    length: int
    coding: Coding = "bytes"

    def read(self, path: Path) -> bytes:
        """The bytes; :class:`OSError` or :class:`ValueError` where the file has changed."""
        if self.length > MAX_RECORDING_BYTES:
            raise ValueError(f"{self.length:,} bytes where one array has at most {MAX_RECORDING_BYTES:,}")
        with path.open("rb") as file:
            file.seek(self.offset)
            data = file.read(self.length)
        if len(data) != self.length:
            raise ValueError("the file is cut short")
        if self.coding == "utf-8":
            return data.decode("utf-8", "surrogatepass").encode("latin-1")
        if self.coding == "line":
            return data.decode("raw-unicode-escape").encode("latin-1")
        return unescaped(data) if self.coding == "literal" else data


def unescaped(data: bytes) -> bytes:
    """The bytes that the inside of a Python literal stands for."""
    with warnings.catch_warnings():
        # An escape that is none stays as it is; Python warns of those that stand in programs.
        warnings.simplefilter("ignore", DeprecationWarning)
        return codecs.escape_decode(data)[0]


@dataclass(slots=True)
class PickledArray:
    """A NumPy array of a pickle; :meth:`read` fetches its numbers from the file."""

    dtype: np.dtype[Any] = np.dtype("f8")  # noqa: RUF009
    shape: tuple[int, ...] = (0,)
    fortran: bool = False
    data: Blob | bytes = b""

    @property
    def nbytes(self) -> int:
        """Bytes of all numbers."""
        return math.prod(self.shape) * self.dtype.itemsize

    def read(self, path: Path) -> NDArray[Any]:
        """The array, not writeable; :class:`OSError` or :class:`ValueError` where the file does not hold it."""
        data = self.data.read(path) if isinstance(self.data, Blob) else self.data
        if len(data) != self.nbytes:
            raise ValueError(f"an array of shape {self.shape} takes {self.nbytes:,} bytes, the file has {len(data):,}")
        return np.frombuffer(data, self.dtype).reshape(self.shape, order="F" if self.fortran else "C")

    def fill(self, dtype: object, shape: object, fortran: object, data: object) -> PickledArray:
        """Take the state that a pickle gives, checked; returns the array itself."""
        if not isinstance(dtype, PickledType):
            raise Refused("an array without a type")
        if isinstance(data, list):
            raise Refused("an array of Python objects; only arrays of numbers are admitted")
        if isinstance(data, str):
            data = data.encode("latin-1")
        if not isinstance(data, bytes | Blob) or not isinstance(shape, tuple) or len(shape) > 32:
            raise Refused("an array whose shape or bytes are none")
        if not all(type(n) is int and 0 <= n < 1 << 62 for n in shape):
            raise Refused("an array whose shape is none")
        self.dtype, self.shape, self.fortran, self.data = dtype.dtype, shape, bool(fortran), data
        known = data.length if isinstance(data, Blob) else len(data)
        # A text may take more bytes than characters; then the very size shows when it is read.
        exact = not isinstance(data, Blob) or data.coding == "bytes"
        if self.nbytes != known if exact else self.nbytes > known:
            raise Refused(f"an array of shape {shape} ({self.nbytes:,} bytes) with {known:,} bytes behind it")
        return self


@dataclass(slots=True)
class PickledType:
    """A NumPy type of a pickle; its byte order may follow."""

    dtype: np.dtype[Any]


def build(made: object, state: object) -> None:
    """Give an array or a type its state, as ``__setstate__`` would."""
    if isinstance(made, PickledType) and isinstance(state, tuple) and len(state) >= 7:
        if state[1] not in ("<", ">", "=", "|") or any(part is not None for part in state[2:5]):
            raise Refused("a NumPy type with fields, which is no plain type of numbers or text")
        made.dtype = made.dtype.newbyteorder(state[1])
    elif isinstance(made, PickledArray) and isinstance(state, tuple) and len(state) == 5:
        _, shape, dtype, fortran, data = state
        made.fill(dtype, shape, fortran, data)
    else:
        raise Refused(f"a state for {kind(made)}, which has none")


def kind(value: object) -> str:
    """What an error calls a value."""
    return str(value) if isinstance(value, Admitted) else f"an object of type {type(value).__name__}"


def _dtype(name: object, *_: object) -> PickledType:
    if isinstance(name, str) and name[:1] == "O":
        raise Refused("an array of Python objects; only arrays of numbers are admitted")
    if not isinstance(name, str) or not _DTYPE.fullmatch(name):
        raise Refused("a NumPy type that is no plain type of numbers or text")
    return PickledType(np.dtype(name))


def _from_buffer(data: object, dtype: object, shape: object, order: object) -> PickledArray:
    return PickledArray().fill(dtype, shape, order == "F", data)


def _scalar(dtype: object, data: object = b"") -> object:
    data = data.encode("latin-1") if isinstance(data, str) else data
    if not isinstance(dtype, PickledType) or not isinstance(data, bytes) or len(data) != dtype.dtype.itemsize:
        raise Refused("a NumPy scalar whose type and bytes do not fit together")
    return np.frombuffer(data, dtype.dtype)[0].item() if data else ""


def _encode(text: object, coding: object = "utf-8") -> object:
    if coding not in _LATIN or not isinstance(text, str | Blob):
        raise Refused("a text encoded in another way than Latin-1")
    if isinstance(text, Blob) and text.coding not in ("utf-8", "line"):
        raise Refused("bytes encoded as if they were text")
    return text if isinstance(text, Blob) else text.encode("latin-1")


def _bytes(data: object = b"", coding: object = "latin-1") -> object:
    if isinstance(data, str) or (isinstance(data, Blob) and data.coding != "bytes"):
        return _encode(data, coding)
    if isinstance(data, bytes | Blob):
        return data
    raise Refused("bytes made of something else")


def _container(made: type) -> Callable[..., object]:
    """A stand-in for a container's class, called with nothing, or with a list or tuple of what is to be in it."""

    def fill(content: object = ()) -> object:
        if not isinstance(content, list | tuple):
            raise Refused(f"a {made.__name__} made of something else")
        if made is dict:
            if not all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in content):
                raise Refused("a dictionary made of something else than pairs")
            check_keys(key for key, _ in content)
        elif made in (set, frozenset):
            check_keys(content)
        return made(content)

    return fill


def check_keys(keys: Any) -> None:
    """Admit as keys of dictionaries and elements of sets what hashes fast and without collisions by intent."""
    for key in keys:
        whole = type(key) is int and -(1 << 60) < key < 1 << 60
        if not (whole or key is None or type(key) in (str, bytes, bool)):
            raise Refused(f"{kind(key)} as a key; only texts and whole numbers are admitted")


@dataclass(frozen=True)
class Admitted:
    """A name from outside that a pickle may use, and what stands in for it."""

    name: str
    call: Callable[..., object] | None

    def __str__(self) -> str:
        return f"the name {self.name}"


def _admitted() -> dict[tuple[str, str], Admitted]:
    calls: dict[tuple[str, str], Callable[..., object] | None] = {
        ("numpy", "ndarray"): None,
        ("numpy", "dtype"): _dtype,
        ("_codecs", "encode"): _encode,
        ("collections", "OrderedDict"): _container(dict),
    }
    for core in ("numpy.core", "numpy._core"):
        calls[f"{core}.multiarray", "_reconstruct"] = lambda *_: PickledArray()
        calls[f"{core}.multiarray", "scalar"] = _scalar
        calls[f"{core}.numeric", "_frombuffer"] = _from_buffer
    for builtins in ("builtins", "__builtin__"):
        calls[builtins, "bytes"] = calls[builtins, "bytearray"] = _bytes
        for container in (list, tuple, dict, set, frozenset):
            calls[builtins, container.__name__] = _container(container)
    return {key: Admitted(".".join(key), call) for key, call in calls.items()}


ADMITTED: Mapping[tuple[str, str], Admitted] = MappingProxyType(_admitted())
"""(module, name) -> stand-in. Old and new names of NumPy's core, and Python 2's names, lead to the same ones."""


def call(function: object, arguments: object) -> object:
    """Call a stand-in as the pickle asks."""
    if not isinstance(function, Admitted) or function.call is None or not isinstance(arguments, tuple):
        raise Refused(f"a call of {kind(function)}")
    try:
        return function.call(*arguments)
    except (TypeError, ValueError) as error:
        raise Refused(f"a call of {function} with wrong arguments") from error
