"""The kernel for a stage that does nothing: samples laid out as asked for, whatever is missing in them."""

from __future__ import annotations

from skeleton_aug.compiled import kernel

_POINTS = 256
"""Points that are copied one channel after the other: few enough to stay in the first cache."""


@kernel()
def _lay_pair(first, second, n_channels, plane, out):  # type: ignore[no-untyped-def]
    """Points (P, C) of two bodies as channels (C, P, 2), ``plane`` numbers each."""
    n_points = first.size // n_channels
    for begin in range(0, n_points, _POINTS):
        size = min(_POINTS, n_points - begin)
        for c in range(n_channels):
            at, to = begin * n_channels + c, c * plane + 2 * begin
            a, b, lines = first[at:], second[at:], out[to : to + 2 * size]
            for i in range(size):
                lines[2 * i], lines[2 * i + 1] = a[i * n_channels], b[i * n_channels]


@kernel()
def _lay_body(track, n_channels, plane, step, out):  # type: ignore[no-untyped-def]
    """Points of one body, ``step`` numbers apart."""
    n_points = track.size // n_channels
    for begin in range(0, n_points, _POINTS):
        for c in range(n_channels):
            for i in range(begin, min(begin + _POINTS, n_points)):
                out[c * plane + i * step] = track[i * n_channels + c]


@kernel()
def lay_out(rows, n_joints, n_channels, row, first, length, n_frames, out, start, model_layout):  # type: ignore[no-untyped-def]
    """Copy every sample to ``out`` from ``start[n]`` on, with zeros where a body is not there."""
    n_bodies, n_columns = row.shape[1], n_joints * n_channels
    for n in range(row.shape[0]):
        frames = n_frames[n] * n_columns
        result, plane = out[start[n] : start[n] + n_bodies * frames], n_bodies * n_frames[n] * n_joints
        whole = True
        for m in range(n_bodies):
            whole &= length[n, m] == n_frames[n]
        if not whole:
            result[:] = 0
        if model_layout and whole and n_bodies == 2:
            a, b = row[n, 0] * n_columns, row[n, 1] * n_columns
            _lay_pair(rows[a : a + frames], rows[b : b + frames], n_channels, plane, result)
            continue
        for m in range(n_bodies):
            track = rows[row[n, m] * n_columns : (row[n, m] + length[n, m]) * n_columns]
            if model_layout:
                at = first[n, m] * n_joints * n_bodies + m
                _lay_body(track, n_channels, plane, n_bodies, result[at:])
            else:
                at = m * frames + first[n, m] * n_columns
                result[at : at + track.size] = track
