"""The kernel for bodies of which single joints are missing, and for channels other than x, y, z: one vector at a time.

A vector is what a joint has: its coordinates and, in some data, a confidence; bones and motion are further vectors
behind it. It is missing where all its numbers are zero.
"""

from __future__ import annotations

import numpy as np

from skeleton_aug.compiled import kernel
from skeleton_aug.kernels import PRESENT_AT_ORIGIN


@kernel()
def _missing(line, at, width):  # type: ignore[no-untyped-def]
    for c in range(at, at + width):  # noqa: SIM110 - numba has no any()
        if line[c] != 0:
            return False
    return True


@kernel()
def _window(n_run, longest):  # type: ignore[no-untyped-def]
    window = min(n_run, longest)
    return window - 1 + window % 2


@kernel()
def _keep_vector(line, at, width, tiny):  # type: ignore[no-untyped-def]
    if _missing(line, at, width):
        line[at] = tiny


@kernel()
def _smooth_joints(flat, out, n_columns, width, bank, shortest, taps, tiny):  # type: ignore[no-untyped-def]
    """Filter each run of each vector by the bank, or blur it by the taps if there are any."""
    n_frames = flat.size // n_columns
    for column in range(0, n_columns, width):
        t = 0
        while t < n_frames:
            begin = t
            while t < n_frames and not _missing(flat, t * n_columns + column, width):
                t += 1
            window = _window(t - begin, bank.shape[1])
            for i in range(begin, t):
                place, start = window // 2, i - window // 2
                if start < begin:
                    place, start = i - begin, begin
                elif start + window > t:
                    place, start = window - (t - i), t - window
                half = taps.size // 2
                low, high = max(begin, i - half), min(t, i + half + 1)
                for c in range(column, column + width):
                    value = flat[i * n_columns + c]
                    if taps.size > 0:
                        value, total = value * 0, value * 0
                        for k in range(low, high):
                            weight = flat.dtype.type(taps[k - i + half])
                            value += weight * flat[k * n_columns + c]
                            total += weight
                        value /= total
                    elif window >= shortest:
                        value *= 0
                        for k in range(window):
                            value += bank[window, place, k] * flat[(start + k) * n_columns + c]
                    out[i * n_columns + c] = value
                _keep_vector(out, i * n_columns + column, width, tiny)
            if t < n_frames:
                out[t * n_columns + column : t * n_columns + column + width] = 0
                t += 1


@kernel()
def _blend_joints(flat, before, after, mix, width, tiny, line):  # type: ignore[no-untyped-def]
    """Interpolate between two frames of a track, -1 for one outside it; a vector missing in one takes the other."""
    n_columns = line.size
    line[:] = 0
    rest = flat.dtype.type(1) - mix
    for column in range(0, n_columns, width):
        a, b = before * n_columns + column, after * n_columns + column
        in_before = before >= 0 and not _missing(flat, a, width)
        in_after = mix != 0 and after >= 0 and not _missing(flat, b, width)
        for c in range(width):
            if in_before and in_after:
                line[column + c] = rest * flat[a + c] + mix * flat[b + c]
            elif in_before:
                line[column + c] = flat[a + c]
            elif in_after:
                line[column + c] = flat[b + c]
        if in_before or in_after:
            _keep_vector(line, column, width, tiny)


@kernel()
def _transform_joints(line, n_channels, width, dims, matrix, offset, tiny):  # type: ignore[no-untyped-def]
    """Apply the matrix to the coordinates of every present vector, and the offset to positions, which stand first."""
    for column in range(0, line.size, width):
        if _missing(line, column, width):
            continue
        is_position = column % n_channels == 0
        x, y, z = line[column], line[column + 1], line[column] * 0
        if dims == 3:
            z = line[column + 2]
        for c in range(dims):
            value = matrix[c, 0] * x + matrix[c, 1] * y + matrix[c, 2] * z
            line[column + c] = value + offset[c] if is_position else value
        _keep_vector(line, column, width, tiny)


@kernel()
def _bones_of_joints(line, parents, width, dims, keep_joints, target):  # type: ignore[no-untyped-def]
    """Joint minus parent; a confidence is the mean of both."""
    step = 2 * width if keep_joints else width
    target[:] = 0
    for joint in range(parents.size):
        at, up, to = width * joint, width * parents[joint], step * joint
        whole = up >= 0 and not _missing(line, at, width) and not _missing(line, up, width)
        for c in range(width):
            if keep_joints:
                target[to + c] = line[at + c]
            if whole and c < dims:
                target[to + step - width + c] = line[at + c] - line[up + c]
            elif whole:
                target[to + step - width + c] = (line[at + c] + line[up + c]) / 2


