"""The kernel that carries out a stage of a plan: filter, gather, affine, bones, weights.

Bodies whose frames are whole (all joints or none, as depth sensors deliver them) take a fast way: filter and affine
run over flat rows of the source frames that are needed, the result is laid as the output wants it, and then every
output frame is a blend of two lines. The affine may go before the blend since a blend's weights sum to one, and it
is cheaper there, where short sequences are repeated and loops are long. The rest is left to ``kernels_joints``.

All helpers of a kernel live in its file, since numba's cache does not see changes in others.
"""

from __future__ import annotations

import numpy as np

from skeleton_aug.compiled import kernel

PRESENT_AT_ORIGIN = 1e-12
"""Metres. All zeros mean "missing", so a present joint that an operator moves exactly onto the origin (the base of
the spine, after centring) is written one picometre beside it and stays present for the operators that follow."""

_FUSED = {"contract"}


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


@kernel(fastmath=_FUSED)
def _taps_15(source, at, target, to, size, step, w):  # type: ignore[no-untyped-def]
    """Paper's window, unrolled; unsigned indices, since LLVM cannot vectorise the wrapping of negative ones."""
    w0, w1, w2, w3, w4, w5, w6, w7 = w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7]
    w8, w9, w10, w11, w12, w13, w14 = w[8], w[9], w[10], w[11], w[12], w[13], w[14]
    s, out, one = source[at : at + size + 14 * step], target[to : to + size], np.uintp(step)
    two, three, four, five = one + one, one + one + one, np.uintp(4 * step), np.uintp(5 * step)
    ten = five + five
    for i in range(np.uintp(size)):
        out[i] = (
            w0 * s[i] + w1 * s[i + one] + w2 * s[i + two] + w3 * s[i + three] + w4 * s[i + four]
            + w5 * s[i + five] + w6 * s[i + five + one] + w7 * s[i + five + two] + w8 * s[i + five + three]
            + w9 * s[i + five + four] + w10 * s[i + ten] + w11 * s[i + ten + one] + w12 * s[i + ten + two]
            + w13 * s[i + ten + three] + w14 * s[i + ten + four]
        )  # fmt: skip


@kernel(fastmath=_FUSED)
def _taps(source, at, target, to, size, step, weights):  # type: ignore[no-untyped-def]
    """``target[to + i] = sum over k of weights[k] * source[at + k * step + i]`` for i < size."""
    if weights.size == 15:
        _taps_15(source, at, target, to, size, step, weights)
        return
    for begin in range(0, size, 8 * step):
        n = min(8 * step, size - begin)
        out = target[to + begin : to + begin + n]
        out[:] = 0
        for k in range(weights.size):
            weight, s = weights[k], source[at + begin + k * step : at + begin + k * step + n]
            for i in range(n):
                out[i] += weight * s[i]


@kernel()
def _filter_run(source, at, target, to, n_run, low, high, step, bank, shortest):  # type: ignore[no-untyped-def]
    """Filter the frames [low, high) of a run of frames that lies, ``step`` numbers each, at ``at``, into ``to``."""
    window = _window(n_run, bank.shape[1])
    if window < shortest:
        for i in range(low * step, high * step):
            target[to + i] = source[at + i]
        return
    half = window // 2
    for t in range(low, min(high, half)):
        _taps(source, at, target, to + t * step, step, step, bank[window, t, :window])
    begin, end = max(low, half), min(high, n_run - half)
    if begin < end:
        size = (end - begin) * step
        _taps(source, at + (begin - half) * step, target, to + begin * step, size, step, bank[window, half, :window])
    for t in range(max(low, n_run - half), high):
        place = window - (n_run - t)
        start = at + (n_run - window) * step
        _taps(source, start, target, to + t * step, step, step, bank[window, place, :window])


@kernel()
def _whole_frames(rows, start, n_track, n_joints, there):  # type: ignore[no-untyped-def]
    """Mark the frames that are there; False where a frame lacks some joints only."""
    for t in range(n_track):
        present = 0
        for v in range(n_joints):
            present += not _missing(rows, (start + t) * 3 * n_joints + 3 * v, 3)
        if present != 0 and present != n_joints:
            return False
        there[t] = present != 0
    return True


@kernel()
def _constant_until(flags, begin, end):  # type: ignore[no-untyped-def]
    at = begin + 1
    while at < end and flags[at] == flags[begin]:
        at += 1
    return at


