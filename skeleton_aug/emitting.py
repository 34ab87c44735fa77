"""The machine code of :mod:`skeleton_aug.vectors`, as LLVM's vectors of sixteen numbers; each function writes one.

``code`` writes instructions; arrays are pointers to their numbers, tuples are lists of values.
"""

from __future__ import annotations

from typing import Any

LANES = 16
_FUSED = ("contract",)
_AHEAD = 2048
"""Bytes from what is written to what is asked for."""


class Code:
    """Writes vector instructions with LLVM's builder."""

    def __init__(self, builder: Any) -> None:
        from llvmlite import ir

        self.ir, self.builder = ir, builder

    def kind(self, number: Any, lanes: int = LANES) -> Any:
        """Type of a vector of such numbers."""
        return self.ir.VectorType(number, lanes)

    def place(self, array: Any, at: Any, lanes: int) -> tuple[Any, int]:
        """Pointer to a vector, and its alignment in bytes."""
        number = array.type.pointee
        pointer = self.builder.bitcast(self.builder.gep(array, [at]), self.kind(number, lanes).as_pointer())
        return pointer, 4 if isinstance(number, self.ir.FloatType) else 8

    def load(self, array: Any, at: Any, skip: int = 0, lanes: int = LANES) -> Any:
        """``array[at + skip:]``."""
        pointer, align = self.place(array, self.add_index(at, skip), lanes)
        return self.builder.load(pointer, align=align)

    def store(self, vector: Any, array: Any, at: Any, skip: int = 0) -> None:
        """``array[at + skip:] = vector``."""
        pointer, align = self.place(array, self.add_index(at, skip), vector.type.count)
        self.builder.store(vector, pointer, align=align)

    def add_index(self, at: Any, *steps: Any) -> Any:
        """Sum of places."""
        for step in steps:
            if not isinstance(step, int):
                at = self.builder.add(at, step)
            elif step:
                at = self.builder.add(at, at.type(step))
        return at

    def splat(self, number: Any) -> Any:
        """The same number in all lanes."""
        none = self.ir.Constant(self.kind(number.type), self.ir.Undefined)
        first = self.builder.insert_element(none, number, self.ir.IntType(32)(0))
        return self.shuffle(first, first, [0] * LANES)

    def zeros(self, number: Any) -> Any:
        """Vector of zeros."""
        return self.ir.Constant(self.kind(number), [0.0] * LANES)

    def shuffle(self, a: Any, b: Any, lanes: list[int]) -> Any:
        """Lanes of two vectors, counted through both."""
        word = self.ir.IntType(32)
        return self.builder.shuffle_vector(a, b, self.ir.Constant(self.ir.VectorType(word, len(lanes)), lanes))

    def plus(self, a: Any, b: Any) -> Any:
        """``a + b``."""
        return self.builder.fadd(a, b, flags=_FUSED)

    def times(self, a: Any, b: Any) -> Any:
        """``a * b``, in one instruction with a sum that follows."""
        return self.builder.fmul(a, b, flags=_FUSED)

    def equal(self, a: Any, b: Any) -> Any:
        """Lane by lane; NaN equals nothing."""
        return self.builder.fcmp_ordered("==", a, b)

    def count(self, lanes: Any) -> Any:
        """Lanes that are true, as a 64-bit integer."""
        word = self.ir.IntType(LANES)
        return self.builder.zext(self.builder.ctpop(self.builder.bitcast(lanes, word)), self.ir.IntType(64))


def emit_blend(code: Code, source: Any, a: Any, b: Any, rest: Any, part: Any, target: Any, to: Any) -> None:
    """See :func:`skeleton_aug.vectors.blend`."""
    first = code.times(code.splat(rest), code.load(source, a))
    code.store(code.plus(first, code.times(code.splat(part), code.load(source, b))), target, to)


def emit_blend_4(code: Code, source: Any, a: Any, b: Any, rest: Any, part: Any, target: Any, to: Any) -> None:
    """See :func:`skeleton_aug.vectors.blend_4`."""
    for k in range(0, 4 * LANES, LANES):
        first, second, out = (code.add_index(at, k) for at in (a, b, to))
        emit_blend(code, source, first, second, rest, part, target, out)


def emit_move(code: Code, source: Any, a: Any, target: Any, to: Any) -> None:
    """See :func:`skeleton_aug.vectors.move`."""
    code.store(code.load(source, a, lanes=4), target, to)


