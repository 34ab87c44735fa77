"""The kernel that carries out a stage of a plan in one pass over the samples.

All helpers live here, since numba's cache does not see changes in other files.
"""

from __future__ import annotations

import numpy as np
from numba import njit

PRESENT_AT_ORIGIN = 1e-12
"""Metres. All zeros mean "missing", so a present joint that an operator moves exactly onto the origin (the base of
the spine, after centring) is written one picometre beside it and stays present for the operators that follow."""


@njit(cache=True, nogil=True)
def _missing(line, at, width):  # type: ignore[no-untyped-def]
    for c in range(at, at + width):  # noqa: SIM110 - numba has no any()
        if line[c] != 0:
            return False
    return True


@njit(cache=True, nogil=True)
def _window(n_run, longest):  # type: ignore[no-untyped-def]
    window = min(n_run, longest)
    return window - 1 + window % 2


@njit(cache=True, nogil=True)
def _filter_span(source, target, begin, end, column, width, bank, shortest):  # type: ignore[no-untyped-def]
    """Filter ``width`` columns of the run of frames [begin, end)."""
    window = _window(end - begin, bank.shape[1])
    if window < shortest:
        target[begin:end, column : column + width] = source[begin:end, column : column + width]
        return
    half = window // 2
    for t in range(begin, end):
        if t - begin < half:
            place, start = t - begin, begin
        elif end - t <= half:
            place, start = window - (end - t), end - window
        else:
            place, start = half, t - half
        for j in range(column, column + width):
            target[t, j] = bank[window, place, 0] * source[start, j]
        for k in range(1, window):
            weight = bank[window, place, k]
            for j in range(column, column + width):
                target[t, j] += weight * source[start + k, j]


@njit(cache=True, nogil=True)
def _filter_body(source, target, gapless, n_channels, bank, shortest):  # type: ignore[no-untyped-def]
    n_frames, n_columns = source.shape
    if gapless:
        _filter_span(source, target, 0, n_frames, 0, n_columns, bank, shortest)
        return
    for column in range(0, n_columns, n_channels):
        t = 0
        while t < n_frames:
            if _missing(source[t], column, n_channels):
                target[t, column : column + n_channels] = 0
                t += 1
                continue
            begin = t
            while t < n_frames and not _missing(source[t], column, n_channels):
                t += 1
            _filter_span(source, target, begin, t, column, n_channels, bank, shortest)


@njit(cache=True, nogil=True)
def _blend(source, before, after, mix, gapless, n_channels, line):  # type: ignore[no-untyped-def]
    """Interpolate between two frames of a track (-1 for a frame outside it) into ``line``; False where missing."""
    if before < 0 and (after < 0 or mix == 0):
        return False
    if after < 0 or mix == 0:
        line[:] = source[before]
    elif before < 0:
        line[:] = source[after]
    else:
        rest = 1 - mix
        for j in range(line.size):
            line[j] = rest * source[before, j] + mix * source[after, j]
        if not gapless:
            for column in range(0, line.size, n_channels):
                if _missing(source[before], column, n_channels):
                    line[column : column + n_channels] = source[after, column : column + n_channels]
                elif _missing(source[after], column, n_channels):
                    line[column : column + n_channels] = source[before, column : column + n_channels]
    return True


@njit(cache=True, nogil=True)
def _transform_line(line, n_channels, matrix, offset, tiny):  # type: ignore[no-untyped-def]
    """Apply the matrix to every 3-vector of every present joint, and the offset to its position."""
    for column in range(0, line.size, 3):
        if _missing(line, column, 3):
            continue
        x, y, z = line[column], line[column + 1], line[column + 2]
        is_position = column % n_channels == 0
        moved = False
        for c in range(3):
            value = matrix[c, 0] * x + matrix[c, 1] * y + matrix[c, 2] * z
            if is_position:
                value += offset[c]
            line[column + c] = value
            moved |= value != 0
        if is_position and not moved:
            line[column] = tiny