@kernel()
def _filter_body(source, at, target, there, low, high, step, bank, shortest):  # type: ignore[no-untyped-def]
    """Filter each run of frames that are there, as far as it reaches into [low, high)."""
    begin, n_frames = np.int64(0), there.size
    while begin < n_frames:
        end = _constant_until(there, begin, n_frames)
        first, last = max(low, begin), min(high, end)
        if there[begin] and first < last:
            here, to = at + begin * step, begin * step
            _filter_run(source, here, target, to, end - begin, first - begin, last - begin, step, bank, shortest)
        begin = end


@kernel(fastmath=_FUSED)
def _affine_planes(source, at, n, x_out, y_out, z_out, a, o, tiny):  # type: ignore[no-untyped-def]
    """Affine from n points (x, y, z) to three planes."""
    a00, a01, a02, a10, a11, a12, a20, a21, a22 = (
        a[0, 0], a[0, 1], a[0, 2], a[1, 0], a[1, 1], a[1, 2], a[2, 0], a[2, 1], a[2, 2],
    )  # fmt: skip
    o0, o1, o2 = o[0], o[1], o[2]
    s = source[at : at + 3 * n]
    for i in range(n):
        x, y, z = s[3 * i], s[3 * i + 1], s[3 * i + 2]
        u, v, w = a00 * x + a01 * y + a02 * z + o0, a10 * x + a11 * y + a12 * z + o1, a20 * x + a21 * y + a22 * z + o2
        if u == 0 and v == 0 and w == 0:
            u = tiny
        x_out[i], y_out[i], z_out[i] = u, v, w


@kernel(fastmath=_FUSED)
def _affine_rows(source, at, n, target, to, a, o, tiny):  # type: ignore[no-untyped-def]
    """Affine from n points (x, y, z) to n points."""
    a00, a01, a02, a10, a11, a12, a20, a21, a22 = (
        a[0, 0], a[0, 1], a[0, 2], a[1, 0], a[1, 1], a[1, 2], a[2, 0], a[2, 1], a[2, 2],
    )  # fmt: skip
    o0, o1, o2 = o[0], o[1], o[2]
    s, out = source[at : at + 3 * n], target[to : to + 3 * n]
    for i in range(n):
        x, y, z = s[3 * i], s[3 * i + 1], s[3 * i + 2]
        u, v, w = a00 * x + a01 * y + a02 * z + o0, a10 * x + a11 * y + a12 * z + o1, a20 * x + a21 * y + a22 * z + o2
        if u == 0 and v == 0 and w == 0:
            u = tiny
        out[3 * i], out[3 * i + 1], out[3 * i + 2] = u, v, w


@kernel()
def _merge_bodies(planes_of_body, n, n_bodies, planes):  # type: ignore[no-untyped-def]
    """Planes (M, 3, ...) of n points each to planes (3, ...) in which the bodies of a point are neighbours."""
    for c in range(3):
        out = planes[c, : n * n_bodies]
        if n_bodies == 2:
            one, two = planes_of_body[0, c, :n], planes_of_body[1, c, :n]
            for i in range(n):
                out[2 * i], out[2 * i + 1] = one[i], two[i]
        else:
            for m in range(n_bodies):
                body = planes_of_body[m, c, :n]
                for i in range(n):
                    out[i * n_bodies + m] = body[i]


@kernel()
def _bone_planes(planes, n_lines, parents, n_bodies):  # type: ignore[no-untyped-def]
    """Bones of planes 0..2 to planes 3..5."""
    line = parents.size * n_bodies
    for c in range(3):
        joints, bones = planes[c], planes[3 + c]
        for begin in range(0, n_lines * line, line):
            for v in range(parents.size):
                up = parents[v] if parents[v] >= 0 else v
                for m in range(n_bodies):
                    at = begin + v * n_bodies + m
                    bones[at] = joints[at] - joints[begin + up * n_bodies + m]


@kernel()
def _bone_rows(rows, n_lines, parents, keep_joints, target):  # type: ignore[no-untyped-def]
    """Rows (x, y, z) of joints to rows of bones, or of joints and bones."""
    width = 6 if keep_joints else 3
    for begin in range(0, n_lines * parents.size, parents.size):
        for v in range(parents.size):
            up = parents[v] if parents[v] >= 0 else v
            at, root, to = 3 * (begin + v), 3 * (begin + up), width * (begin + v)
            for c in range(3):
                target[to + width - 3 + c] = rows[at + c] - rows[root + c]
                if keep_joints:
                    target[to + c] = rows[at + c]


