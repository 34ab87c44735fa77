"""The kernel that carries out a stage of a plan: filter, gather, affine, bones, joint order, weights.

It serves bodies whose frames are whole (all joints or none, as depth sensors deliver them); the rest is left to
``kernels_joints``. A sample goes through in blocks of output frames that stay in the processor's nearest cache: blend
two source frames for each output frame, then turn, weigh and write the points in the order of the output. The filter
runs before, over the source frames that are needed.

All helpers of a kernel live in its file, since Numba's cache does not see changes in others. They take whole arrays
and offsets: slices in inner loops cost more than the work on them. Offsets are unsigned, because the wrapping of
negative indices keeps the compiler from vectorising.
"""

from __future__ import annotations

import numpy as np

from skeleton_aug.compiled import kernel, prefetch

PRESENT_AT_ORIGIN = 1e-12
"""Metres. All zeros mean "missing", so a present joint that an operator moves exactly onto the origin (the base of
the spine, after centring) is written one picometre beside it and stays present for the operators that follow."""

_FUSED = {"contract"}
_BLOCK = 75
"""Output frames that go through together: two bodies of 25 joints are 45 kB then. Smaller blocks cost calls."""


@prefetch(write=False)
def _prefetch(address):  # type: ignore[no-untyped-def]
    pass


@prefetch(write=True)
def _prefetch_to_write(address):  # type: ignore[no-untyped-def]
    pass


@kernel()
def _window(n_run, longest):  # type: ignore[no-untyped-def]
    window = min(n_run, longest)
    return window - 1 + window % 2


@kernel(fastmath=_FUSED)
def _taps(source, at, target, to, n_frames, step, weights):  # type: ignore[no-untyped-def]
    """``target[to + i] = sum over k of weights[k] * source[at + k * step + i]`` for i < n_frames * step."""
    width, k = np.uintp(step), np.uintp(step)
    for t in range(n_frames):
        a, out = np.uintp(at + t * step), np.uintp(to + t * step)
        done = weights.size % 5
        for j in range(width):
            target[out + j] = 0
        for tap in range(done):
            weight = weights[tap]
            for j in range(width):
                target[out + j] += weight * source[a + j]
            a += k
        for tap in range(done, weights.size, 5):
            v, w, x, y, z = weights[tap], weights[tap + 1], weights[tap + 2], weights[tap + 3], weights[tap + 4]
            b, c, d, e = a + k, a + k + k, a + k + k + k, a + k + k + k + k
            for j in range(width):
                target[out + j] += (
                    v * source[a + j] + w * source[b + j] + x * source[c + j] + y * source[d + j] + z * source[e + j]
                )
            a = e + k


@kernel(fastmath=_FUSED)
def _taps_15(source, at, target, to, n_frames, step, w):  # type: ignore[no-untyped-def]
    """The paper's window, symmetric: four frames at a time, which share most of what they read."""
    w0, w1, w2, w3, w4, w5, w6, w7 = w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7]
    width, k = np.uintp(step), np.uintp(step)
    for t in range(0, n_frames, 4):
        # The last four may be partly done already; doing them again changes nothing.
        t = min(t, n_frames - 4)
        a, o = np.uintp(at + t * step), np.uintp(to + t * step)
        b, c, d, e, f = a + k, a + k + k, a + k + k + k, a + k + k + k + k, a + k + k + k + k + k
        g, h, i, l, m = f + k, f + k + k, f + k + k + k, f + k + k + k + k, f + k + k + k + k + k  # noqa: E741
        n, p, q, r, s = m + k, m + k + k, m + k + k + k, m + k + k + k + k, m + k + k + k + k + k
        u, v = s + k, s + k + k
        o1, o2, o3 = o + k, o + k + k, o + k + k + k
        for j in range(width):
            x0, x1, x2, x3, x4, x5 = (
                source[a + j], source[b + j], source[c + j], source[d + j], source[e + j], source[f + j],
            )  # fmt: skip
            x6, x7, x8, x9, x10, x11 = (
                source[g + j], source[h + j], source[i + j], source[l + j], source[m + j], source[n + j],
            )  # fmt: skip
            x12, x13, x14, x15, x16, x17 = (
                source[p + j], source[q + j], source[r + j], source[s + j], source[u + j], source[v + j],
            )  # fmt: skip
            target[o + j] = (
                w0 * (x0 + x14) + w1 * (x1 + x13) + w2 * (x2 + x12) + w3 * (x3 + x11)
                + w4 * (x4 + x10) + w5 * (x5 + x9) + w6 * (x6 + x8) + w7 * x7
            )  # fmt: skip
            target[o1 + j] = (
                w0 * (x1 + x15) + w1 * (x2 + x14) + w2 * (x3 + x13) + w3 * (x4 + x12)
                + w4 * (x5 + x11) + w5 * (x6 + x10) + w6 * (x7 + x9) + w7 * x8
            )  # fmt: skip
            target[o2 + j] = (
                w0 * (x2 + x16) + w1 * (x3 + x15) + w2 * (x4 + x14) + w3 * (x5 + x13)
                + w4 * (x6 + x12) + w5 * (x7 + x11) + w6 * (x8 + x10) + w7 * x9
            )  # fmt: skip
            target[o3 + j] = (
                w0 * (x3 + x17) + w1 * (x4 + x16) + w2 * (x5 + x15) + w3 * (x6 + x14)
                + w4 * (x7 + x13) + w5 * (x8 + x12) + w6 * (x9 + x11) + w7 * x10
            )  # fmt: skip


