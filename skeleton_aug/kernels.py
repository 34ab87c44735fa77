"""The kernel that carries out a stage of a plan: filter, gather, affine, bones, joint order, weights.

It serves bodies whose frames are whole (all joints or none, as depth sensors deliver them) and have six joints or
more; the rest is left to ``kernels_joints``. A sample goes through in blocks of output frames that stay in the
processor's nearest cache: blend two source frames for each output frame, put joints in order or take bones of them,
then turn, weigh and write them in the layout of the output. The filter runs before, over the source frames that are
needed.

All helpers of a kernel live in its file, since Numba's cache does not see changes in others; ``vectors`` is the
exception. They take whole arrays and places in them: slices in inner loops cost more than the work on them.
"""

from __future__ import annotations

import numpy as np

from skeleton_aug.compiled import inner_kernel, kernel
from skeleton_aug.vectors import (
    LANES,
    blend,
    blend_4,
    filter_15,
    move,
    prefetch,
    present,
    step,
    turn_apart,
    turn_pairs,
    turn_rows,
    weigh_frames,
)

PRESENT_AT_ORIGIN = 1e-12
"""Metres. All zeros mean "missing", so a present joint that an operator moves exactly onto the origin (the base of
the spine, after centring) is written one picometre beside it and stays present for the operators that follow."""

_BLOCK = 15
"""Output frames that go through together: two bodies of 25 joints are 9 kB then. Smaller blocks cost calls."""


@inner_kernel()
def _smooth(source, at, width, shift, weights, row, row_step, n_taps, n_frames, target, to):  # type: ignore[no-untyped-def]
    """Weighted sums of frames, as :func:`weigh_frames` says, for whole frames of ``width`` numbers."""
    same = n_taps == 15 and n_frames >= 8 and shift == width
    for k in range(7 if same else 0):
        same &= abs(weights[row + k] - weights[row + 14 - k]) <= 1e-7
    if same:
        half = (
            weights[row], weights[row + 1], weights[row + 2], weights[row + 3],
            weights[row + 4], weights[row + 5], weights[row + 6], weights[row + 7],
        )  # fmt: skip
        for t in range(0, n_frames, 8):
            # The last eight may be partly done already; doing them again changes nothing.
            t = min(t, n_frames - 8)
            for j in range(0, width, LANES):
                j = min(j, width - LANES)
                filter_15(source, at + t * width + j, width, half, target, to + t * width + j)
        return
    for t in range(0, n_frames, 4):
        for j in range(0, width, LANES):
            j = min(j, width - LANES)
            weigh_frames(
                source, at + t * shift + j, width, shift, weights, row + t * row_step, row_step, n_taps, n_frames - t,
                target, to + t * width + j,
            )  # fmt: skip


@inner_kernel()
def _filter_run(source, at, target, to, n_run, low, high, width, bank, longest, shortest):  # type: ignore[no-untyped-def]
    """Filter the frames [low, high) of a run of frames that lies, ``width`` numbers each, at ``at``, into ``to``."""
    window = min(n_run, longest)
    window = window - 1 + window % 2
    if window < shortest:
        for i in range(low * width, high * width):
            target[to + i] = source[at + i]
        return
    half, rows = window // 2, window * longest * longest
    for part in range(3):
        # The beginning, which is one window; the interior, where it moves; and the end.
        begin, end, start, row, moves = low, min(high, half), np.int64(0), rows + low * longest, 0
        if part == 1:
            begin, end, row, moves = max(low, half), min(high, n_run - half), rows + half * longest, 1
            start = begin - half
        elif part == 2:
            begin, end, start = max(low, n_run - half), high, n_run - window
            row = rows + (begin - start) * longest
        if begin < end:
            _smooth(
                source, at + start * width, width, moves * width, bank, row, (1 - moves) * longest, window,
                end - begin, target, to + begin * width,
            )  # fmt: skip