@njit(cache=True, nogil=True)
def _bones(line, parents, keep_joints, target):  # type: ignore[no-untyped-def]
    width = 6 if keep_joints else 3
    for joint in range(parents.size):
        at, up = 3 * joint, 3 * parents[joint]
        to = width * joint
        if keep_joints:
            target[to : to + 3] = line[at : at + 3]
            to += 3
        target[to : to + 3] = 0
        if up >= 0 and not _missing(line, at, 3) and not _missing(line, up, 3):
            for c in range(3):
                target[to + c] = line[at + c] - line[up + c]


@njit(cache=True, nogil=True)
def apply_stage(  # type: ignore[no-untyped-def]
    rows, n_channels, row, first, length, gapless,
    filter_active, bank, shortest,
    before, after, mix, n_out,
    matrix, offset, has_affine,
    parents, bone_channels,
    weights,
    out, out_start, model_layout,
):  # fmt: skip
    """Filter, gather, affine, bones, weights: sample by sample, frame by frame.

    ``rows`` is (R, V * C); absent operators are arrays with N = 0 (no gather: the frames stay as they are).
    ``bone_channels`` is 0 without bones, 1 for bones, 2 for joints and bones. ``out`` is flat; sample n begins at
    ``out_start[n]`` and lies there as (M, T, V, C), or as (C, T, V, M) in model layout.
    """
    n_samples, n_bodies = row.shape
    n_columns = rows.shape[1]
    n_joints = n_columns // n_channels
    width = n_channels if bone_channels == 0 else 3 * bone_channels
    tiny = rows.dtype.type(PRESENT_AT_ORIGIN)
    scratch = np.empty((length.max() if filter_active.any() else 0, n_columns), rows.dtype)
    line = np.empty(n_columns, rows.dtype)
    with_bones = np.empty(n_joints * width, rows.dtype)
    local_matrix, local_offset = np.empty((3, 3), rows.dtype), np.empty(3, rows.dtype)
    for n in range(n_samples):
        n_t = n_out[n]
        if has_affine:
            local_matrix[:] = matrix[n]
            local_offset[:] = offset[n]
        for m in range(n_bodies):
            n_track = length[n, m]
            whole = gapless[n, m]
            track = rows[row[n, m] : row[n, m] + n_track]
            filtered = filter_active.size > 0 and filter_active[n] and n_track > 0
            if filtered:
                _filter_body(track, scratch, whole, n_channels, bank, shortest)
            for t in range(n_t):
                low, high, part = t, t, 0.0
                if before.size > 0:
                    low, high, part = before[n, t], after[n, t], mix[n, t]
                low -= first[n, m]
                high -= first[n, m]
                low = low if 0 <= low < n_track else -1
                high = high if 0 <= high < n_track else -1
                share = rows.dtype.type(part)
                if filtered:
                    there = _blend(scratch, low, high, share, whole, n_channels, line)
                else:
                    there = _blend(track, low, high, share, whole, n_channels, line)
                result = line
                if there:
                    if has_affine:
                        _transform_line(line, n_channels, local_matrix, local_offset, tiny)
                    if bone_channels > 0:
                        _bones(line, parents, bone_channels == 2, with_bones)
                        result = with_bones
                    if weights.size > 0:
                        for v in range(n_joints):
                            weight = rows.dtype.type(weights[n, v])
                            for c in range(v * width, (v + 1) * width):
                                result[c] *= weight
                if model_layout:
                    at = out_start[n] + t * n_joints * n_bodies + m
                    for c in range(width):
                        for v in range(n_joints):
                            out[at + v * n_bodies] = result[v * width + c] if there else 0
                        at += n_t * n_joints * n_bodies
                else:
                    at = out_start[n] + (m * n_t + t) * n_joints * width
                    for j in range(n_joints * width):
                        out[at + j] = result[j] if there else 0