@kernel()
def _suit_15(weights, n_frames):  # type: ignore[no-untyped-def]
    """Whether the unrolled window can do them."""
    if weights.size != 15 or n_frames < 4:
        return False
    for k in range(7):  # noqa: SIM110 - Numba has no any()
        if abs(weights[k] - weights[14 - k]) > 1e-7:
            return False
    return True


@kernel()
def _filter_run(source, at, target, to, n_run, low, high, step, bank, shortest):  # type: ignore[no-untyped-def]
    """Filter the frames [low, high) of a run of frames that lies, ``step`` numbers each, at ``at``, into ``to``."""
    window = _window(n_run, bank.shape[1])
    if window < shortest:
        for i in range(low * step, high * step):
            target[to + i] = source[at + i]
        return
    half, one = window // 2, np.int64(1)
    for t in range(low, min(high, half)):
        _taps(source, at, target, to + t * step, one, step, bank[window, t, :window])
    begin, end = max(low, half), min(high, n_run - half)
    if begin < end:
        here, weights, n_frames = at + (begin - half) * step, bank[window, half, :window], end - begin
        if _suit_15(weights, n_frames):
            _taps_15(source, here, target, to + begin * step, n_frames, step, weights)
        else:
            _taps(source, here, target, to + begin * step, n_frames, step, weights)
    for t in range(max(low, n_run - half), high):
        place = window - (n_run - t)
        start = at + (n_run - window) * step
        _taps(source, start, target, to + t * step, one, step, bank[window, place, :window])


@kernel()
def _blur_run(source, at, target, to, n_run, low, high, step, taps, weights):  # type: ignore[no-untyped-def]
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
        n_frames = min(high, n_run - half) - t if end - begin == taps.size else 1
        if _suit_15(taps, n_frames):
            _taps_15(source, at + begin * step, target, to + t * step, n_frames, step, weights)
        else:
            _taps(source, at + begin * step, target, to + t * step, n_frames, step, weights[: end - begin])
        t += n_frames


@kernel()
def _filter_body(source, at, target, there, low, high, step, bank, shortest, taps, weights):  # type: ignore[no-untyped-def]
    """Filter each run of frames that are there, as far as it reaches into [low, high); frame 0 lies at ``at``."""
    begin, n_frames = np.int64(0), there.size
    while begin < n_frames:
        end = begin + 1
        while end < n_frames and there[end] == there[begin]:
            end += 1
        first, last = max(low, begin) - begin, min(high, end) - begin
        if there[begin] and first < last:
            here, to = at + begin * step, begin * step
            if taps.size > 0:
                _blur_run(source, here, target, to, end - begin, first, last, step, taps, weights)
            else:
                _filter_run(source, here, target, to, end - begin, first, last, step, bank, shortest)
        begin = end