@inner_kernel()
def _blur_run(source, at, target, to, n_run, low, high, width, taps, weights):  # type: ignore[no-untyped-def]
    """Blur the frames [low, high) of a run; ``weights`` is room for the taps that are used, divided by their sum."""
    half, t = taps.size // 2, low
    while t < high:
        begin, end = max(t - half, 0), min(t + half + 1, n_run)
        total = 0.0
        for k in range(begin, end):
            total += taps[k - t + half]
        for k in range(begin, end):
            weights[k - begin] = taps[k - t + half] / total
        # All frames of the interior have the same weights.
        n_frames = min(high, n_run - half) - t if end - begin == taps.size else np.int64(1)
        _smooth(
            source, at + begin * width, width, width, weights, np.int64(0), np.int64(0), end - begin, n_frames,
            target, to + t * width,
        )  # fmt: skip
        t += n_frames


@inner_kernel()
def _filter_track(  # type: ignore[no-untyped-def]
    source, at, target, to, length, whole, there, first, low, high, width, bank, longest, shortest, taps,
    weights,
):  # fmt: skip
    """Filter each run of frames that are there, as far as it reaches into [low, high) of the track."""
    begin = np.int64(0)
    while begin < length:
        end = length if whole else begin + 1
        while end < length and there[first + end] == there[first + begin]:
            end += 1
        low_in, high_in = max(low, begin) - begin, min(high, end) - begin
        if low_in < high_in and (whole or there[first + begin]):
            here, out = at + begin * width, to + begin * width
            if taps.size > 0:
                _blur_run(
                    source, here, target, out, end - begin, low_in, high_in, width, taps, weights
                )  # fmt: skip
            else:
                _filter_run(
                    source, here, target, out, end - begin, low_in, high_in, width, bank, longest, shortest
                )  # fmt: skip
        begin = end


@inner_kernel()
def _find_whole_frames(rows, at, n_frames, n_joints, there, first):  # type: ignore[no-untyped-def]
    """Mark the frames of a track that are there; False where a frame lacks some joints only."""
    for t in range(n_frames):
        found, looked = np.int64(0), np.int64(0)
        if n_joints >= LANES:
            for v in range(0, n_joints, LANES):
                found += present(rows, at + 3 * min(v, n_joints - LANES))
                looked += LANES
        else:
            looked += n_joints
            for v in range(at, at + 3 * n_joints, 3):
                found += rows[v] != 0 or rows[v + 1] != 0 or rows[v + 2] != 0
        if found != 0 and found != looked:
            return False
        there[first + t] = found != 0
        at += 3 * n_joints
    return True


@inner_kernel()
def _find_frames(rows, row, first, length, gapless, body, n_bodies, n_joints, n_source, there):  # type: ignore[no-untyped-def]
    """Mark which of the ``n_source`` frames each body has; False where a frame has only some of the joints."""
    for m in range(n_bodies):
        at, begin, n_frames, to = row[body + m] * 3 * n_joints, first[body + m], length[body + m], m * n_source
        for t in range(n_source):
            there[to + t] = gapless[body + m] and begin <= t < begin + n_frames
        if not gapless[body + m] and not _find_whole_frames(rows, at, n_frames, n_joints, there, to + begin):
            return False
    return True


@inner_kernel()
def _take_gather(before, after, mix, n_t, low, high, share, to):  # type: ignore[no-untyped-def]
    """Frames that each output frame blends, as the gather says; then the first and the last of them."""
    if before.size == 0:
        for t in range(n_t):
            low[to + t], high[to + t], share[to + t] = t, t, 0
        return np.int64(0), n_t - 1
    first, last = np.int64(before[0]), np.int64(before[0])
    for t in range(n_t):
        share[to + t] = mix[t]
    for t in range(n_t):
        low[to + t], high[to + t] = before[t], after[t] if share[to + t] != 0 else before[t]
    for t in range(to, to + n_t):
        first, last = min(first, low[t], high[t]), max(last, low[t], high[t])
    return first, last


