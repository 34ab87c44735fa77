"""Pickles read without trust and without their arrays.

Python's own unpickler may call whatever a file names, and takes the memory that it announces. The reader here knows
plain containers, texts, numbers and NumPy arrays (:data:`skeleton_data.formats.pickled.ADMITTED`) and refuses all
else by name. Long texts and the bytes of arrays stay in the file: a pickle of gigabytes becomes a small index.
"""

from __future__ import annotations

import os
import pickle
import pickletools
import struct
from collections.abc import Callable, Mapping, Sized
from pathlib import Path
from typing import IO, Any

from skeleton_data.formats.pickled import ADMITTED, Blob, Coding, Refused, build, call, check_keys, kind, unescaped
from skeleton_data.raw import RawFileError

MEMORY = 1 << 30
"""Bytes that the index of one pickle may take, by a generous estimate: 114,480 samples take a quarter of it."""

_INLINE = 4096
_LONGEST_LINE = 256 << 20
_MARK = object()
_LONGEST_NUMBER = 512
_REFERENCE, _SMALL, _ENTRY, _CONTAINER = 8, 64, 100, 250
_MEND = "If it comes from a source you trust, load it with pickle and save it as plain dictionaries, lists and arrays."


def load_pickle(path: Path) -> Any:
    """Read a pickle of any protocol, written by Python 2 or 3.

    Parameters
    ----------
    path : Path

    Returns
    -------
    object
        Dictionaries, lists, tuples, sets, texts (those of Python 2 read as Latin-1), bytes, numbers, truth values and
        None; a :class:`~skeleton_data.formats.pickled.PickledArray` for every NumPy array, plain numbers and texts
        for NumPy scalars.

    Raises
    ------
    RawFileError
        When the file cannot be read, is no whole pickle, names anything that is not admitted, or would take more
        memory than :data:`MEMORY`.
    """
    try:
        with path.open("rb") as file:
            return _Machine(file).run()
    except Refused as error:
        reason = f"refused to unpickle it: it holds {error}."
        raise RawFileError(str(path), reason, mend=_MEND) from error
    except OSError as error:
        raise RawFileError(str(path), f"cannot be read ({error.strerror}).") from error
    except (IndexError, KeyError, ValueError, TypeError, struct.error, AttributeError, OverflowError) as error:
        why = str(error) if isinstance(error, ValueError) else "its instructions do not fit together"
        raise RawFileError(str(path), f"is no whole pickle ({why}).", mend="Save or download it again.") from error


def _unknown(code: bytes) -> Exception:
    name = next((known.name for known in pickletools.opcodes if known.code.encode("latin-1") == code), None)
    if name is None:
        return ValueError(f"byte {code.hex()} is no instruction")
    return Refused(f"the instruction {name}, which no plain data need")


