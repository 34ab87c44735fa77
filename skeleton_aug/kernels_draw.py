"""Kernels that draw: Philox numbers, and the parameters of a whole pipeline from them in one call.

A program is a list of instructions, see ``drawing``. Each has uniform numbers u of its own: ``u[4 * b + i]`` is the
i-th of block b of its stream. Block 0 holds the chance that it acts; each call of :class:`Draws` takes blocks of its
own.
"""

from __future__ import annotations

import numpy as np

from skeleton_aug.compiled import inner_kernel, kernel

# Codes of instructions. The first move frames, the next change coordinates, the last joints.
PLAY_AT, WINDOW, STRETCH, SHIFT, CROP, CROP_STRETCH, REFLECT_CROP, REVERSE = range(8)
SHEAR, SCALE, TRANSLATE, TURN, MATRICES = range(8, 13)
FILTER, REORDER, WEIGHTS, SUBSET = range(13, 17)


@inner_kernel()
def _multiply_high_low(a, b):  # type: ignore[no-untyped-def]
    mask = np.uint64(0xFFFFFFFF)
    shift = np.uint64(32)
    a_low, a_high = a & mask, a >> shift
    b_low, b_high = b & mask, b >> shift
    low = a_low * b_low
    middle = a_high * b_low + (low >> shift)
    carry = (middle & mask) + a_low * b_high
    return a_high * b_high + (middle >> shift) + (carry >> shift), a * b


@inner_kernel()
def _make_block(seed, stream, block, view, epoch, index):  # type: ignore[no-untyped-def]
    """Four 64-bit words."""
    c0, c1, c2, c3, k0, k1 = block, view, epoch, index, seed, stream
    for _ in range(10):
        high0, low0 = _multiply_high_low(np.uint64(0xD2E7470EE14C6C93), c0)
        high1, low1 = _multiply_high_low(np.uint64(0xCA5A826395121157), c2)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0 += np.uint64(0x9E3779B97F4A7C15)
        k1 += np.uint64(0xBB67AE8584CAA73B)
    return c0, c1, c2, c3


@inner_kernel()
def _unit(word):  # type: ignore[no-untyped-def]
    """Uniform number on [0, 1)."""
    return (word >> np.uint64(11)) * 2.0**-53


@inner_kernel()
def _whole(x):  # type: ignore[no-untyped-def]
    """What is in front of the point, and not below zero."""
    return max(np.int64(x), np.int64(0))