def emit_step(code: Code, source: Any, a: Any, b: Any, target: Any, to: Any) -> None:
    """See :func:`skeleton_aug.vectors.step`."""
    code.store(code.builder.fsub(code.load(source, a, lanes=4), code.load(source, b, lanes=4)), target, to)


def emit_lacking(code: Code, source: Any, at: Any) -> Any:
    """See :func:`skeleton_aug.vectors.lacking`."""
    numbers = code.load(source, at)
    gone = code.builder.fsub(numbers, numbers)
    zeros = code.count(code.equal(numbers, code.zeros(source.type.pointee)))
    endless = code.count(code.builder.fcmp_unordered("!=", gone, code.zeros(source.type.pointee)))
    return code.builder.add(zeros, code.builder.shl(endless, endless.type(8)))


def emit_present(code: Code, source: Any, at: Any) -> Any:
    """See :func:`skeleton_aug.vectors.present`."""
    zeros = code.zeros(source.type.pointee)
    x, y, z = (code.builder.fcmp_unordered("!=", v, zeros) for v in _load_joints(code, source, at))
    return code.count(code.builder.or_(code.builder.or_(x, y), z))


def emit_filter_15(code: Code, source: Any, at: Any, step: Any, half: list[Any], target: Any, to: Any) -> None:
    """See :func:`skeleton_aug.vectors.filter_15`."""
    weights = [code.splat(weight) for weight in half]
    frames = []
    for _ in range(22):
        frames.append(code.load(source, at))
        at = code.add_index(at, step)
    for r in range(8):
        total = code.times(weights[7], frames[r + 7])
        for k in range(7):
            total = code.plus(code.times(weights[k], code.plus(frames[r + k], frames[r + 14 - k])), total)
        code.store(total, target, to)
        to = code.add_index(to, step)


def emit_weigh_frames(
    code: Code, source: Any, at: Any, step: Any, shift: Any, weights: Any, row: Any, width: Any, n_taps: Any,
    n_frames: Any, target: Any, to: Any,
) -> None:  # fmt: skip
    """See :func:`skeleton_aug.vectors.weigh_frames`."""
    from numba.core import cgutils

    builder, number = code.builder, source.type.pointee
    last = builder.sub(n_frames, n_frames.type(1))
    # Where there are fewer than four, the last is made again.
    lines = [
        builder.select(builder.icmp_unsigned("<", last, last.type(r)), last, last.type(r)) if r else last.type(0)
        for r in range(4)
    ]
    totals = [cgutils.alloca_once_value(builder, code.zeros(number)) for _ in lines]  # type: ignore[no-untyped-call]
    with cgutils.for_range(builder, n_taps) as loop:
        for line, total in zip(lines, totals, strict=True):
            weight = builder.load(builder.gep(weights, [code.add_index(row, builder.mul(line, width), loop.index)]))
            here = code.add_index(at, builder.mul(line, shift), builder.mul(loop.index, step))
            product = code.times(code.splat(weight), code.load(source, here))
            builder.store(code.plus(product, builder.load(total)), total)
    for line, total in zip(lines, totals, strict=True):
        code.store(builder.load(total), target, code.add_index(to, builder.mul(line, step)))


def _load_joints(code: Code, source: Any, at: Any) -> list[Any]:
    """x, y and z of sixteen joints."""
    a, b, c = (code.load(source, at, k * LANES) for k in range(3))
    front = code.shuffle(a, b, list(range(2 * LANES)))
    back = code.shuffle(c, c, list(range(LANES)) * 2)
    return [code.shuffle(front, back, [3 * i + axis for i in range(LANES)]) for axis in range(3)]


def _load_affine(code: Code, affine: Any, k: Any) -> list[Any]:
    """Matrix and offset, each number in all lanes.

    They are read anew every time: twelve registers are too many to keep.
    """
    places = (code.builder.gep(affine, [code.add_index(k, i)]) for i in range(12))
    return [code.splat(code.builder.load(place)) for place in places]


def _turn(code: Code, block: Any, p: Any, affine: list[Any], tiny: Any) -> list[Any]:
    x, y, z = _load_joints(code, block, p)
    turned = []
    for c in range(3):
        along_x, along_y, along_z = affine[3 * c : 3 * c + 3]
        value = code.plus(code.times(along_z, z), affine[9 + c])
        turned.append(code.plus(code.times(along_x, x), code.plus(code.times(along_y, y), value)))
    builder, zeros = code.builder, code.zeros(block.type.pointee)
    here = [code.equal(value, zeros) for value in turned]
    at_origin = builder.and_(builder.and_(here[0], here[1]), here[2])
    turned[0] = builder.select(at_origin, code.splat(tiny), turned[0])
    return turned