@kernel(fastmath=_FUSED)
def _blend_lines(lines, low, high, part, weights, out, at, n_lines, begin, end):  # type: ignore[no-untyped-def]
    """Line t of the output blends those of frames low[t] and high[t]; frames from ``end`` on have the zero line."""
    size, zero = weights.size, lines.dtype.type(0)
    for t in range(n_lines):
        share = part[t]
        rest = lines.dtype.type(1) - share
        a_at, b_at = (min(low[t], end) - begin) * size, (min(high[t], end) - begin) * size
        a, b = lines[a_at : a_at + size], lines[b_at : b_at + size]
        to = out[at + t * size : at + (t + 1) * size]
        for j in range(size):
            # Adding zero turns the -0.0 of a weight of zero into a plain zero.
            to[j] = (rest * a[j] + share * b[j]) * weights[j] + zero


@kernel()
def _blend_apart(lines, low, high, share, there_low, there_high, weights, out, at):  # type: ignore[no-untyped-def]
    """One line, of which some bodies are there in one of the two frames only: they take that one."""
    n_bodies = there_low.size
    rest = lines.dtype.type(1) - share
    for m in range(n_bodies):
        for j in range(m, weights.size, n_bodies):
            value = rest * lines[low + j] + share * lines[high + j]
            if there_low[m] != there_high[m]:
                value = lines[low + j] if there_low[m] else lines[high + j]
            out[at + j] = value * weights[j] + lines.dtype.type(0)


@kernel()
def _place(before, after, mix, n_t, n_source, low, high, part):  # type: ignore[no-untyped-def]
    """Frames that each output frame blends, ``n_source`` for a missing one; and the range of those in use."""
    begin, end = n_source, 0
    for t in range(n_t):
        a, b, share = t, t, part.dtype.type(0)
        if before.size > 0:
            a, b, share = before[t], after[t], part.dtype.type(mix[t])
        if not 0 <= a < n_source:
            a = n_source
        else:
            begin, end = min(begin, a), max(end, a + 1)
        if share == 0:
            b = a
        elif not 0 <= b < n_source:
            b = n_source
        else:
            begin, end = min(begin, b), max(end, b + 1)
        low[t], high[t], part[t] = a, b, share
    return min(begin, end), end


@kernel(fastmath={"reassoc"})
def _count_zeros(values):  # type: ignore[no-untyped-def]
    # Counted in floats, of which a vector register holds more than of 64-bit integers.
    count = values.dtype.type(0)
    for i in range(values.size):
        count += values.dtype.type(1) if values[i] == 0 else values.dtype.type(0)
    return count


@kernel()
def _lay_frames(source, at, there, begin, end, n_joints, planes, rows, matrix, offset, tiny):  # type: ignore[no-untyped-def]
    """Affine of the frames [begin, end) of one body into planes (3, ...) or, if there are any, rows."""
    t = begin
    while t < end:
        until = _constant_until(there, t, end)
        n, to = (until - t) * n_joints, (t - begin) * n_joints
        if rows.size > 0:
            if there[t]:
                _affine_rows(source, at + t * n_joints * 3, n, rows, 3 * to, matrix, offset, tiny)
            else:
                rows[3 * to : 3 * (to + n)] = 0
        else:
            x, y, z = planes[0, to : to + n], planes[1, to : to + n], planes[2, to : to + n]
            if there[t]:
                _affine_planes(source, at + t * n_joints * 3, n, x, y, z, matrix, offset, tiny)
            else:
                x[:], y[:], z[:] = 0, 0, 0
        t = until


@kernel()
def _keep_present(out, at, n_t, n_joints, n_bodies, joint_step, plane_step, low, high, there, weights, tiny):  # type: ignore[no-untyped-def]
    """Nudge the joints that a blend of two frames put exactly onto the origin."""
    for t in range(n_t):
        for v in range(n_joints):
            for m in range(n_bodies):
                i = at + ((t * n_joints + v) * n_bodies + m) * joint_step
                lost = out[i] == 0 and out[i + plane_step] == 0 and out[i + 2 * plane_step] == 0
                if lost and (there[m, low[t]] or there[m, high[t]]):
                    out[i] = tiny * weights[(v * n_bodies + m) * joint_step]


