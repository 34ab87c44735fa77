"""Random numbers added to every coordinate.

The numbers are a pure function of a sample's key, the body slot, the frame, the joint and the channel: Philox2x32-7
(Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011; seven rounds are the fewest that pass
BigCrush) makes two words for a pair of frames, and Box and Muller's transform (1958) two normals of them, the cosine
for the first frame, the sine for the second, which comes 8 frames later; so 16 frames are made at a time. Words become
normals in single precision by polynomials (Cephes ``logf``, ``sinf`` and ``cosf``) that compilers turn into vector
code: within 1e-6 of the exact values, with tails to 6.8 standard deviations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from skeleton_aug.compiled import kernel
from skeleton_aug.kernels import PRESENT_AT_ORIGIN
from skeleton_aug.operators.base import Alone, Mask
from skeleton_aug.operators.tracks import packed_rows

if TYPE_CHECKING:
    from skeleton_aug.batch import Batch
    from skeleton_aug.samples import Samples

NEAREST_DEPTH = 0.4
"""Metres: the nearest that a Kinect measures. Joints before it are taken to be there."""

_FRAMES = 8
"""Frames that take the cosines, and then the sines: many enough for long loops, few enough for the first cache."""
_FUSED = {"contract"}


@dataclass(frozen=True)
class JointNoise(Alone):
    """Add independent normal numbers to the coordinates of every present joint; a confidence stays as it is.

    Attributes
    ----------
    key : (N,) uint64 array
        Where each sample's numbers come from.
    lateral : (N, 2) float64 array
        Standard deviation of x and y: ``lateral[0] + lateral[1] * z``, metres.
    axial : (N, 2) float64 array
        Standard deviation of z: ``axial[0] + axial[1] * (z - 0.4) ** 2``, metres. In both, z is at least 0.4.
    """

    key: NDArray[np.uint64]
    lateral: NDArray[np.float64]
    axial: NDArray[np.float64]

    ARRAYS: ClassVar[Mapping[str, DTypeLike]] = {"key": np.uint64, "lateral": np.float64, "axial": np.float64}

    def where(self, mask: Mask, batch: Batch | None = None) -> JointNoise:
        """No noise where the mask is False."""
        keep = mask[:, None]
        return JointNoise(self.key, np.where(keep, self.lateral, 0.0), np.where(keep, self.axial, 0.0))

    def check(self, batch: Batch) -> None:
        """One key and two standard deviations a sample; noise that grows with depth needs a depth."""
        self.check_shape("key", (batch.n,))
        self.check_shape("lateral", (batch.n, 2))
        self.check_shape("axial", (batch.n, 2))
        if not (self.lateral[:, 1].any() or self.axial[:, 1].any()):
            return
        if batch.dims != 3 or batch.n_channels != len(batch.channels) or not batch.has_positions:
            raise ValueError(
                "Noise that grows with depth needs joint positions with a depth, channels 'xyz' or 'xyzc', got "
                f"C = {batch.n_channels} of {batch.channels!r}{'' if batch.has_positions else ' differences'}; "
                "put it before what makes bones or motion."
            )

    def run(self, samples: Samples) -> Samples:
        """Add the numbers."""
        rows, row = packed_rows(samples, samples.n_channels)
        widths = samples.n_joints, samples.n_channels, len(samples.channels), len(samples.channels.rstrip("c"))
        tables = samples.row, samples.first, samples.length, samples.gapless
        buffers = _buffers(samples.n_joints * samples.n_channels, samples.rows.dtype)
        flat = samples.rows.reshape(-1), rows.reshape(-1)
        _add_noise(*flat, *widths, *tables, row, self.key, self.lateral, self.axial, *buffers)
        return replace(samples, rows=rows, row=row)


def _buffers(n_columns: int, dtype: np.dtype[Any]) -> tuple[NDArray[Any], ...]:
    """Both words, fractions and the same memory as integers, both normals, and standard deviations, for 8 frames."""
    size = _FRAMES * n_columns
    fractions = np.empty(size, np.float32)
    numbers = fractions, fractions.view(np.int32), np.empty(size, np.float32), np.empty(size, np.float32)
    return np.empty(size, np.uint32), np.empty(size, np.uint32), *numbers, np.empty(size, dtype)


@kernel()
def _fill_words(start, low_key, high_key, left_words, right_words):  # type: ignore[no-untyped-def]
    """Philox2x32-7 of the counters (start + i, high_key); in 64-bit lanes, as vector units multiply 32 bits."""
    mask, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
    for i in range(left_words.size):
        left, right, key = start + np.uint64(i), high_key, low_key
        for _ in range(7):
            product = (left & mask) * np.uint64(0xD256D193)
            left, right = (product >> shift) ^ key ^ right, product & mask
            key = (key + np.uint64(0x9E3779B9)) & mask
        left_words[i], right_words[i] = np.uint32(left & mask), np.uint32(right)


@kernel(fastmath=_FUSED)
def _fill_radii(words, fractions, bits, radii):  # type: ignore[no-untyped-def]
    """``sqrt(-2 log u)`` for u = (word + 1/2) / 2**32, with full relative precision at both ends."""
    number, integer = np.float32, np.int32
    for i in range(words.size):
        fractions[i] = (number(words[i]) + number(0.5)) * number(2.0**-32)
    for i in range(words.size):
        # Write u as m * 2**e with m in [sqrt(1/2), sqrt(2)): fractions become m, radii e.
        above = integer(bits[i] - integer(0x3F3504F3))
        bits[i] = integer((above & integer(0x7FFFFF)) + integer(0x3F3504F3))
        radii[i] = number(above >> integer(23))
    for i in range(words.size):
        # Near one, u - 1 is exact only when it is made from the complement of the word.
        complement = (number(np.uint32(~words[i])) + number(0.5)) * number(-(2.0**-32))
        x = complement if radii[i] == 0 else fractions[i] - number(1)
        p = number(7.0376836292e-2)
        p = p * x - number(1.1514610310e-1)
        p = p * x + number(1.1676998740e-1)
        p = p * x - number(1.2420140846e-1)
        p = p * x + number(1.4249322787e-1)
        p = p * x - number(1.6668057665e-1)
        p = p * x + number(2.0000714765e-1)
        p = p * x - number(2.4999993993e-1)
        p = p * x + number(3.3333331174e-1)
        log = x + x * x * (p * x - number(0.5)) + radii[i] * number(np.log(2.0))
        radii[i] = np.sqrt(number(-2) * log)


@kernel(fastmath=_FUSED)
def _fill_normals(words, radii, sines):  # type: ignore[no-untyped-def]
    """Radii times cosine, in their place, and sine of the angle ``2 pi word / 2**32``."""
    number, integer = np.float32, np.uint32
    for i in range(words.size):
        turned = integer(words[i] + integer(0x20000000))
        quarter = integer(turned >> integer(30))
        rest = np.int32(integer(turned & integer(0x3FFFFFFF))) - np.int32(0x20000000)
        x = number(np.int32(rest)) * number(2 * np.pi / 2.0**32)
        z = x * x
        sine = ((number(-1.9515295891e-4) * z + number(8.3321608736e-3)) * z - number(1.6666654611e-1)) * z * x + x
        cosine = (number(2.443315711809948e-5) * z - number(1.388731625493765e-3)) * z + number(4.166664568298827e-2)
        cosine = cosine * z * z - number(0.5) * z + number(1)
        a = sine if quarter == 1 or quarter == 3 else cosine
        b = cosine if quarter == 1 or quarter == 3 else sine
        radius = radii[i]
        radii[i] = radius * (-a if quarter == 1 or quarter == 2 else a)
        sines[i] = radius * (-b if quarter >= 2 else b)


@kernel()
def _missing(line, at, width):  # type: ignore[no-untyped-def]
    for c in range(at, at + width):  # noqa: SIM110 - numba has no any()
        if line[c] != 0:
            return False
    return True


@kernel(fastmath=_FUSED)
def _fill_deviations(lines, whole, width, dims, lateral, axial, deviations):  # type: ignore[no-untyped-def]
    """Standard deviation of each number; 0 where a joint is missing."""
    number = lines.dtype.type
    near, still, growing = number(NEAREST_DEPTH), number(lateral[0]), number(lateral[1])
    ahead, growing_ahead = number(axial[0]), number(axial[1])
    if whole and width == 3 and dims == 3:
        for i in range(np.uintp(lines.size // 3)):
            at = np.uintp(3) * i
            depth = max(lines[at + np.uintp(2)], near)
            deviations[at] = still + growing * depth
            deviations[at + np.uintp(1)] = still + growing * depth
            deviations[at + np.uintp(2)] = ahead + growing_ahead * (depth - near) * (depth - near)
        return
    for column in range(0, lines.size, width):
        there = not _missing(lines, column, width)
        depth = max(lines[column + dims - 1], near)
        for c in range(width):
            deviation = ahead + growing_ahead * (depth - near) * (depth - near) if c == 2 else still + growing * depth
            deviations[column + c] = deviation if there and c < dims else number(0)


@kernel(fastmath={"contract", "reassoc"})
def _add(lines, deviations, normals, out):  # type: ignore[no-untyped-def]
    """Return how many results are zero."""
    zeros = np.int32(0)
    for i in range(out.size):
        value = lines[i] + deviations[i] * normals[i]
        out[i] = value
        zeros += np.int32(value == 0)
    return zeros


@kernel()
def _keep_present(lines, width, out):  # type: ignore[no-untyped-def]
    for column in range(0, lines.size, width):
        if _missing(out, column, width) and not _missing(lines, column, width):
            out[column] = PRESENT_AT_ORIGIN


@kernel()
def _add_to_body(  # type: ignore[no-untyped-def]
    track, first, gapless, n_columns, width, dims, key, body, lateral, axial,
    left_words, right_words, fractions, bits, cosines, sines, deviations, out,
):  # fmt: skip
    mask, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
    low_key, high_key = key & mask, ((key >> shift) + np.uint64(body)) & mask
    end, size = first + track.size // n_columns, _FRAMES * n_columns
    for group in range(first // (2 * _FRAMES), (end - 1) // (2 * _FRAMES) + 1):
        _fill_words(np.uint64(group * size), low_key, high_key, left_words, right_words)
        _fill_radii(left_words, fractions, bits, cosines)
        _fill_normals(right_words, cosines, sines)
        for half in range(2):
            begin = (2 * group + half) * _FRAMES
            low, high = max(first, begin), min(end, begin + _FRAMES)
            if low >= high:
                continue
            normals = cosines if half == 0 else sines
            lines = track[(low - first) * n_columns : (high - first) * n_columns]
            result = out[(low - first) * n_columns : (high - first) * n_columns]
            _fill_deviations(lines, gapless, width, dims, lateral, axial, deviations)
            if _add(lines, deviations, normals[(low - begin) * n_columns :], result) > 0:
                _keep_present(lines, width, result)


@kernel()
def _add_noise(  # type: ignore[no-untyped-def]
    rows, out, n_joints, n_channels, width, dims, row, first, length, gapless, out_row,
    key, lateral, axial, left_words, right_words, fractions, bits, cosines, sines, deviations,
):  # fmt: skip
    n_columns = n_joints * n_channels
    for n in range(row.shape[0]):
        silent = not (lateral[n].any() or axial[n].any())
        for m in range(row.shape[1]):
            track = rows[row[n, m] * n_columns : (row[n, m] + length[n, m]) * n_columns]
            result = out[out_row[n, m] * n_columns : (out_row[n, m] + length[n, m]) * n_columns]
            if silent:
                result[:] = track
            elif track.size > 0:
                _add_to_body(
                    track, first[n, m], gapless[n, m], n_columns, width, dims, key[n], m, lateral[n], axial[n],
                    left_words, right_words, fractions, bits, cosines, sines, deviations, result,
                )  # fmt: skip