@kernel()
def _find_whole_frames(rows, start, n_track, n_joints, there, first):  # type: ignore[no-untyped-def]
    """Mark the frames of a track that are there; False where a frame lacks some joints only."""
    for t in range(n_track):
        present = 0
        for v in range(n_joints):
            at = ((start + t) * n_joints + v) * 3
            present += rows[at] != 0 or rows[at + 1] != 0 or rows[at + 2] != 0
        if present != 0 and present != n_joints:
            return False
        there[first + t] = present != 0
    return True


@kernel()
def _take_gather(before, after, mix, n_t, low, high, share):  # type: ignore[no-untyped-def]
    """Frames that each output frame blends, as the gather says; then the first and the last of them."""
    if before.size == 0:
        for t in range(n_t):
            low[t] = t
        for t in range(n_t):
            high[t] = t
        for t in range(n_t):
            share[t] = 0
        return np.int64(0), n_t - 1
    first, last = np.int64(before[0]), np.int64(before[0])
    for t in range(n_t):
        low[t] = before[t]
    for t in range(n_t):
        first, last = min(first, low[t]), max(last, low[t])
    whole = True
    for t in range(n_t):
        share[t] = mix[t]
        whole &= mix[t] == 0
    if whole:
        for t in range(n_t):
            high[t] = low[t]
        return first, last
    for t in range(n_t):
        high[t] = after[t] if share[t] != 0 else low[t]
    for t in range(n_t):
        first, last = min(first, high[t]), max(last, high[t])
    return first, last


@kernel()
def _place_track(low_all, high_all, share_all, n_t, there, n_source, low, high, share, present):  # type: ignore[no-untyped-def]
    """The same for one body that is not there throughout: a missing frame leaves its neighbour alone."""
    begin, end = n_source, np.int64(0)
    for t in range(n_t):
        a, b, part = low_all[t], high_all[t], share_all[t]
        in_a, in_b = 0 <= a < n_source and there[a], 0 <= b < n_source and there[b]
        if not in_a:
            a, part = b, share.dtype.type(0)
        if not in_b:
            b, part = a, share.dtype.type(0)
        present[t] = in_a or in_b
        low[t], high[t], share[t] = a, b, part
        if present[t]:
            begin, end = min(begin, a, b), max(end, a + 1, b + 1)
    for t in range(n_t):
        # Any frame that exists will do where the weight is zero.
        if not present[t]:
            low[t], high[t], share[t] = min(begin, n_source - 1), min(begin, n_source - 1), 0
    return begin, end


@kernel(fastmath=_FUSED)
def _blend(  # type: ignore[no-untyped-def]
    source, base, low, high, share, t_begin, t_end, step, block, to, ahead, ahead_end, after, far, n_planes, piece
):  # fmt: skip
    """Each frame of the block lies between two frames of the source, of which frame 0 is at ``base``.

    On the way, the memory of the next sample (from ``ahead`` on) is asked for, and that which the block will be written
    to (``piece`` bytes a frame, in planes that are ``far`` bytes apart, from ``after`` on).
    """
    one, width, to, bytes_of_frame = source.dtype.type(1), np.uintp(step), np.uintp(to), step * source.itemsize
    for t in range(t_begin, t_end):
        for at in range(ahead + t * bytes_of_frame, min(ahead + (t + 1) * bytes_of_frame, ahead_end), 64):
            _prefetch(np.uintp(at))
        for plane in range(n_planes):
            for at in range(after + plane * far, after + plane * far + piece, 64):
                _prefetch_to_write(np.uintp(at))
        after += piece
        part = share[t]
        rest = one - part
        a, b = np.uintp(base + low[t] * step), np.uintp(base + high[t] * step)
        for j in range(width):
            block[to + j] = rest * source[a + j] + part * source[b + j]
        to += width