@kernel()
def _write_line(result, n_joints, n_channels, width, dims, source, weights, out, at, joint_step, channel_step):  # type: ignore[no-untyped-def]
    """Reorder and weigh the joints of one frame, into the output."""
    for v in range(n_joints):
        joint = source[v] if source.size > 0 else v
        weight = out.dtype.type(weights[v] if weights.size > 0 else 1)
        for c in range(n_channels):
            to = at + v * joint_step + c * channel_step
            if joint < 0 or weight == 0:
                out[to] = 0
            elif c % width < dims:
                # Adding zero turns -0.0 into a plain zero.
                out[to] = result[joint * n_channels + c] * weight + out.dtype.type(0)
            else:
                out[to] = result[joint * n_channels + c]


@kernel()
def _apply_to_body(  # type: ignore[no-untyped-def]
    track, first, n_joints, n_channels, width, dims,
    filtered, bank, shortest, taps, before, after, mix, n_t,
    matrix, offset, parents, bone_channels, source, weights,
    out, at, frame_step, joint_step, channel_step,
):  # fmt: skip
    n_columns = n_joints * n_channels
    n_track = track.size // n_columns
    dtype, tiny = track.dtype, track.dtype.type(PRESENT_AT_ORIGIN)
    n_out = n_channels if bone_channels == 0 else width * bone_channels
    filtered |= taps.size > 0 and taps[taps.size // 2] != 0
    smoothed = np.empty(track.size if filtered else 0, dtype)
    line, with_bones = np.empty(n_columns, dtype), np.empty(n_joints * n_out, dtype)
    if filtered:
        _smooth_joints(track, smoothed, n_columns, width, bank, shortest, taps, tiny)
    for t in range(n_t):
        low, high, share = t - first, t - first, dtype.type(0)
        if before.size > 0:
            low, high, share = before[t] - first, after[t] - first, dtype.type(mix[t])
        low = low if 0 <= low < n_track else -1
        high = high if 0 <= high < n_track else -1
        if filtered:
            _blend_joints(smoothed, low, high, share, width, tiny, line)
        else:
            _blend_joints(track, low, high, share, width, tiny, line)
        _transform_joints(line, n_channels, width, dims, matrix, offset, tiny)
        to = at + t * frame_step
        if bone_channels > 0:
            _bones_of_joints(line, parents, width, dims, bone_channels == 2, with_bones)
            _write_line(with_bones, n_joints, n_out, width, dims, source, weights, out, to, joint_step, channel_step)
        else:
            _write_line(line, n_joints, n_out, width, dims, source, weights, out, to, joint_step, channel_step)


@kernel()
def apply_to_joints(  # type: ignore[no-untyped-def]
    done, rows, n_joints, n_channels, width, dims, row, first, length,
    filter_active, bank, shortest, taps, before, after, mix, n_out,
    matrix, offset, parents, bone_channels, source, weights,
    out, out_start, model_layout,
):  # fmt: skip
    """Carry out a stage as :func:`skeleton_aug.kernels.apply_to_frames` does, for the bodies that are not ``done``.

    A vector has ``width`` numbers, of which the first ``dims`` are coordinates.
    """
    n_samples, n_bodies = row.shape
    dtype, step = rows.dtype, n_joints * n_channels
    n_wide = n_channels if bone_channels == 0 else width * bone_channels
    local_matrix, local_offset = np.empty((3, 3), dtype), np.empty(3, dtype)
    for n in range(n_samples):
        n_t = n_out[n]
        for c in range(3):
            local_offset[c] = offset[n % offset.shape[0], c]
            for d in range(3):
                local_matrix[c, d] = matrix[n % matrix.shape[0], c, d]
        for m in range(n_bodies):
            if done[n, m]:
                continue
            at, frame_step, joint_step, channel_step = m * n_t * n_joints * n_wide, n_joints * n_wide, n_wide, 1
            if model_layout:
                at, frame_step, joint_step, channel_step = m, n_joints * n_bodies, n_bodies, n_t * n_joints * n_bodies
            of_gather = n % before.shape[0]
            _apply_to_body(
                rows[row[n, m] * step : (row[n, m] + length[n, m]) * step], first[n, m], n_joints, n_channels,
                width, dims, filter_active[n % filter_active.size], bank, shortest, taps[n % taps.shape[0]],
                before[of_gather], after[of_gather], mix[of_gather], n_t,
                local_matrix, local_offset, parents, bone_channels,
                source[n % source.shape[0]], weights[n % weights.shape[0]],
                out, out_start[n] + at, frame_step, joint_step, channel_step,
            )  # fmt: skip