def _weigh(code: Code, vectors: list[Any], weighted: Any, weights: Any, w: Any, skips: list[int]) -> list[Any]:
    """Vectors times weights where that is asked for."""
    builder, zeros = code.builder, code.zeros(weights.type.pointee)
    before = builder.block
    with builder.if_then(weighted):
        # Adding zero turns the -0.0 of a weight of zero into a plain zero.
        factors = {skip: code.load(weights, w, skip) for skip in sorted(set(skips))}
        made = [
            builder.fadd(builder.fmul(vector, factors[skip]), zeros)
            for vector, skip in zip(vectors, skips, strict=True)
        ]
        inside = builder.block
    results = []
    for vector, other in zip(vectors, made, strict=True):
        either = builder.phi(vector.type)
        either.add_incoming(vector, before)
        either.add_incoming(other, inside)
        results.append(either)
    return results


def emit_turn_pairs(
    code: Code, block: Any, p: Any, q: Any, affine: Any, k: Any, tiny: Any, weighted: Any, weights: Any, w: Any,
    out: Any, to: Any, far: Any,
) -> None:  # fmt: skip
    """See :func:`skeleton_aug.vectors.turn_pairs`."""
    turn = _load_affine(code, affine, k)
    first, second = _turn(code, block, p, turn, tiny), _turn(code, block, q, turn, tiny)
    together = [lane for i in range(LANES) for lane in (i, LANES + i)]
    halves = [
        code.shuffle(a, b, lanes)
        for a, b in zip(first, second, strict=True)
        for lanes in (together[:LANES], together[LANES:])
    ]
    halves = _weigh(code, halves, weighted, weights, w, [0, LANES] * 3)
    for c in range(3):
        code.store(halves[2 * c], out, to)
        code.store(halves[2 * c + 1], out, to, LANES)
        for line in range(0, 128, 64):
            _prefetch(code, out, to, _AHEAD + line, write=1)
        to = code.add_index(to, far)


def emit_turn_apart(
    code: Code, block: Any, p: Any, affine: Any, k: Any, tiny: Any, weighted: Any, weights: Any, w: Any, out: Any,
    to: Any, far: Any,
) -> None:  # fmt: skip
    """See :func:`skeleton_aug.vectors.turn_apart`."""
    for vector in _weigh(
        code, _turn(code, block, p, _load_affine(code, affine, k), tiny), weighted, weights, w, [0] * 3
    ):
        code.store(vector, out, to)
        to = code.add_index(to, far)


def emit_turn_rows(
    code: Code, block: Any, p: Any, affine: Any, k: Any, tiny: Any, weighted: Any, weights: Any, w: Any, out: Any,
    to: Any,
) -> None:  # fmt: skip
    """See :func:`skeleton_aug.vectors.turn_rows`."""
    x, y, z = _weigh(code, _turn(code, block, p, _load_affine(code, affine, k), tiny), weighted, weights, w, [0] * 3)
    front = code.shuffle(x, y, list(range(2 * LANES)))
    back = code.shuffle(z, z, list(range(LANES)) * 2)
    for part in range(3):
        places = range(part * LANES, (part + 1) * LANES)
        code.store(code.shuffle(front, back, [LANES * (k % 3) + k // 3 for k in places]), out, to, part * LANES)


def emit_prefetch(code: Code, source: Any, at: Any) -> None:
    """See :func:`skeleton_aug.vectors.prefetch`."""
    for line in range(0, 5 * 64, 64):
        _prefetch(code, source, at, line, write=0)


def _prefetch(code: Code, array: Any, at: Any, skip: int, write: int) -> None:
    """Ask for the line that holds the byte ``skip`` behind a number."""
    ir, builder = code.ir, code.builder
    flag, pointer = ir.IntType(32), ir.IntType(8).as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [pointer, flag, flag, flag])
    function = builder.module.declare_intrinsic("llvm.prefetch", [pointer], kind)
    place = builder.bitcast(builder.gep(array, [at]), pointer)
    place = builder.gep(place, [ir.IntType(64)(skip)])
    # Locality 2 spares the first cache, which has few places for lines that are on their way; 1 says that it is data.
    builder.call(function, [place, flag(write), flag(2), flag(1)])