@kernel()
def _mark_present(rows, row, first, length, gapless, n_joints, n_source, there):  # type: ignore[no-untyped-def]
    """Mark which of the ``n_source`` frames each body has; False where a frame has only some of the joints."""
    for m in range(row.size):
        for t in range(n_source + 1):
            there[m, t] = gapless[m] and first[m] <= t < first[m] + length[m]
        track = there[m, first[m] : first[m] + length[m]]
        if not gapless[m] and not _whole_frames(rows, row[m], length[m], n_joints, track):
            return False
    return True


@kernel(fastmath={"reassoc"})
def _touch(values):  # type: ignore[no-untyped-def]
    """Read memory in one plain sweep, which the processor fetches ahead; loops over points it fetches too late."""
    total = values.dtype.type(0)
    for i in range(values.size):
        total += values[i]
    return total


@kernel()
def _lay_lines(  # type: ignore[no-untyped-def]
    rows, row, first, length, there, begin, end, n_source,
    filtered, bank, shortest, matrix, offset, tiny, parents, bone_channels, n_joints, model_layout,
    smoothed, of_body, points, planes,
):  # fmt: skip
    """Filter, affine and bones of the source frames [begin, end), laid in the order of the output; then a zero line."""
    n_bodies, step, n = row.size, 3 * n_joints, end - begin
    nothing, merge = points[:0], model_layout and n_bodies > 1
    for m in range(n_bodies):
        body_planes = of_body[m] if merge else planes
        body_rows = points if bone_channels > 0 else planes[0]
        if model_layout:
            body_rows = nothing
        at = (row[m] - first[m]) * step
        planes[0, 0] = _touch(rows[at + max(begin, first[m]) * step : at + min(end, first[m] + length[m]) * step])
        if filtered:
            _filter_body(rows, at, smoothed, there[m, :n_source], begin, end, step, bank, shortest)
            _lay_frames(
                smoothed, np.int64(0), there[m], begin, end, n_joints, body_planes, body_rows, matrix, offset, tiny
            )
        else:
            _lay_frames(rows, at, there[m], begin, end, n_joints, body_planes, body_rows, matrix, offset, tiny)
    if merge:
        _merge_bodies(of_body, n * n_joints, n_bodies, planes)
    if bone_channels > 0 and model_layout:
        _bone_planes(planes, n, parents, n_bodies)
    elif bone_channels > 0:
        _bone_rows(points, n, parents, bone_channels == 2, planes[0])


@kernel()
def _apply_whole(  # type: ignore[no-untyped-def]
    rows, row, first, length, gapless,
    filtered, bank, shortest, before, after, mix, n_t,
    matrix, offset, tiny, parents, bone_channels, weights,
    out, at, model_layout, n_joints, buffers,
):  # fmt: skip
    """One sample, or with sample layout one body of it, whose frames are whole; False, and nothing done, otherwise."""
    there, low, high, part, smoothed, of_body, points, planes, line_weights = buffers
    n_bodies, width, n_source = row.size, 3 if bone_channels < 2 else 6, np.int64(0)
    for m in range(n_bodies):
        n_source = max(n_source, first[m] + length[m])
    there = there[:n_bodies]
    if not _mark_present(rows, row, first, length, gapless, n_joints, n_source, there):
        return False
    begin, end = _place(before, after, mix, n_t, n_source, low, high, part)
    _lay_lines(
        rows, row, first, length, there, begin, end, n_source,
        filtered, bank, shortest, matrix, offset, tiny, parents, bone_channels, n_joints, model_layout,
        smoothed, of_body, points, planes,
    )  # fmt: skip
    joint_step = 1 if model_layout else width
    line = n_joints * n_bodies * joint_step
    line_weights = line_weights[:line]
    dropped, root_kept = 0, 0
    for v in range(n_joints):
        weight = rows.dtype.type(weights[v] if weights.size > 0 else 1)
        line_weights[v * n_bodies * joint_step : (v + 1) * n_bodies * joint_step] = weight
        dropped += weight == 0
        root_kept += bone_channels > 0 and parents[v] < 0 and weight != 0
    n_planes, plane_step = (width, n_t * line) if model_layout else (1, 1)
    for p in range(n_planes):
        plane = planes[p + 3 if model_layout and bone_channels == 1 else p]
        plane[(end - begin) * line : (end - begin + 1) * line] = 0
        _blend_lines(plane, low, high, part, line_weights, out, at + p * plane_step, n_t, begin, end)
    absent = 0
    for t in range(n_t):
        apart = False
        for m in range(n_bodies):
            in_low, in_high = there[m, low[t]], there[m, high[t]]
            apart |= in_low != in_high
            absent += not (in_low or in_high)
        if apart:
            a, b = (min(low[t], end) - begin) * line, (min(high[t], end) - begin) * line
            for p in range(n_planes):
                plane = planes[p + 3 if model_layout and bone_channels == 1 else p]
                to = at + p * plane_step + t * line
                _blend_apart(plane, a, b, part[t], there[:, low[t]], there[:, high[t]], line_weights, out, to)
    zeros = (absent * n_joints + (n_t * n_bodies - absent) * dropped) * joint_step
    if width == 6 and not model_layout:
        zeros += 3 * (n_t * n_bodies - absent) * root_kept
    if bone_channels != 1 and _count_zeros(out[at : at + n_t * line]) != zeros:
        _keep_present(
            out, at, n_t, n_joints, n_bodies, joint_step, plane_step, low, high, there, line_weights, tiny
        )  # fmt: skip
    return True