@kernel()
def fill_words(words, seed, stream, block, view, epoch, indices):  # type: ignore[no-untyped-def]
    """Words of one stream, (N, width), from a block on."""
    n, width = words.shape
    for i in range(n):
        for first in range(0, width, 4):
            c0, c1, c2, c3 = _make_block(seed, stream, block + np.uint64(first // 4), view, epoch, indices[i])
            words[i, first] = c0
            if first + 1 < width:
                words[i, first + 1] = c1
            if first + 2 < width:
                words[i, first + 2] = c2
            if first + 3 < width:
                words[i, first + 3] = c3


@inner_kernel()
def _fill_blocks(units, at, n_blocks, seed, stream, view, epoch, index):  # type: ignore[no-untyped-def]
    """The first uniform numbers of a stream, four a block."""
    for block in range(n_blocks):
        c0, c1, c2, c3 = _make_block(seed, stream, np.uint64(block), view, epoch, index)
        units[at], units[at + 1], units[at + 2], units[at + 3] = _unit(c0), _unit(c1), _unit(c2), _unit(c3)
        at += 4


@kernel()
def fill_streams(units, seed, streams, view, epoch, indices):  # type: ignore[no-untyped-def]
    """First uniform numbers of several streams, (S, N, width)."""
    n_streams, n, width = units.shape
    flat = units.reshape(-1)
    for s in range(n_streams):
        for i in range(n):
            _fill_blocks(flat, (s * n + i) * width, width // 4, seed, streams[s], view, epoch, indices[i])


@inner_kernel()
def _set_rotation(x, y, z, matrix, at):  # type: ignore[no-untyped-def]
    x, y, z = np.radians(x), np.radians(y), np.radians(z)
    cx, cy, cz, sx, sy, sz = np.cos(x), np.cos(y), np.cos(z), np.sin(x), np.sin(y), np.sin(z)
    matrix[at], matrix[at + 1], matrix[at + 2] = cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx
    matrix[at + 3], matrix[at + 4], matrix[at + 5] = sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx
    matrix[at + 6], matrix[at + 7], matrix[at + 8] = -sy, cy * sx, cy * cx


@kernel()
def fill_rotations(degrees, matrix):  # type: ignore[no-untyped-def]
    """``Rz @ Ry @ Rx`` of right-handed angles about x, y and z, (N, 3), into (N, 3, 3)."""
    flat = matrix.reshape(-1)
    for n in range(degrees.shape[0]):
        _set_rotation(degrees[n, 0], degrees[n, 1], degrees[n, 2], flat, 9 * n)


@inner_kernel()
def _move_frames(code, u, p, at, length, whole, places, step, n, n_samples):  # type: ignore[no-untyped-def]
    """Set a window or a stretch of a sequence, and return its length.

    ``whole`` is flat (steps, 3, N): first frame, frames of the result, frames of the source; ``places`` flat
    (steps, 2, N): start and span of a stretch.
    """
    start, place, span, n_frames = np.int64(0), 0.0, length - 1.0, length
    if code == PLAY_AT:
        rate = p[at] + (p[at + 1] - p[at]) * u[4]
        n_frames = max(_whole(np.rint(length / rate)), np.int64(1))
    elif code == WINDOW:
        n_frames = _whole(p[at])
        spare = max(length - (n_frames - 1), 1)
        if p[at + 1] == 1:
            start = (spare - 1) // 2
        elif p[at + 1] == 2:
            start = _whole(u[4] * spare)
    elif code == STRETCH:
        n_frames = _whole(p[at])
        spare = max(length - (n_frames - 1), 1)
        if p[at + 1] == 1:
            place = float((spare - 1) // 2)
        elif p[at + 1] == 2:
            place = float(_whole(u[4] * spare))
        if p[at + 1] >= 0:
            span = min(length, n_frames) - 1.0
    elif code == SHIFT:
        longest = length if p[at] < 0 else np.int64(p[at])
        start = _whole(u[4] * (longest + 1))
    elif code == CROP:
        n_frames = max(_whole(np.rint(length * (p[at] + (p[at + 1] - p[at]) * u[4]))), np.int64(1))
        start = _whole(u[8] * (length - n_frames + 1))
    elif code == CROP_STRETCH:
        n_frames = _whole(p[at])
        span = (length - 1.0) * (p[at + 1] + (p[at + 2] - p[at + 1]) * u[4])
        place = ((length - 1.0) - span) * u[8]
    elif code == REFLECT_CROP:
        padding = _whole(np.floor(length * p[at] + 1e-9))
        start = _whole(u[4] * (2 * padding + 1)) - padding
    elif code == REVERSE:
        start = length
    whole[3 * step * n_samples + n], places[2 * step * n_samples + n] = start, place
    whole[(3 * step + 1) * n_samples + n], places[(2 * step + 1) * n_samples + n] = n_frames, span
    whole[(3 * step + 2) * n_samples + n] = length
    return n_frames


@inner_kernel()
def _leave_frames(length, whole, places, step, n, n_samples):  # type: ignore[no-untyped-def]
    """The same for a sample that is left as it is."""
    whole[3 * step * n_samples + n], places[2 * step * n_samples + n] = 0, 0.0
    whole[(3 * step + 1) * n_samples + n], places[(2 * step + 1) * n_samples + n] = length, length - 1.0
    whole[(3 * step + 2) * n_samples + n] = length


@inner_kernel()
def _set_affine(code, u, p, at, a, b):  # type: ignore[no-untyped-def]
    """Matrix (9) and offset (3) of an instruction."""
    for i in range(9):
        a[i] = 1.0 if i % 4 == 0 else 0.0
    for i in range(3):
        b[i] = 0.0
    if code == SHEAR:
        for i in range(3):
            a[1 + i] = p[at] + (p[at + 1] - p[at]) * u[4 + i]
            a[5 + i] = p[at] + (p[at + 1] - p[at]) * u[7 + i]
    elif code == SCALE:
        for i in range(3):
            a[4 * i] = p[at] + (p[at + 1] - p[at]) * u[4 + (i if p[at + 2] != 0 else 0)]
    elif code == TRANSLATE:
        for i in range(3):
            b[i] = p[at + i] + (p[at + 3 + i] - p[at + i]) * u[4 + i]
    elif code == TURN:
        main = np.int64(-1) if p[at + 6] == 0 else _whole(u[8] * 3)
        for i in range(3):
            low, high = (p[at + 7], p[at + 8]) if i == main else (p[at + i], p[at + 3 + i])
            b[i] = low + (high - low) * u[4 + i]
        _set_rotation(b[0], b[1], b[2], a, 0)
        for i in range(3):
            b[i] = 0.0
    elif code == MATRICES:
        chosen = _whole(u[4] * p[at])
        for i in range(9):
            a[i] = p[at + 1 + 9 * chosen + i]


@inner_kernel()
def _put_behind(a, b, matrix, m, offset, o, first):  # type: ignore[no-untyped-def]
    """Make ``matrix @ x + offset`` what it is followed by ``a @ x + b``."""
    if first:
        for i in range(9):
            matrix[m + i] = a[i]
        for i in range(3):
            offset[o + i] = b[i]
        return
    c, d = matrix, (offset[o], offset[o + 1], offset[o + 2])
    for j in range(3):
        # The columns one after the other, since the matrix is both read and written.
        e, f, g = c[m + j], c[m + 3 + j], c[m + 6 + j]
        for i in range(3):
            matrix[m + 3 * i + j] = a[3 * i] * e + a[3 * i + 1] * f + a[3 * i + 2] * g
    for i in range(3):
        offset[o + i] = a[3 * i] * d[0] + a[3 * i + 1] * d[1] + a[3 * i + 2] * d[2] + b[i]


@inner_kernel()
def _weigh_joints(code, u, p, at, acts, weights, to, n_joints, order, first):  # type: ignore[no-untyped-def]
    """Multiply the weights of a sample's joints: by one of several rows, or by 0 for a random subset of parts."""
    if first:
        for v in range(n_joints):
            weights[to + v] = 1.0
    if not acts:
        return
    if code == WEIGHTS:
        row = at + 1 + _whole(u[4] * p[at]) * n_joints
        for v in range(n_joints):
            weights[to + v] *= p[row + v]
        return
    # A Fisher-Yates shuffle of the parts, as far as parts are wanted; each row of p says which joints a part has.
    n_parts, low, high = _whole(p[at]), p[at + 1], p[at + 2]
    for i in range(n_parts):
        order[i] = i
    for k in range(np.int64(low) + _whole(u[4] * (high + 1 - low))):
        left = n_parts - k
        # A product may round up to the number itself.
        other = k + min(np.int64(u[8 + k] * left), left - 1)
        order[k], order[other] = order[other], order[k]
        row = at + 3 + order[k] * n_joints
        for v in range(n_joints):
            if p[row + v] != 0:
                weights[to + v] = 0.0


@kernel()
def run_program(  # type: ignore[no-untyped-def]
    program, streams, numbers, seed, view, epoch, indices, n_source, n_joints,
    whole, places, active, matrix, offset, has_affine, source, weights,
):  # fmt: skip
    """Draw the parameters of N samples.

    ``program`` has a row for each instruction: its code, the blocks of numbers that it needs behind the first, where
    its numbers begin, and its step if it moves frames. The numbers begin with the probability that it acts.
    """
    n_samples, n_blocks = n_source.size, 1
    for k in range(program.shape[0]):
        n_blocks = max(n_blocks, 1 + program[k, 1])
    units, a, b = np.zeros(4 * n_blocks), np.empty(9), np.empty(3)
    order = np.empty(max(4 * n_blocks, n_joints), np.int64)
    whole, places, matrix, offset = whole.reshape(-1), places.reshape(-1), matrix.reshape(-1), offset.reshape(-1)
    weights, source = weights.reshape(-1), source.reshape(-1)
    for n in range(n_samples):
        length, first_affine, first_weights = n_source[n], not has_affine, True
        for k in range(program.shape[0]):
            code, at = program[k, 0], program[k, 2]
            _fill_blocks(units, 0, 1 + program[k, 1], seed, streams[k], view, epoch, indices[n])
            acts = numbers[at] >= 1 or units[0] < numbers[at]
            at += 1
            if code <= REVERSE:
                if acts:
                    length = _move_frames(
                        code, units, numbers, at, length, whole, places, program[k, 3], n, n_samples
                    )  # fmt: skip
                else:
                    _leave_frames(length, whole, places, program[k, 3], n, n_samples)
            elif code <= MATRICES:
                _set_affine(code if acts else -1, units, numbers, at, a, b)
                _put_behind(a, b, matrix, 9 * n, offset, 3 * n, first_affine)
                first_affine = False
            elif code == FILTER:
                active[n] = acts
            elif code == REORDER:
                for v in range(n_joints):
                    source[n * n_joints + v] = np.int64(numbers[at + v]) if acts else v
            else:
                _weigh_joints(
                    code, units, numbers, at, acts, weights, n * n_joints, n_joints, order, first_weights
                )  # fmt: skip
                first_weights = False