@inner_kernel()
def _place_track(low, high, share, at, n_t, there, begin_there, n_source, to, seen):  # type: ignore[no-untyped-def]
    """The same for one body that is not there throughout: a missing frame leaves its neighbour alone."""
    begin, end = n_source, np.int64(0)
    for t in range(n_t):
        a, b, part = low[at + t], high[at + t], share[at + t]
        in_a = 0 <= a < n_source and there[begin_there + a]
        in_b = 0 <= b < n_source and there[begin_there + b]
        if not in_a:
            a, part = b, share.dtype.type(0)
        if not in_b:
            b, part = a, share.dtype.type(0)
        seen[to + t] = in_a or in_b
        low[to + t], high[to + t], share[to + t] = a, b, part
        if in_a or in_b:
            begin, end = min(begin, a, b), max(end, a + 1, b + 1)
    for t in range(to, to + n_t):
        # Any frame that exists will do where the weight is zero.
        if not seen[t]:
            low[t], high[t], share[t] = min(begin, n_source - 1), min(begin, n_source - 1), 0
    return begin, end


@inner_kernel()
def _blend_block(source, base, low, high, share, begin, end, width, block, to, rows, ahead):  # type: ignore[no-untyped-def]
    """Each frame of the block lies between two frames of the source, of which frame 0 is at ``base``.

    On the way, rows of the next sample, from ``ahead`` on, are asked for.
    """
    one = source.dtype.type(1)
    for t in range(begin, end):
        prefetch(rows, ahead)
        part = share[t]
        rest, a, b = one - part, base + low[t] * width, base + high[t] * width
        j = np.int64(0)
        while width - j > 4 * LANES:
            blend_4(source, a + j, b + j, rest, part, block, to + j)
            j += 4 * LANES
        while width - j > LANES:
            blend(source, a + j, b + j, rest, part, block, to + j)
            j += LANES
        to, ahead = to + width, ahead + width
        blend(source, a + width - LANES, b + width - LANES, rest, part, block, to - LANES)


