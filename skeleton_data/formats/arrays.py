"""NumPy's ``.npy`` and ``.npz`` files read in pieces, with nothing taken on trust.

Only the header is read at first. What it announces must fit into the file before any memory is asked for, arrays of
Python objects (which NumPy would unpickle) are refused, and a row of a large array is read alone: straight from its
place where the array is stored as it is, and from a stream that goes forward where an archive compresses it.
"""

from __future__ import annotations

import io
import math
import threading
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from skeleton_data.formats.sources import MAX_RECORDING_BYTES, kept_open
from skeleton_data.raw import RawFileError

_DAMAGED = "Save or download it again."
_OBJECTS = "Save it as numbers, such as np.save(file, array.astype(np.float32))."
_LOCAL_HEADER = 30
# No deflate stream grows by more than this factor; a header that announces more lies.
_MOST_INFLATION = 1_100
_BLOCK_BYTES = 8 << 20
_READ_FAILURES = (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError)
_STREAM_LOCK = threading.Lock()


@dataclass(frozen=True)
class StoredArray:
    """An array in a file: its shape and type, and where its numbers begin. Small and picklable.

    Attributes
    ----------
    path : Path
    member : str or None
        Name inside a ``.npz``.
    shape : tuple of int
    dtype : numpy dtype
        Of plain numbers or truth values.
    fortran : bool
        Whether the first axis runs fastest.
    offset : int
        Byte at which the numbers begin: in the file, or in the unpacked member if ``compressed``.
    compressed : bool
    """

    path: Path
    member: str | None
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool
    offset: int
    compressed: bool = False

    @property
    def place(self) -> str:
        """The array as errors name it."""
        return str(self.path) if self.member is None else f"{self.path}!{self.member}"

    @property
    def nbytes(self) -> int:
        """Bytes of all numbers."""
        return math.prod(self.shape) * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def read(self) -> NDArray[Any]:
        """Read all of it; :class:`RawFileError` where it is larger than one recording can be, or cut short."""
        values = np.frombuffer(self._bytes(0, self.nbytes), self.dtype)
        return values.reshape(self.shape, order="F" if self.fortran else "C")

    def row(self, index: int) -> NDArray[Any]:
        """Read the entry ``index`` of the first axis alone; errors as for :meth:`read`."""
        values: NDArray[Any] = self.rows(index, index + 1)[0]
        return values

    def rows(self, start: int, stop: int) -> NDArray[Any]:
        """Read some entries of the first axis; errors as for :meth:`read`."""
        if self.fortran and len(self.shape) > 1:
            return self._mapped(start, stop)
        step = self.nbytes // max(1, len(self))
        values = np.frombuffer(self._bytes(start * step, stop * step), self.dtype)
        return values.reshape(stop - start, *self.shape[1:])

    def blocks(self) -> Iterator[NDArray[Any]]:
        """All entries of the first axis in blocks of a few megabytes."""
        step = max(1, _BLOCK_BYTES // max(1, self.nbytes // max(1, len(self))))
        for start in range(0, len(self), step):
            yield self.rows(start, min(start + step, len(self)))

    def _bytes(self, start: int, stop: int) -> bytes:
        if stop - start > MAX_RECORDING_BYTES:
            reason = f"refused: {stop - start:,} bytes where one recording has at most {MAX_RECORDING_BYTES:,}."
            raise RawFileError(self.place, reason)
        try:
            data = self._stream_bytes(start, stop) if self.compressed else self._file_bytes(start, stop)
        except _READ_FAILURES as error:
            raise RawFileError(self.place, f"cannot be read ({error}).", mend=_DAMAGED) from error
        if len(data) != stop - start:
            reason = (
                f"is cut short: expected {stop - start:,} bytes from byte {start:,} of the array, found {len(data):,}."
            )
            raise RawFileError(self.place, reason, mend=_DAMAGED)
        return data

    def _file_bytes(self, start: int, stop: int) -> bytes:
        with self.path.open("rb") as file:
            file.seek(self.offset + start)
            return file.read(stop - start)

    def _stream_bytes(self, start: int, stop: int) -> bytes:
        status = self.path.stat()
        with _STREAM_LOCK:
            stream = _stream(self.path, self.member or "", status.st_mtime_ns, status.st_size)
            stream.seek(self.offset + start)
            return stream.read(stop - start)

    def _mapped(self, start: int, stop: int) -> NDArray[Any]:
        if self.compressed:
            reason = "its first axis runs fastest, so a compressed array cannot be read in pieces."
            raise RawFileError(self.place, reason, mend="Save it with np.savez, or in C order.")
        if self.nbytes // max(1, len(self)) * (stop - start) > MAX_RECORDING_BYTES:
            raise RawFileError(self.place, f"refused: an entry has more than {MAX_RECORDING_BYTES:,} bytes.")
        try:
            whole = np.memmap(self.path, self.dtype, "r", self.offset, self.shape, "F")
            return np.array(whole[start:stop])
        except _READ_FAILURES as error:
            raise RawFileError(self.place, f"cannot be read ({error}).", mend=_DAMAGED) from error


def npy_array(path: Path) -> StoredArray:
    """Read the header of a ``.npy`` file.

    Raises
    ------
    RawFileError
        When it is none, holds Python objects, or announces more numbers than the file has.
    """
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            shape, fortran, dtype = _header(file, str(path))
            offset = file.tell()
    except OSError as error:
        raise RawFileError(str(path), f"cannot be read ({error.strerror}).") from error
    made = StoredArray(path, None, shape, dtype, fortran, offset)
    _check_size(made, size - offset)
    return made


def npz_arrays(path: Path) -> dict[str, StoredArray]:
    """Read the headers of the arrays in a ``.npz`` archive, by name without ``.npy``.

    Raises
    ------
    RawFileError
        When it is no archive, one of its arrays is refused (see :func:`npy_array`), a member is encrypted, stands
        twice, is packed in an unknown way, or has an absolute name or one with ``..``.
    """
    arrays: dict[str, StoredArray] = {}
    try:
        size = path.stat().st_size
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                _check_member(path, info)
                if info.filename.endswith(".npy"):
                    name = info.filename.removesuffix(".npy")
                    if name in arrays:
                        raise RawFileError(f"{path}!{info.filename}", "stands twice in its archive.", mend=_DAMAGED)
                    arrays[name] = _member_array(path, archive, info, size)
    except _READ_FAILURES as error:
        raise RawFileError(str(path), f"is no readable .npz archive ({error}).", mend=_DAMAGED) from error
    return arrays


def _check_member(path: Path, info: zipfile.ZipInfo) -> None:
    place, name = f"{path}!{info.filename}", PurePosixPath(info.filename.replace("\\", "/"))
    if name.is_absolute() or PureWindowsPath(name).drive or ".." in name.parts:
        raise RawFileError(place, "refused: the archive gives this member an absolute path or one that leaves it.")
    if info.flag_bits & 1:
        raise RawFileError(place, "is encrypted.", mend="Save it again without a password.")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise RawFileError(place, "is compressed in a way that NumPy does not write.", mend="Save it with np.savez.")
    if info.file_size > max(1, info.compress_size) * _MOST_INFLATION:
        raise RawFileError(place, f"refused: {info.compress_size:,} bytes cannot unpack to {info.file_size:,}.")


def _member_array(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo, size: int) -> StoredArray:
    place = f"{path}!{info.filename}"
    with archive.open(info) as member:
        shape, fortran, dtype = _header(member, place)
        offset = member.tell()
    compressed = info.compress_type != zipfile.ZIP_STORED
    made = StoredArray(path, info.filename, shape, dtype, fortran, offset, compressed)
    _check_size(made, info.file_size - offset)
    if compressed:
        return made
    begin = _data_offset(path, info)
    if info.compress_size != info.file_size or begin + info.file_size > size:
        raise RawFileError(place, "its size does not agree with that of the archive.", mend=_DAMAGED)
    return StoredArray(path, info.filename, shape, dtype, fortran, begin + offset)


def _data_offset(path: Path, info: zipfile.ZipInfo) -> int:
    """Byte of the archive at which a member's data begin, behind its local header of varying length."""
    with path.open("rb") as file:
        file.seek(info.header_offset)
        header = file.read(_LOCAL_HEADER)
    if len(header) < _LOCAL_HEADER or header[:4] != b"PK\3\4":
        raise zipfile.BadZipFile(f"no header of {info.filename!r} where the archive says")
    lengths = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    return info.header_offset + _LOCAL_HEADER + lengths


def _header(file: IO[bytes], place: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    try:
        with warnings.catch_warnings():
            # NumPy warns of headers that Python 2 wrote; they are fine.
            warnings.simplefilter("ignore")
            version = np.lib.format.read_magic(file)
            if version == (1, 0):
                shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
            elif version == (2, 0):
                shape, fortran, dtype = np.lib.format.read_array_header_2_0(file)
            else:
                raise ValueError(f"format version {version}")
    except OSError:
        raise
    except Exception as error:
        # The header is a Python literal, and what is no literal fails in many ways.
        shown = " ".join(str(error).split())[:120]
        raise RawFileError(place, f"has no valid .npy header ({shown}).", mend=_DAMAGED) from error
    if dtype.hasobject:
        raise RawFileError(place, "refused: it holds Python objects, which could run any code.", mend=_OBJECTS)
    if dtype.kind not in "biuf" or any(n < 0 for n in shape):
        raise RawFileError(place, f"expected an array of numbers, found {dtype} of shape {shape}.", mend=_OBJECTS)
    return tuple(int(n) for n in shape), bool(fortran), dtype


def _check_size(array: StoredArray, available: int) -> None:
    if array.nbytes > available:
        reason = f"announces {array.shape} numbers ({array.nbytes:,} bytes), but {available:,} bytes follow."
        raise RawFileError(array.place, reason, mend=_DAMAGED)


@kept_open
@lru_cache(maxsize=2)
def _stream(path: Path, member: str, changed: int, size: int) -> io.BufferedIOBase:
    """An open member whose ``seek`` goes forward by unpacking; kept so that rows in order unpack it once."""
    stream = zipfile.ZipFile(path).open(member)  # noqa: SIM115
    # Unpack what is passed over in small pieces.
    stream.MAX_SEEK_READ = 1 << 20  # type: ignore[attr-defined]
    return stream  # type: ignore[return-value]