class _Machine:
    """The stack machine that a pickle is a program of: one method per instruction."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.size = os.fstat(file.fileno()).st_size
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.cost = 0

    def run(self) -> Any:
        read, instructions = self.file.read, _INSTRUCTIONS
        while (code := read(1)) != pickle.STOP:
            if not code:
                raise ValueError("it ends in the middle")
            step = instructions.get(code)
            if step is None:
                raise _unknown(code)
            step(self)
        return self._pop()

    def _pay(self, cost: int) -> None:
        self.cost += cost
        if self.cost > MEMORY:
            raise Refused(f"more than {MEMORY >> 20:,} MiB of objects")

    def _push(self, value: Any, cost: int = _SMALL) -> None:
        self._pay(cost)
        self.stack.append(value)

    def _pop(self) -> Any:
        value = self.stack.pop()
        if value is _MARK:
            raise ValueError("a mark where a value was expected")
        return value

    def _to_mark(self) -> list[Any]:
        at = len(self.stack) - 1
        while self.stack[at] is not _MARK:
            at -= 1
            if at < 0:
                raise ValueError("no mark where one was expected")
        values = self.stack[at + 1 :]
        del self.stack[at:]
        return values

    def _exactly(self, n: int) -> bytes:
        if n > self.size:
            raise ValueError(f"{n:,} bytes are announced in a file of {self.size:,}")
        data = self.file.read(n)
        if len(data) != n:
            raise ValueError("it ends in the middle")
        return data

    def _number(self, n: int, signed: bool = False) -> int:
        return int.from_bytes(self._exactly(n), "little", signed=signed)

    def _line(self) -> bytes:
        line = self.file.readline(_LONGEST_LINE)
        if not line.endswith(b"\n"):
            raise ValueError("a line does not end")
        return line[:-1]

    def _data(self, length: int, coding: Coding = "bytes") -> bytes | Blob:
        """Bytes that follow; long ones are passed over."""
        if length <= _INLINE:
            self._pay(length)
            return self._exactly(length)
        offset = self.file.tell()
        if offset + length > self.size:
            raise ValueError(f"{length:,} bytes are announced, {self.size - offset:,} follow")
        self.file.seek(length, os.SEEK_CUR)
        return Blob(offset, length, coding)

    def protocol(self, number: int) -> None:
        """The version that the rest is written in."""
        if number > pickle.HIGHEST_PROTOCOL:
            raise ValueError(f"protocol {number}, which no Python writes")

    def drop_bytes(self, n: int) -> None:
        """Pass over bytes that say nothing here, such as the length of a frame."""
        self._exactly(n)

    def drop_values(self) -> None:
        """Take all values down to the last mark off the stack."""
        self._to_mark()

    def _push_bytes(self, length: int) -> None:
        self._push(self._data(length))

    def _push_text(self, length: int) -> None:
        data = self._data(length, "utf-8")
        self._push(data.decode("utf-8", "surrogatepass") if isinstance(data, bytes) else data)

    def _push_old_text(self, length: int) -> None:
        # The str of Python 2 is text or bytes; names are read as text, and an array takes either.
        data = self._data(length)
        self._push(data.decode("latin-1") if isinstance(data, bytes) else data)

    def old_literal(self) -> None:
        """The str of Python 2 as a literal in quotes, in protocol 0."""
        begin = self.file.tell() + 1
        line = self._line().rstrip()
        if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in (b"'", b'"'):
            raise ValueError("a text without quotes")
        if len(line) > _INLINE:
            self._push(Blob(begin, len(line) - 2, "literal"))
        else:
            self._push(unescaped(line[1:-1]).decode("latin-1"), _SMALL + len(line))

    def line_text(self) -> None:
        """A text of protocol 0."""
        begin = self.file.tell()
        line = self._line()
        if len(line) > _INLINE:
            self._push(Blob(begin, len(line), "line"))
        else:
            self._push(line.decode("raw-unicode-escape"), _SMALL + len(line))

    def line_integer(self) -> None:
        """A whole number or a truth value in decimals."""
        line = self._line()
        truth = {b"00": False, b"01": True}
        self._push(truth[line] if line in truth else int(line.removesuffix(b"L")))

    def long_integer(self, length: int) -> None:
        """A whole number of many bytes."""
        if not 0 <= length <= _LONGEST_NUMBER:
            raise ValueError(f"a whole number of {length:,} bytes")
        self._push(int.from_bytes(self._exactly(length), "little", signed=True))

    def name_of_lines(self) -> None:
        """A name from outside, written out."""
        self._name(self._line().decode("utf-8", "replace"), self._line().decode("utf-8", "replace"))

    def name_of_stack(self) -> None:
        """A name from outside, made of two texts."""
        name, module = self._pop(), self._pop()
        self._name(module, name)

    def instance(self) -> None:
        """An object of a class, in protocol 0."""
        self.name_of_lines()
        raise Refused(f"an object of {self.stack[-1]}")

    def _name(self, module: object, name: object) -> None:
        found = ADMITTED.get((module, name)) if isinstance(module, str) and isinstance(name, str) else None
        if found is None:
            shown = ascii(f"{module}.{name}"[:200])[1:-1]
            raise Refused(f"the name {shown}, which could run any code")
        self._push(found, 0)

    def reduce(self) -> None:
        """A call; its result may copy what it is given, which costs."""
        arguments, function = self._pop(), self._pop()
        made = call(function, arguments)
        self._push(made, _CONTAINER + (_ENTRY * len(made) if isinstance(made, Sized) else 0))

    def build(self) -> None:
        """The state of the object below it on the stack."""
        state = self._pop()
        build(self.stack[-1], state)

    def append(self, values: list[Any]) -> None:
        """Add to the list on top of the stack."""
        target = self.stack[-1]
        if type(target) is not list:
            raise Refused(f"entries of {kind(target)}, which is no list")
        target.extend(values)

    def set_items(self, values: list[Any]) -> None:
        """Add to the dictionary on top of the stack."""
        target = self.stack[-1]
        if type(target) is not dict or len(values) % 2:
            raise Refused(f"entries of {kind(target)}, which is no dictionary")
        check_keys(values[::2])
        self._pay(_ENTRY * len(values))
        target.update(zip(values[::2], values[1::2], strict=True))

    def add_items(self, values: list[Any]) -> None:
        """Add to the set on top of the stack."""
        target = self.stack[-1]
        if type(target) is not set:
            raise Refused(f"entries of {kind(target)}, which is no set")
        check_keys(values)
        self._pay(_ENTRY * len(values))
        target.update(values)

    def frozen_set(self) -> None:
        """A set that does not change."""
        values = self._to_mark()
        check_keys(values)
        self._push(frozenset(values), _CONTAINER + _ENTRY * len(values))

    def dictionary(self) -> None:
        """A dictionary with its entries, in protocol 0."""
        values = self._to_mark()
        self._push({}, _CONTAINER)
        self.set_items(values)

    def put(self, key: int) -> None:
        """Remember what is on top of the stack."""
        self._pay(_ENTRY)
        self.memo[key] = self.stack[-1]

    def get(self, key: int) -> None:
        """Bring back what was remembered."""
        self._push(self.memo[key], _REFERENCE)

    def drop(self) -> None:
        """Take one value, or a mark, off the stack."""
        self.stack.pop()

    def several(self, n: int) -> None:
        """A tuple of the values on top of the stack."""
        values = tuple(self._pop() for _ in range(n))
        self._push(values[::-1], _SMALL)


def _instructions() -> Mapping[bytes, Callable[[_Machine], None]]:
    """Instruction -> what it does; those that are not here are refused."""
    constants = {pickle.NONE: None, pickle.NEWTRUE: True, pickle.NEWFALSE: False}
    table: dict[bytes, Callable[[_Machine], None]] = {
        code: lambda m, value=value: m._push(value, _REFERENCE)  # type: ignore[misc]
        for code, value in constants.items()
    }
    table |= {
        pickle.PROTO: lambda m: m.protocol(m._number(1)),
        pickle.FRAME: lambda m: m.drop_bytes(8),
        pickle.MARK: lambda m: m._push(_MARK, _REFERENCE),
        pickle.POP: _Machine.drop,
        pickle.POP_MARK: lambda m: m.drop_values(),
        pickle.DUP: lambda m: m._push(m.stack[-1], _REFERENCE),
        pickle.INT: _Machine.line_integer,
        pickle.LONG: _Machine.line_integer,
        pickle.BININT: lambda m: m._push(m._number(4, signed=True)),
        pickle.BININT1: lambda m: m._push(m._number(1), _REFERENCE),
        pickle.BININT2: lambda m: m._push(m._number(2)),
        pickle.LONG1: lambda m: m.long_integer(m._number(1)),
        pickle.LONG4: lambda m: m.long_integer(m._number(4, signed=True)),
        pickle.FLOAT: lambda m: m._push(float(m._line())),
        pickle.BINFLOAT: lambda m: m._push(struct.unpack(">d", m._exactly(8))[0]),
        pickle.STRING: _Machine.old_literal,
        pickle.UNICODE: _Machine.line_text,
        pickle.BINSTRING: lambda m: m._push_old_text(m._number(4)),
        pickle.SHORT_BINSTRING: lambda m: m._push_old_text(m._number(1)),
        pickle.SHORT_BINUNICODE: lambda m: m._push_text(m._number(1)),
        pickle.BINUNICODE: lambda m: m._push_text(m._number(4)),
        pickle.BINUNICODE8: lambda m: m._push_text(m._number(8)),
        pickle.SHORT_BINBYTES: lambda m: m._push_bytes(m._number(1)),
        pickle.BINBYTES: lambda m: m._push_bytes(m._number(4)),
        pickle.BINBYTES8: lambda m: m._push_bytes(m._number(8)),
        pickle.BYTEARRAY8: lambda m: m._push_bytes(m._number(8)),
        pickle.EMPTY_TUPLE: lambda m: m._push((), _REFERENCE),
        pickle.TUPLE: lambda m: m._push(tuple(m._to_mark())),
        pickle.TUPLE1: lambda m: m.several(1),
        pickle.TUPLE2: lambda m: m.several(2),
        pickle.TUPLE3: lambda m: m.several(3),
        pickle.EMPTY_LIST: lambda m: m._push([], _SMALL),
        pickle.LIST: lambda m: m._push(m._to_mark()),
        pickle.APPEND: lambda m: m.append([m._pop()]),
        pickle.APPENDS: lambda m: m.append(m._to_mark()),
        pickle.EMPTY_DICT: lambda m: m._push({}, _CONTAINER),
        pickle.DICT: _Machine.dictionary,
        pickle.SETITEM: lambda m: m.set_items([m._pop(), m._pop()][::-1]),
        pickle.SETITEMS: lambda m: m.set_items(m._to_mark()),
        pickle.EMPTY_SET: lambda m: m._push(set(), _CONTAINER),
        pickle.ADDITEMS: lambda m: m.add_items(m._to_mark()),
        pickle.FROZENSET: _Machine.frozen_set,
        pickle.PUT: lambda m: m.put(int(m._line())),
        pickle.BINPUT: lambda m: m.put(m._number(1)),
        pickle.LONG_BINPUT: lambda m: m.put(m._number(4)),
        pickle.MEMOIZE: lambda m: m.put(len(m.memo)),
        pickle.GET: lambda m: m.get(int(m._line())),
        pickle.BINGET: lambda m: m.get(m._number(1)),
        pickle.LONG_BINGET: lambda m: m.get(m._number(4)),
        pickle.GLOBAL: _Machine.name_of_lines,
        pickle.STACK_GLOBAL: _Machine.name_of_stack,
        pickle.INST: _Machine.instance,
        pickle.REDUCE: _Machine.reduce,
        pickle.BUILD: _Machine.build,
    }
    return table


_INSTRUCTIONS = _instructions()