@inner_kernel()
def _weigh_line(joint_weights, source, length, body, n_bodies, line):  # type: ignore[no-untyped-def]
    """Weights of the joints of a frame: zero for bodies that are not there. Returns whether there is any but one."""
    needed, one = False, line.dtype.type(1)
    for m in range(n_bodies):
        for v in range(line.size // n_bodies):
            weight = line.dtype.type(joint_weights[v]) if joint_weights.size > 0 else one
            if length[body + m] == 0 or (source.size > 0 and source[v] < 0):
                weight *= 0
            line[v * n_bodies + m] = weight
            needed |= weight != 1
    return needed


@inner_kernel()
def _weigh_block(line, n_bodies, begin, end, seen, n_t, easy, weights):  # type: ignore[no-untyped-def]
    """Weights of all joints of a block: those of the line, or zero where the body is missing."""
    at = np.int64(0)
    for t in range(begin, end):
        for j in range(line.size):
            weights[at + j] = line[j]
        for m in range(0 if easy else n_bodies):
            if not seen[m * n_t + t]:
                for j in range(m, line.size, n_bodies):
                    weights[at + j] = 0
        at += line.size


@inner_kernel()
def _list_places(source, parents, n_joints, places):  # type: ignore[no-untyped-def]
    """Where in a frame the joints of the result stand, and behind them their parents."""
    for v in range(n_joints):
        joint = max(source[v], 0) if source.size > 0 else np.int64(v)
        up = parents[joint] if parents.size > 0 and parents[joint] >= 0 else joint
        places[v], places[n_joints + v] = 3 * joint, 3 * up


@inner_kernel()
def _pick(block, begin, n_frames, n_joints, places, bones, target):  # type: ignore[no-untyped-def]
    """Joints of a body in a new order, or bones."""
    for at in range(begin, begin + n_frames * 3 * n_joints, 3 * n_joints):
        for v in range(n_joints):
            if bones:
                step(block, at + places[v], at + places[n_joints + v], target, at + 3 * v)
            else:
                move(block, at + places[v], target, at + 3 * v)


@inner_kernel(fastmath={"contract"})
def _write_joints(block, p, n, a, k, tiny, weighted, weights, w, n_bodies, out, to, stride, far):  # type: ignore[no-untyped-def]
    """Affine of n joints at p to ``out``: joint i at ``to + i * stride``, its coordinates ``far`` apart."""
    zero = block.dtype.type(0)
    for i in range(n):
        x, y, z = block[p + 3 * i], block[p + 3 * i + 1], block[p + 3 * i + 2]
        turned_x = a[k] * x + (a[k + 1] * y + (a[k + 2] * z + a[k + 9]))
        turned_y = a[k + 3] * x + (a[k + 4] * y + (a[k + 5] * z + a[k + 10]))
        turned_z = a[k + 6] * x + (a[k + 7] * y + (a[k + 8] * z + a[k + 11]))
        if turned_x == 0 and turned_y == 0 and turned_z == 0:
            turned_x = tiny
        if weighted:
            # Adding zero turns the -0.0 of a weight of zero into a plain zero.
            weight = weights[w + i * n_bodies]
            turned_x, turned_y, turned_z = turned_x * weight + zero, turned_y * weight + zero, turned_z * weight + zero
        at = to + i * stride
        out[at], out[at + far], out[at + 2 * far] = turned_x, turned_y, turned_z


@inner_kernel()
def _write_block(block, apart, n, n_bodies, affine, k, tiny, weighted, weights, out, to, stride, far):  # type: ignore[no-untyped-def]
    """Turn n joints of each body, whose blocks are ``apart``, weigh them, and write them side by side."""
    for p in range(0, n, LANES):
        p = min(p, max(n - LANES, 0))
        if n >= LANES and n_bodies == 2 and stride == 2:
            turn_pairs(block, 3 * p, apart + 3 * p, affine, k, tiny, weighted, weights, 2 * p, out, to + 2 * p, far)
        elif n >= LANES and n_bodies == 1 and stride == 1:
            turn_apart(block, 3 * p, affine, k, tiny, weighted, weights, p, out, to + p, far)
        elif n >= LANES and n_bodies == 1 and stride == 3 and far == 1:
            turn_rows(block, 3 * p, affine, k, tiny, weighted, weights, p, out, to + 3 * p)
        else:
            for m in range(n_bodies):
                _write_joints(
                    block, m * apart + 3 * p, min(n, LANES), affine, k, tiny, weighted, weights, p * n_bodies + m,
                    n_bodies, out, to + m + p * stride, stride, far,
                )  # fmt: skip


@inner_kernel()
def _apply_whole(  # type: ignore[no-untyped-def]
    rows, row, first, length, gapless, body, n_bodies, next_body,
    filtered, bank, longest, shortest, taps,
    low, high, share, n_t, begin, last,
    affine, places, channels, ordered, weight_line, needs_weights,
    out, to, stride, far, line, n_joints, room, there, seen,
):  # fmt: skip
    """One sample, or with sample layout one body of it, whose frames are whole; False, and nothing done, otherwise."""
    smoothed, block, joints, weights, blur = room
    width, n_source, easy = 3 * n_joints, np.int64(0), True
    tiny, none = rows.dtype.type(PRESENT_AT_ORIGIN), rows.dtype.type(0)
    for m in range(body, body + n_bodies):
        n_source = max(n_source, first[m] + length[m])
        easy &= length[m] == 0 or (gapless[m] and first[m] <= begin and last < first[m] + length[m])
    if not easy and not _find_frames(rows, row, first, length, gapless, body, n_bodies, n_joints, n_source, there):
        return False
    for m in range(n_bodies):
        use_begin, use_end = begin, last + 1
        if not easy:
            use_begin, use_end = _place_track(
                low, high, share, n_bodies * n_t, n_t, there, m * n_source, n_source, m * n_t, seen
            )  # fmt: skip
        if filtered and use_begin >= use_end:
            # Frames that do not count lie where nothing has been written.
            for i in range(((m + 1) * n_source - 1) * width, (m + 1) * n_source * width):
                smoothed[i] = 0
        elif filtered and length[body + m] > 0:
            start = first[body + m]
            _filter_track(
                rows, row[body + m] * width, smoothed, (m * n_source + start) * width, length[body + m], easy, there,
                m * n_source + start, use_begin - start, use_end - start, width, bank, longest, shortest, taps, blur,
            )  # fmt: skip
    weighted, apart = needs_weights or not easy, min(_BLOCK, n_t) * width
    for t_begin in range(0, n_t, _BLOCK):
        t_end = min(t_begin + _BLOCK, n_t)
        n, here = (t_end - t_begin) * n_joints, to + t_begin * line
        for m in range(n_bodies):
            at = n_bodies * n_t if easy else m * n_t
            ahead = (row[next_body + m] + t_begin) * width
            if n_source == 0 or length[body + m] == 0:
                for i in range(m * apart, m * apart + 3 * n):
                    block[i] = 0
            elif filtered:
                _blend_block(
                    smoothed, m * n_source * width, low, high, share, at + t_begin, at + t_end, width, block, m * apart,
                    rows, ahead,
                )  # fmt: skip
            else:
                _blend_block(
                    rows, (row[body + m] - first[body + m]) * width, low, high, share, at + t_begin, at + t_end, width,
                    block, m * apart, rows, ahead,
                )  # fmt: skip
        # Without gaps the weights of the first block serve them all.
        if weighted and (t_begin == 0 or not easy):
            _weigh_block(weight_line, n_bodies, t_begin, t_end, seen, n_t, easy, weights)
        if channels != 1 and not ordered:
            _write_block(block, apart, n, n_bodies, affine, 0, tiny, weighted, weights, out, here, stride, far)
        # Joints in another order, and then bones, which no offset moves.
        for kind in range(0 if channels != 1 and ordered else 1, 2 if channels > 0 else 1):
            bones, least = kind == 1, none if kind == 1 else tiny
            for m in range(n_bodies):
                _pick(block, m * apart, t_end - t_begin, n_joints, places, bones, joints)
            here += 3 * far * (bones and channels == 2)
            _write_block(
                joints, apart, n, n_bodies, affine, 12 * kind, least, weighted, weights, out, here, stride, far
            )  # fmt: skip
    return True


@inner_kernel()
def _apply_samples(  # type: ignore[no-untyped-def]
    done, rows, n_joints, together, row, first, length, gapless,
    filter_active, bank, longest, shortest, taps, before, after, mix, n_out,
    matrix, offset, parents, channels, source, weights,
    out, out_start, model_layout, stride, line,
    low, high, share, affine, places, weight_line, room, there, seen,
):  # fmt: skip
    """All samples, ``together`` bodies at a time."""
    n_samples, n_bodies = done.shape
    for n in range(n_samples):
        for c in range(3):
            affine[9 + c] = offset[n % offset.shape[0], c]
            for d in range(3):
                affine[3 * c + d] = affine[12 + 3 * c + d] = matrix[n % matrix.shape[0], c, d]
        n_t, of_gather, order = n_out[n], n % before.shape[0], source[n % source.shape[0]]
        tap = taps[n % taps.shape[0]]
        filtered = filter_active[n % filter_active.size] or (tap.size > 0 and tap[tap.size // 2] != 0)
        if channels > 0 or order.size > 0:
            _list_places(order, parents, n_joints, places)
        begin, last = _take_gather(
            before[of_gather], after[of_gather], mix[of_gather], n_t, low, high, share, together * n_t
        )  # fmt: skip
        for m in range(0, n_bodies, together):
            body, next_n = n * n_bodies + m, min(n + 1, n_samples - 1)
            plane = n_t * line if model_layout else np.int64(1)
            needs_weights = _weigh_line(weights[n % weights.shape[0]], order, length, body, together, weight_line)
            ordered = order.size > 0
            whole = _apply_whole(
                rows, row, first, length, gapless, body, together, next_n * n_bodies + m,
                filtered, bank, longest, shortest, tap,
                low, high, share, n_t, begin, last,
                affine, places, channels, ordered, weight_line, needs_weights,
                out, out_start[n] + m * n_t * line, stride, plane, line, n_joints, room, there, seen,
            )  # fmt: skip
            for at in range(m, m + together):
                done[n, at] = whole


@kernel()
def apply_to_frames(  # type: ignore[no-untyped-def]
    done, rows, n_joints, n_channels, row, first, length, gapless,
    filter_active, bank, shortest, taps, before, after, mix, n_out,
    matrix, offset, parents, bone_channels, source, weights,
    out, out_start, model_layout,
):  # fmt: skip
    """Carry out a stage for the bodies of which every frame is whole.

    Returns whether that was all of them, and writes which it was to ``done`` (N, M); in model layout all bodies of a
    sample are done or none is.
    ``rows`` is flat. Operators have a row per sample, or one that serves all; a gather without columns leaves
    the frames as they are, joint order and weights without columns the joints. ``taps`` with columns are a blur in
    place of the filter. ``bone_channels`` is 0 without bones, 1 for bones, 2 for joints and bones. ``out`` is flat;
    sample n begins at ``out_start[n]`` and lies there as (M, T, V, C), or as (C, T, V, M) in model layout.
    """
    n_samples, n_bodies = row.shape
    dtype, width, n_source, n_t_max = rows.dtype, 3 * n_joints, np.int64(0), np.int64(0)
    row, first, length, gapless = row.reshape(-1), first.reshape(-1), length.reshape(-1), gapless.reshape(-1)
    done[:] = False
    if n_channels != 3 or n_bodies == 0 or width < LANES:
        return n_bodies == 0
    for n in range(n_samples):
        n_t_max = max(n_t_max, n_out[n])
    for at in range(n_samples * n_bodies):
        n_source = max(n_source, first[at] + length[at])
    any_filter = taps.shape[1] > 0
    for n in range(filter_active.size):
        any_filter |= filter_active[n]
    together, n_written = n_bodies if model_layout else 1, 6 if bone_channels == 2 else 3
    size = min(_BLOCK, n_t_max) * n_joints * together
    stride, line = n_written, n_joints * n_written
    if model_layout:
        stride, line = n_bodies, n_joints * n_bodies
    share = np.empty((together + 1) * n_t_max, dtype)
    low, high = np.empty((together + 1) * n_t_max, np.int64), np.empty((together + 1) * n_t_max, np.int64)
    there, seen = np.empty(together * n_source, np.bool_), np.empty(together * n_t_max, np.bool_)
    affine, places, weight_line = (
        np.zeros(24, dtype),
        np.empty(2 * n_joints, np.int64),
        np.empty(n_joints * together, dtype),
    )
    room = (
        np.empty(together * n_source * width if any_filter else 0, dtype),
        # Joints are moved four numbers at a time, the last of which may lie behind the end.
        np.empty(3 * size + 4, dtype),
        np.empty(3 * size + 4 if bone_channels > 0 or source.size > 0 else 0, dtype),
        np.empty(size, dtype),
        np.empty(taps.shape[1], dtype),
    )
    _apply_samples(
        done, rows, n_joints, together, row, first, length, gapless,
        filter_active, bank.reshape(-1), bank.shape[1], shortest, taps, before, after, mix, n_out,
        matrix, offset, parents, bone_channels, source, weights,
        out, out_start, model_layout, stride, line,
        low, high, share, affine, places, weight_line, room, there, seen,
    )  # fmt: skip
    everything = True
    for n in range(n_samples):
        for m in range(n_bodies):
            everything &= done[n, m]
    return everything
