"""The kernel for samples in which single joints are missing, or of any channels: plain, frame by frame."""

from __future__ import annotations

import numpy as np
from numba import njit

from skeleton_aug.kernels import PRESENT_AT_ORIGIN


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
def _smooth_joints(flat, out, n_columns, n_channels, bank, shortest, tiny):  # type: ignore[no-untyped-def]
    """Filter each vector's runs of present frames."""
    n_frames = flat.size // n_columns
    for column in range(0, n_columns, n_channels):
        t = 0
        while t < n_frames:
            begin = t
            while t < n_frames and not _missing(flat, t * n_columns + column, n_channels):
                t += 1
            window = _window(t - begin, bank.shape[1])
            for i in range(begin, t):
                place, start = window // 2, i - window // 2
                if start < begin:
                    place, start = i - begin, begin
                elif start + window > t:
                    place, start = window - (t - i), t - window
                for c in range(column, column + n_channels):
                    value = flat[i * n_columns + c]
                    if window >= shortest:
                        value *= 0
                        for k in range(window):
                            value += bank[window, place, k] * flat[(start + k) * n_columns + c]
                    out[i * n_columns + c] = value
                _keep_vector(out, i * n_columns + column, n_channels, tiny)
            if t < n_frames:
                for c in range(n_channels):
                    out[t * n_columns + column + c] = 0
                t += 1


@njit(cache=True, nogil=True)
def _keep_vector(line, at, width, tiny):  # type: ignore[no-untyped-def]
    if _missing(line, at, width):
        line[at] = tiny


@njit(cache=True, nogil=True)
def _blend_joints(flat, before, after, mix, n_channels, tiny, line):  # type: ignore[no-untyped-def]
    """Interpolate between two frames of a track, -1 for one outside it; a vector missing in one takes the other."""
    n_columns = line.size
    line[:] = 0
    rest = flat.dtype.type(1) - mix
    for column in range(0, n_columns, n_channels):
        a, b = before * n_columns + column, after * n_columns + column
        in_before = before >= 0 and not _missing(flat, a, n_channels)
        in_after = mix != 0 and after >= 0 and not _missing(flat, b, n_channels)
        for c in range(n_channels):
            if in_before and in_after:
                line[column + c] = rest * flat[a + c] + mix * flat[b + c]
            elif in_before:
                line[column + c] = flat[a + c]
            elif in_after:
                line[column + c] = flat[b + c]
        if in_before or in_after:
            _keep_vector(line, column, n_channels, tiny)


@njit(cache=True, nogil=True)
def _transform_joints(line, n_channels, matrix, offset, tiny):  # type: ignore[no-untyped-def]
    """Apply the matrix to every present vector, and the offset to positions, which stand first on C."""
    for column in range(0, line.size, 3):
        if _missing(line, column, 3):
            continue
        x, y, z = line[column], line[column + 1], line[column + 2]
        is_position = column % n_channels == 0
        for c in range(3):
            value = matrix[c, 0] * x + matrix[c, 1] * y + matrix[c, 2] * z
            line[column + c] = value + offset[c] if is_position else value
        _keep_vector(line, column, 3, tiny)


@njit(cache=True, nogil=True)
def _bones_of_joints(line, parents, keep_joints, target):  # type: ignore[no-untyped-def]
    width = 6 if keep_joints else 3
    target[:] = 0
    for joint in range(parents.size):
        at, up, to = 3 * joint, 3 * parents[joint], width * joint
        whole = up >= 0 and not _missing(line, at, 3) and not _missing(line, up, 3)
        for c in range(3):
            if keep_joints:
                target[to + c] = line[at + c]
            if whole:
                target[to + width - 3 + c] = line[at + c] - line[up + c]


@njit(cache=True, nogil=True)
def _apply_to_body(  # type: ignore[no-untyped-def]
    track, first, n_joints, n_channels,
    filtered, bank, shortest, before, after, mix, n_t,
    matrix, offset, parents, bone_channels, weights,
    out, at, frame_step, joint_step, channel_step,
):  # fmt: skip
    n_columns = n_joints * n_channels
    n_track = track.size // n_columns
    dtype, tiny = track.dtype, track.dtype.type(PRESENT_AT_ORIGIN)
    width = n_channels if bone_channels == 0 else 3 * bone_channels
    vector = 3 if n_channels % 3 == 0 else n_channels
    smoothed = np.empty(track.size if filtered else 0, dtype)
    line, with_bones = np.empty(n_columns, dtype), np.empty(n_columns // n_channels * width, dtype)
    if filtered:
        _smooth_joints(track, smoothed, n_columns, vector, bank, shortest, tiny)
    for t in range(n_t):
        low, high, share = t, t, dtype.type(0)
        if before.size > 0:
            low, high, share = before[t], after[t], dtype.type(mix[t])
        low, high = low - first, high - first
        low = low if 0 <= low < n_track else -1
        high = high if 0 <= high < n_track else -1
        if filtered:
            _blend_joints(smoothed, low, high, share, vector, tiny, line)
        else:
            _blend_joints(track, low, high, share, vector, tiny, line)
        if vector == 3:
            _transform_joints(line, n_channels, matrix, offset, tiny)
        result = line
        if bone_channels > 0:
            _bones_of_joints(line, parents, bone_channels == 2, with_bones)
            result = with_bones
        for v in range(result.size // width):
            weight = dtype.type(weights[v] if weights.size > 0 else 1)
            for c in range(width):
                to = at + t * frame_step + v * joint_step + c * channel_step
                # Adding zero turns the -0.0 of a weight of zero into a plain zero.
                out[to] = result[v * width + c] * weight + dtype.type(0)


@njit(cache=True, nogil=True)
def apply_to_joints(  # type: ignore[no-untyped-def]
    done, rows, n_joints, n_channels, row, first, length,
    filter_active, bank, shortest, before, after, mix, n_out,
    matrix, offset, parents, bone_channels, weights,
    out, out_start, model_layout,
):  # fmt: skip
    """Carry out a stage as :func:`skeleton_aug.kernels.apply_to_frames` does, for the bodies that are not ``done``."""
    n_samples, n_bodies = row.shape
    dtype, step = rows.dtype, n_joints * n_channels
    width = n_channels if bone_channels == 0 else 3 * bone_channels
    local_matrix, local_offset = np.empty((3, 3), dtype), np.empty(3, dtype)
    for n in range(n_samples):
        n_t = n_out[n]
        of_filter, of_gather, of_weights = n % filter_active.size, n % before.shape[0], n % weights.shape[0]
        for c in range(3):
            local_offset[c] = offset[n % offset.shape[0], c]
            for d in range(3):
                local_matrix[c, d] = matrix[n % matrix.shape[0], c, d]
        for m in range(n_bodies):
            if done[n, m]:
                continue
            at, frame_step, joint_step, channel_step = m * n_t * n_joints * width, n_joints * width, width, 1
            if model_layout:
                at, frame_step, joint_step, channel_step = m, n_joints * n_bodies, n_bodies, n_t * n_joints * n_bodies
            _apply_to_body(
                rows[row[n, m] * step : (row[n, m] + length[n, m]) * step], first[n, m], n_joints, n_channels,
                filter_active[of_filter], bank, shortest,
                before[of_gather], after[of_gather], mix[of_gather], n_t,
                local_matrix, local_offset, parents, bone_channels, weights[of_weights],
                out, out_start[n] + at, frame_step, joint_step, channel_step,
            )  # fmt: skip