@kernel()
def apply_to_frames(  # type: ignore[no-untyped-def]
    done, rows, n_joints, n_channels, row, first, length, gapless,
    filter_active, bank, shortest, taps, before, after, mix, n_out,
    matrix, offset, parents, bone_channels, source, weights,
    out, out_start, model_layout,
):  # fmt: skip
    """Filter, gather, affine, bones, weights, for the bodies of which every frame is whole.

    Writes which bodies that was to ``done`` (N, M); in model layout all bodies of a sample are done or none is.
    ``rows`` is flat. Operators have a row per sample, or one that serves all; a gather without columns leaves
    the frames as they are, weights without columns the joints. ``bone_channels`` is 0 without bones, 1 for bones, 2
    for joints and bones. ``out`` is flat; sample n begins at ``out_start[n]`` and lies there as (M, T, V, C), or as
    (C, T, V, M) in model layout.
    """
    n_samples, n_bodies = row.shape
    dtype, n_points, n_t_max = rows.dtype, np.int64(0), np.int64(0)
    for n in range(n_samples):
        n_t_max = max(n_t_max, n_out[n])
        for m in range(n_bodies):
            done[n, m] = False
            n_points = max(n_points, (first[n, m] + length[n, m]) * n_joints)
    if n_channels != 3 or n_bodies == 0 or taps.size > 0 or source.size > 0:
        return
    width, tiny = 3 if bone_channels < 2 else 6, dtype.type(PRESENT_AT_ORIGIN)
    together = n_bodies if model_layout else 1
    line = n_joints * together
    n_planes = 1 if not model_layout else (6 if bone_channels > 0 else 3)
    joint_step = 1 if model_layout else width
    buffers = (
        np.empty((together, n_points // n_joints + 1), np.bool_),
        np.empty(n_t_max, np.int64),
        np.empty(n_t_max, np.int64),
        np.empty(n_t_max, dtype),
        np.empty(3 * n_points, dtype),
        np.empty((together, 3, n_points if model_layout and n_bodies > 1 else 0), dtype),
        np.empty(3 * n_points if bone_channels > 0 and not model_layout else 0, dtype),
        np.empty((n_planes, (n_points + n_joints) * together * joint_step), dtype),
        np.empty(line * joint_step, dtype),
    )
    local_matrix, local_offset = np.empty((3, 3), dtype), np.empty(3, dtype)
    for n in range(n_samples):
        of_filter, of_gather, of_weights = n % filter_active.size, n % before.shape[0], n % weights.shape[0]
        for c in range(3):
            local_offset[c] = offset[n % offset.shape[0], c]
            for d in range(3):
                local_matrix[c, d] = matrix[n % matrix.shape[0], c, d]
        for m in range(0, n_bodies, together):
            group = slice(m, m + together)
            at = out_start[n] + m * n_out[n] * n_joints * width
            whole = _apply_whole(
                rows, row[n, group], first[n, group], length[n, group], gapless[n, group],
                filter_active[of_filter], bank, shortest,
                before[of_gather], after[of_gather], mix[of_gather], n_out[n],
                local_matrix, local_offset, tiny, parents, bone_channels, weights[of_weights],
                out, at, model_layout, n_joints, buffers,
            )  # fmt: skip
            for body in range(m, m + together):
                done[n, body] = whole