@kernel(fastmath=_FUSED)
def _write_planes_2(first, second, weighted, weights, xs, ys, zs, a, o, tiny):  # type: ignore[no-untyped-def]
    """Affine of the points of two bodies into planes where the bodies of a point are neighbours."""
    a00, a01, a02, a10, a11, a12, a20, a21, a22 = (
        a[0, 0], a[0, 1], a[0, 2], a[1, 0], a[1, 1], a[1, 2], a[2, 0], a[2, 1], a[2, 2],
    )  # fmt: skip
    o0, o1, o2 = o[0], o[1], o[2]
    zero, one, two, three = first.dtype.type(0), np.uintp(1), np.uintp(2), np.uintp(3)
    for i in range(np.uintp(first.size // 3)):
        x, y, z = first[three * i], first[three * i + one], first[three * i + two]
        u, v, w = a00 * x + a01 * y + a02 * z + o0, a10 * x + a11 * y + a12 * z + o1, a20 * x + a21 * y + a22 * z + o2
        if u == 0 and v == 0 and w == 0:
            u = tiny
        x, y, z = second[three * i], second[three * i + one], second[three * i + two]
        r, s, t = a00 * x + a01 * y + a02 * z + o0, a10 * x + a11 * y + a12 * z + o1, a20 * x + a21 * y + a22 * z + o2
        if r == 0 and s == 0 and t == 0:
            r = tiny
        if weighted:
            # Adding zero turns the -0.0 of a weight of zero into a plain zero.
            f, g = weights[two * i], weights[two * i + one]
            u, v, w, r, s, t = u * f + zero, v * f + zero, w * f + zero, r * g + zero, s * g + zero, t * g + zero
        xs[two * i], xs[two * i + one] = u, r
        ys[two * i], ys[two * i + one] = v, s
        zs[two * i], zs[two * i + one] = w, t


@kernel(fastmath=_FUSED)
def _write_points(block, p, n, weighted, weights, at, target, to, step, plane, a, o, tiny):  # type: ignore[no-untyped-def]
    """Affine of n points at p to ``target``: point i at ``to + i * step``, its coordinates ``plane`` apart."""
    a00, a01, a02, a10, a11, a12, a20, a21, a22 = (
        a[0, 0], a[0, 1], a[0, 2], a[1, 0], a[1, 1], a[1, 2], a[2, 0], a[2, 1], a[2, 2],
    )  # fmt: skip
    o0, o1, o2 = o[0], o[1], o[2]
    zero, one, two, three = block.dtype.type(0), np.uintp(1), np.uintp(2), np.uintp(3)
    p, at = np.uintp(p), np.uintp(at)
    x_to, y_to, z_to, step = np.uintp(to), np.uintp(to + plane), np.uintp(to + 2 * plane), np.uintp(step)
    for i in range(np.uintp(n)):
        x, y, z = block[p + three * i], block[p + three * i + one], block[p + three * i + two]
        u, v, w = a00 * x + a01 * y + a02 * z + o0, a10 * x + a11 * y + a12 * z + o1, a20 * x + a21 * y + a22 * z + o2
        if u == 0 and v == 0 and w == 0:
            u = tiny
        if weighted:
            f = weights[at + i * step]
            u, v, w = u * f + zero, v * f + zero, w * f + zero
        target[x_to + i * step], target[y_to + i * step], target[z_to + i * step] = u, v, w


@kernel(fastmath=_FUSED)
def _write_rows(block, n, weighted, weights, target, to, a, o, tiny):  # type: ignore[no-untyped-def]
    """Affine of n points to n points."""
    a00, a01, a02, a10, a11, a12, a20, a21, a22 = (
        a[0, 0], a[0, 1], a[0, 2], a[1, 0], a[1, 1], a[1, 2], a[2, 0], a[2, 1], a[2, 2],
    )  # fmt: skip
    o0, o1, o2 = o[0], o[1], o[2]
    zero, one, two, three = block.dtype.type(0), np.uintp(1), np.uintp(2), np.uintp(3)
    to = np.uintp(to)
    for i in range(np.uintp(n)):
        x, y, z = block[three * i], block[three * i + one], block[three * i + two]
        u, v, w = a00 * x + a01 * y + a02 * z + o0, a10 * x + a11 * y + a12 * z + o1, a20 * x + a21 * y + a22 * z + o2
        if u == 0 and v == 0 and w == 0:
            u = tiny
        if weighted:
            u, v, w = u * weights[i] + zero, v * weights[i] + zero, w * weights[i] + zero
        at = to + three * i
        target[at], target[at + one], target[at + two] = u, v, w


@kernel()
def _weigh_line(joint_weights, source, length, finish, first, second):  # type: ignore[no-untyped-def]
    """Weights of the points of a line, in two steps where joints are reordered or bones made in between.

    The first takes bodies that are not there, and joints without the second. Returns whether it does anything.
    """
    n_bodies, needed = length.size, False
    for i in range(first.size):
        joint, body = i // n_bodies, i % n_bodies
        weight = first.dtype.type(joint_weights[joint]) if joint_weights.size > 0 else first.dtype.type(1)
        if source.size > 0 and source[joint] < 0:
            weight *= 0
        first[i], second[i] = length[body] > 0, weight
        if not finish:
            first[i] *= weight
        needed |= first[i] != 1
    return needed


@kernel()
def _weigh_points(line_weights, n_frames, present, t_begin, easy, weights):  # type: ignore[no-untyped-def]
    """Weight of every point of a block: that of the line, or zero where the body is missing."""
    line, n_bodies = np.uintp(line_weights.size), present.shape[0]
    at = np.uintp(0)
    for t in range(t_begin, t_begin + n_frames):
        for j in range(line):
            weights[at + j] = line_weights[j]
        for m in range(n_bodies):
            if not easy and not present[m, t]:
                for j in range(m, line_weights.size, n_bodies):
                    weights[at + np.uintp(j)] = 0
        at += line


@kernel()
def _list_places(source, parents, n_joints, n_bodies, places):  # type: ignore[no-untyped-def]
    """Where on a line each joint is written, and where it and its parent stand; last those that follow it.

    Returns the number of the others. In a new order none counts as following its parent.
    """
    n_apart, n_followers = 0, 0
    for v in range(n_joints):
        joint = max(source[v], 0) if source.size > 0 else np.int64(v)
        up = parents[joint] if parents.size > 0 and parents[joint] >= 0 else joint
        if source.size > 0 or up != v - 1:
            at, n_apart = n_apart, n_apart + 1
        else:
            n_followers += 1
            at = n_joints - n_followers
        places[0, at], places[1, at], places[2, at] = v * n_bodies, joint * n_bodies, up * n_bodies
    return n_apart


@kernel(fastmath=_FUSED)
def _weigh_plane(lines, line, weights, out, to, size):  # type: ignore[no-untyped-def]
    zero, width = lines.dtype.type(0), np.uintp(line)
    for begin in range(0, size, line):
        at, here = np.uintp(begin), np.uintp(to + begin)
        for j in range(width):
            out[here + j] = lines[at + j] * weights[j] + zero


@kernel(fastmath=_FUSED)
def _order_plane(lines, line, n_bodies, places, n_places, weights, out, to, size):  # type: ignore[no-untyped-def]
    """Reordered and weighed joints."""
    zero, one = lines.dtype.type(0), np.uintp(1)
    for k in range(n_places):
        v, joint = places[0, k], places[1, k]
        if n_bodies == 2:
            f, g = weights[v], weights[v + 1]
            for begin in range(0, size, line):
                here, at = np.uintp(to + begin + v), np.uintp(begin + joint)
                out[here], out[here + one] = lines[at] * f + zero, lines[at + one] * g + zero
        else:
            for m in range(n_bodies):
                for begin in range(0, size, line):
                    out[to + begin + v + m] = lines[begin + joint + m] * weights[v + m] + zero


@kernel(fastmath=_FUSED)
def _bone_plane(lines, line, n_bodies, places, n_places, weights, out, to, size):  # type: ignore[no-untyped-def]
    """Weighed bones. Many joints follow their parent, so that one difference of lines does for them."""
    zero, one, width, shift = lines.dtype.type(0), np.uintp(1), np.uintp(line), np.uintp(n_bodies)
    if n_places * n_bodies < line:
        for begin in range(0, size, line):
            at, here = np.uintp(begin), np.uintp(to + begin)
            for j in range(shift, width):
                out[here + j] = (lines[at + j] - lines[at + j - shift]) * weights[j] + zero
    for k in range(n_places):
        v, joint, up = places[0, k], places[1, k], places[2, k]
        if n_bodies == 2:
            f, g = weights[v], weights[v + 1]
            for begin in range(0, size, line):
                here, at, above = np.uintp(to + begin + v), np.uintp(begin + joint), np.uintp(begin + up)
                out[here] = (lines[at] - lines[above]) * f + zero
                out[here + one] = (lines[at + one] - lines[above + one]) * g + zero
        else:
            for m in range(n_bodies):
                for begin in range(m, size, line):
                    out[to + begin + v] = (lines[begin + joint] - lines[begin + up]) * weights[v + m] + zero


@kernel()
def _finish_planes(lines, size, n_bodies, ordered, places, n_places, channels, weights, out, to, far):  # type: ignore[no-untyped-def]
    """Joint order, bones and weights: from three planes of ``size`` numbers to those of the output, ``far`` apart."""
    line = weights.size
    for c in range(3):
        plane, here = lines[c * size : (c + 1) * size], to + c * far
        if channels != 1 and ordered:
            _order_plane(plane, line, n_bodies, places, n_places, weights, out, here, size)
        elif channels != 1:
            _weigh_plane(plane, line, weights, out, here, size)
        if channels > 0:
            here += (channels - 1) * 3 * far
            _bone_plane(plane, line, n_bodies, places, n_places, weights, out, here, size)


@kernel(fastmath=_FUSED)
def _finish_rows(rows, n_frames, n_joints, source, parents, channels, weights, target, to):  # type: ignore[no-untyped-def]
    """Joint order, bones and weights: from points to points, or to joints and bones."""
    zero, step = rows.dtype.type(0), 6 if channels == 2 else 3
    for begin in range(0, n_frames * n_joints, n_joints):
        for v in range(n_joints):
            joint = max(source[v], 0) if source.size > 0 else np.int64(v)
            up = parents[joint] if parents.size > 0 and parents[joint] >= 0 else joint
            at, above, v_to = (
                np.uintp(3 * (begin + joint)),
                np.uintp(3 * (begin + up)),
                np.uintp(to + step * (begin + v)),
            )
            for c in range(np.uintp(3)):
                if channels != 1:
                    target[v_to + c] = rows[at + c] * weights[v] + zero
                if channels > 0:
                    target[v_to + c + np.uintp(step - 3)] = (rows[at + c] - rows[above + c]) * weights[v] + zero


@kernel()
def _find_frames(rows, row, first, length, gapless, n_joints, n_source, there):  # type: ignore[no-untyped-def]
    """Mark which of the ``n_source`` frames each body has; False where a frame has only some of the joints."""
    for m in range(row.size):
        for t in range(n_source):
            there[m, t] = gapless[m] and first[m] <= t < first[m] + length[m]
        if not gapless[m] and not _find_whole_frames(rows, row[m], length[m], n_joints, there[m], first[m]):
            return False
    return True


@kernel()
def _apply_whole(  # type: ignore[no-untyped-def]
    rows, row, first, length, gapless, ahead, ahead_end,
    filtered, bank, shortest, taps, before, after, mix, n_t,
    matrix, offset, parents, channels, source, joint_weights,
    out, to, model_layout, n_joints, buffers,
):  # fmt: skip
    """One sample, or with sample layout one body of it, whose frames are whole; False, and nothing done, otherwise."""
    (
        there,
        low,
        high,
        share,
        present,
        placed,
        smoothed,
        block,
        weights,
        first_weights,
        line_weights,
        lines,
        blur,
        places,
    ) = buffers
    n_bodies, step, n_source, size = row.size, 3 * n_joints, np.int64(0), min(_BLOCK, n_t)
    tiny, finish = rows.dtype.type(PRESENT_AT_ORIGIN), channels > 0 or source.size > 0
    for m in range(n_bodies):
        n_source = max(n_source, first[m] + length[m])
    begin, last = _take_gather(before, after, mix, n_t, low[n_bodies], high[n_bodies], share[n_bodies])
    easy = np.bool_(True)
    for m in range(n_bodies):
        easy &= length[m] == 0 or (gapless[m] and first[m] <= begin and last < first[m] + length[m])
    if not easy and not _find_frames(rows, row, first, length, gapless, n_joints, n_source, there):
        return False
    for m in range(n_bodies):
        use_begin, use_end, start = begin, last + 1, m * n_source * step
        placed[m] = n_bodies
        if not easy:
            placed[m] = m
            use_begin, use_end = _place_track(
                low[n_bodies], high[n_bodies], share[n_bodies], n_t, there[m], n_source,
                low[m], high[m], share[m], present[m],
            )  # fmt: skip
        if not filtered or use_begin >= use_end or length[m] == 0:
            continue
        if easy:
            here, done = row[m] * step, start + first[m] * step
            low_in, high_in = use_begin - first[m], use_end - first[m]
            if taps.size > 0:
                _blur_run(rows, here, smoothed, done, length[m], low_in, high_in, step, taps, blur)
            else:
                _filter_run(rows, here, smoothed, done, length[m], low_in, high_in, step, bank, shortest)
        else:
            base = (row[m] - first[m]) * step
            track = smoothed[start : start + n_source * step]
            _filter_body(
                rows, base, track, there[m, :n_source], use_begin, use_end, step, bank, shortest, taps, blur
            )  # fmt: skip
    weighted = _weigh_line(joint_weights, source, length, finish, first_weights, line_weights) or not easy
    n_places = _list_places(source, parents, n_joints, n_bodies, places) if finish else 0
    n_planes, line, itemsize = 1, step * max(channels, 1), rows.itemsize
    if model_layout:
        n_planes, line = 3 * max(channels, 1), n_joints * n_bodies
    plane, address = n_t * line, np.int64(out.ctypes.data) + to * itemsize
    for t_begin in range(0, n_t, _BLOCK):
        t_end = min(t_begin + _BLOCK, n_t)
        n = (t_end - t_begin) * n_joints
        for m in range(n_bodies):
            at, p = m * size * step, placed[m]
            next_track, next_end = ahead[m], ahead_end[m]
            piece = line // n_bodies * itemsize
            write = address + t_begin * line * itemsize + m * piece * (t_end - t_begin)
            if n_source == 0 or length[m] == 0:
                block[at : at + 3 * n] = 0
            elif filtered:
                _blend(
                    smoothed, m * n_source * step, low[p], high[p], share[p], t_begin, t_end, step, block, at,
                    next_track, next_end, write, plane * itemsize, n_planes, piece,
                )  # fmt: skip
            else:
                _blend(
                    rows, (row[m] - first[m]) * step, low[p], high[p], share[p], t_begin, t_end, step, block, at,
                    next_track, next_end, write, plane * itemsize, n_planes, piece,
                )  # fmt: skip
        # Without gaps the weights of the first block serve them all.
        if weighted and (t_begin == 0 or not easy):
            _weigh_points(first_weights, t_end - t_begin, present, t_begin, easy, weights)
        here, target, far = to + t_begin * line, out, plane
        if finish:
            here, target, far = np.int64(0), lines, n * n_bodies
        if model_layout and n_bodies == 2:
            _write_planes_2(
                block[: 3 * n], block[size * step : size * step + 3 * n], weighted, weights[: 2 * n],
                target[here : here + 2 * n], target[here + far : here + far + 2 * n],
                target[here + 2 * far : here + 2 * far + 2 * n], matrix, offset, tiny,
            )  # fmt: skip
        elif model_layout:
            for m in range(n_bodies):
                _write_points(
                    block, m * size * step, n, weighted, weights, m, target, here + m, n_bodies, far,
                    matrix, offset, tiny,
                )  # fmt: skip
        else:
            _write_rows(block, n, weighted, weights, target, here, matrix, offset, tiny)
        if finish and model_layout:
            _finish_planes(
                lines, n * n_bodies, n_bodies, source.size > 0, places, n_places, channels, line_weights,
                out, to + t_begin * line, plane,
            )  # fmt: skip
        elif finish:
            _finish_rows(
                lines, t_end - t_begin, n_joints, source, parents, channels, line_weights, out, to + t_begin * line
            )  # fmt: skip
    return True


@kernel()
def apply_to_frames(  # type: ignore[no-untyped-def]
    done, rows, n_joints, n_channels, row, first, length, gapless,
    filter_active, bank, shortest, taps, before, after, mix, n_out,
    matrix, offset, parents, bone_channels, source, weights,
    out, out_start, model_layout,
):  # fmt: skip
    """Carry out a stage for the bodies of which every frame is whole.

    Writes which bodies that was to ``done`` (N, M); in model layout all bodies of a sample are done or none is.
    ``rows`` is flat. Operators have a row per sample, or one that serves all; a gather without columns leaves
    the frames as they are, joint order and weights without columns the joints. ``taps`` with columns are a blur in
    place of the filter. ``bone_channels`` is 0 without bones, 1 for bones, 2 for joints and bones. ``out`` is flat;
    sample n begins at ``out_start[n]`` and lies there as (M, T, V, C), or as (C, T, V, M) in model layout.
    """
    n_samples, n_bodies = row.shape
    dtype, step, n_source, n_t_max = rows.dtype, 3 * n_joints, np.int64(0), np.int64(0)
    for n in range(n_samples):
        n_t_max = max(n_t_max, n_out[n])
        for m in range(n_bodies):
            done[n, m] = False
            n_source = max(n_source, first[n, m] + length[n, m])
    if n_channels != 3 or n_bodies == 0:
        return
    any_filter = taps.shape[1] > 0
    for n in range(filter_active.size):
        any_filter |= filter_active[n]
    together = n_bodies if model_layout else 1
    size = min(_BLOCK, n_t_max) * n_joints * together
    finish = bone_channels > 0 or source.size > 0
    buffers = (
        np.empty((together, n_source), np.bool_),
        np.empty((together + 1, n_t_max), np.int64),
        np.empty((together + 1, n_t_max), np.int64),
        np.empty((together + 1, n_t_max), dtype),
        np.empty((together, n_t_max), np.bool_),
        np.empty(together, np.int64),
        np.empty(together * n_source * step if any_filter else 0, dtype),
        np.empty(3 * size, dtype),
        np.empty(size, dtype),
        np.empty(n_joints * together, dtype),
        np.empty(n_joints * together, dtype),
        np.empty(3 * size if finish else 0, dtype),
        np.empty(taps.shape[1], dtype),
        np.empty((3, n_joints), np.int64),
    )
    width, address = 6 if bone_channels == 2 else 3, np.int64(rows.ctypes.data)
    ahead, ahead_end = np.zeros(together, np.int64), np.zeros(together, np.int64)
    local_matrix, local_offset = np.empty((3, 3), dtype), np.empty(3, dtype)
    for n in range(n_samples):
        for c in range(3):
            local_offset[c] = offset[n % offset.shape[0], c]
            for d in range(3):
                local_matrix[c, d] = matrix[n % matrix.shape[0], c, d]
        of_gather, local_taps = n % before.shape[0], taps[n % taps.shape[0]]
        filtered = filter_active[n % filter_active.size] or (taps.shape[1] > 0 and local_taps[taps.shape[1] // 2] != 0)
        for m in range(0, n_bodies, together):
            for body in range(m, m + together):
                next_n = min(n + 1, n_samples - 1)
                ahead[body - m] = address + row[next_n, body] * step * rows.itemsize
                ahead_end[body - m] = ahead[body - m] + (length[next_n, body] * step * rows.itemsize) * (next_n - n)
            group = slice(m, m + together)
            at = out_start[n] + m * n_out[n] * n_joints * width
            whole = _apply_whole(
                rows, row[n, group], first[n, group], length[n, group], gapless[n, group], ahead, ahead_end,
                filtered, bank, shortest, local_taps, before[of_gather], after[of_gather], mix[of_gather], n_out[n],
                local_matrix, local_offset, parents, bone_channels, source[n % source.shape[0]],
                weights[n % weights.shape[0]], out, at, model_layout, n_joints, buffers,
            )  # fmt: skip
            for body in range(m, m + together):
                done[n, body] = whole
