"""What an operator does to a sample, in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from skeleton_aug import Skeleton
from skeleton_aug.operators import (
    Affine,
    BodyOrder,
    BoneScales,
    BonesOf,
    CenterFrames,
    Custom,
    FrameBlur,
    FrameFilter,
    Gather,
    JointNoise,
    JointOrder,
    JointWeights,
    Mixing,
    MotionOf,
    Operator,
)

_CLOSE = 1e-9


def describe(operator: Operator, skeleton: Skeleton, n_frames: int) -> list[str]:
    """Say what an operator for one sample does; an empty list where it leaves the sample as it is.

    Parameters
    ----------
    operator : Operator
        With one row.
    skeleton : Skeleton
        Joint layout of the data.
    n_frames : int
        Frames that the sample has where the operator acts.
    """
    match operator:
        case Affine():
            return _affine(operator.matrix[0], operator.offset[0])
        case Gather():
            return _gather(operator, n_frames)
        case FrameFilter():
            return [f"smoothed over {operator.bank.shape[-1]} frames"] if operator.active[0] else []
        case FrameBlur():
            return _blur(operator.taps[0])
        case JointWeights():
            return _weights(operator.weights[0], skeleton)
        case JointOrder():
            return _joint_order(operator.source[0], skeleton)
        case BodyOrder():
            return _body_order(operator.source[0].tolist())
        case BonesOf():
            return ["bones as channels (joints are shown)"]
        case MotionOf():
            return ["motion as channels (joints are shown)"]
        case JointNoise():
            return _noise(operator.lateral[0], operator.axial[0])
        case BoneScales():
            return _bone_scales(operator.scales[0], operator.parents)
        case CenterFrames():
            return ["every frame is centred"] if operator.active[0] else []
        case Mixing():
            # A sample that is drawn alone is its own partner.
            return []
        case Custom():
            named = [f"{name} = {_value(rows[0])}" for name, rows in operator.parameters.items()]
            return (named or ["applied"]) if operator.active[0] else []
        case _:
            return [f"applied ({type(operator).__name__})"]


def source_frames(places: NDArray[np.float64], gather: Gather) -> NDArray[np.float64]:
    """Frames of the recording that the output frames of a gather lie at; NaN for missing ones.

    Parameters
    ----------
    places : (T,) float array
        The same for its input frames.
    gather : Gather
        With one row.
    """
    n = int(gather.n_frames[0])
    before, after, mix = (column[0, :n] for column in (gather.before, gather.after_, gather.mix))
    between = (1 - mix) * places[before] + mix * places[after]
    found: NDArray[np.float64] = np.where(before < 0, np.nan, between)
    return found


def _affine(matrix: NDArray[np.float64], offset: NDArray[np.float64]) -> list[str]:
    lines = _matrix(matrix)
    if np.abs(offset).max() > _CLOSE:
        lines.append(f"moved by ({', '.join(f'{value:.2f}' for value in offset + 0.0)}) m")
    return lines


def _matrix(matrix: NDArray[np.float64]) -> list[str]:
    if np.allclose(matrix, np.eye(3), atol=_CLOSE):
        return []
    if np.allclose(matrix, np.diag(np.diag(matrix)), atol=_CLOSE):
        return _axes(np.diag(matrix))
    determinant = float(np.linalg.det(matrix))
    size = np.cbrt(abs(determinant))
    if determinant > 0 and np.allclose(matrix @ matrix.T, size**2 * np.eye(3), atol=1e-6 * size**2):
        return [*_turn(matrix / size), *([] if abs(size - 1) < 1e-6 else [f"size × {size:.3f}"])]
    lines = [f"{axis}' = {_sum(row)}" for axis, row in zip("xyz", matrix, strict=True)]
    return [*lines, "mirrors the body"] if determinant < 0 else lines


def _axes(factors: NDArray[np.float64]) -> list[str]:
    if np.allclose(factors, factors[0], atol=_CLOSE):
        return [f"size × {factors[0]:.3f}"]
    words = {1.0: "", -1.0: "{} turned round", 0.0: "{} set to 0"}
    named = [words.get(float(f), "{} × " + f"{f:.3f}").format(axis) for axis, f in zip("xyz", factors, strict=True)]
    return [", ".join(name for name in named if name)]


def _turn(rotation: NDArray[np.float64]) -> list[str]:
    from scipy.spatial.transform import Rotation

    vector = Rotation.from_matrix(rotation).as_rotvec()
    angle = float(np.linalg.norm(vector))
    axis = ", ".join(f"{value:.2f}" for value in vector / max(angle, 1e-12) + 0.0)
    return [f"turned by {np.degrees(angle):.1f}° about ({axis})"]


def _sum(row: NDArray[np.float64]) -> str:
    """Write a row of a matrix as a sum."""
    terms = [(abs(value), "-" if value < 0 else "+", axis) for value, axis in zip(row, "xyz", strict=True) if value]
    parts = [f"{sign} {axis if size == 1 else f'{size:.2f} {axis}'}" for size, sign, axis in terms]
    return " ".join(parts).removeprefix("+ ") or "0"


def _gather(gather: Gather, n_frames: int) -> list[str]:
    places = source_frames(np.arange(n_frames, dtype=np.float64), gather)
    there = places[~np.isnan(places)]
    if len(places) == n_frames and np.array_equal(places, np.arange(n_frames)):
        return []
    lost = len(places) - len(there)
    lines = [] if len(places) == n_frames else [f"{n_frames} frames become {len(places)}"]
    if lost:
        return [*lines, f"frames {_ranges(np.flatnonzero(np.isnan(places)))} missing"]
    return [", ".join([*lines, *_course(there)])]


def _course(places: NDArray[np.float64]) -> list[str]:
    """Say how a sequence runs through the frames that it is made of."""
    if not len(places):
        return []
    steps = np.diff(places)
    usual = float(np.median(steps)) if len(steps) else 1.0
    against = steps[np.sign(steps) == -np.sign(usual)] if usual else steps[:0]
    # Where a sequence begins again it jumps; where it is reflected it runs back frame by frame.
    jumps = int((np.abs(against) > 2 * abs(usual)).sum())
    back = len(against) - jumps
    lines = [f"from frame {_frame(places[0])} to {_frame(places[-1])}"]
    if usual < 0:
        lines.append("backwards")
    if len(steps) and not np.isclose(abs(usual), 1) and np.isclose(steps, usual).mean() > 0.8:
        lines.append(f"speed × {abs(usual):.2f}")
    if jumps:
        lines.append("after the last frame comes the first" if jumps == 1 else f"begins again {jumps} times")
    if back:
        lines.append(f"runs back for {back} {'frame' if back == 1 else 'frames'}")
    return lines


def _frame(place: float) -> str:
    return f"{place:.0f}" if float(place).is_integer() else f"{place:.1f}"


def _ranges(frames: NDArray[np.int64]) -> str:
    runs = np.split(frames, np.flatnonzero(np.diff(frames) > 1) + 1)
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)


def _blur(taps: NDArray[np.float64]) -> list[str]:
    if not taps.any():
        return []
    away = np.arange(len(taps)) - len(taps) // 2
    return [f"blurred over time, standard deviation {np.sqrt((taps * away**2).sum() / taps.sum()):.2f} frames"]


def _weights(weights: NDArray[np.float64], skeleton: Skeleton) -> list[str]:
    dropped = set(np.flatnonzero(weights == 0).tolist())
    scaled = [f"{skeleton.joints[j]} × {w:.2f}" for j, w in enumerate(weights.tolist()) if w not in (0.0, 1.0)]
    return ([f"without {_joint_names(dropped, skeleton)}"] if dropped else []) + ([", ".join(scaled)] if scaled else [])


def _joint_names(joints: set[int], skeleton: Skeleton) -> str:
    """Whole parts by their names, and the other joints by theirs."""
    parts = [part for part, at in skeleton.parts.items() if joints.issuperset(at)]
    rest = joints - {j for part in parts for j in skeleton.parts[part]}
    return ", ".join([*(part.replace("_", " ") for part in parts), *(skeleton.joints[j] for j in sorted(rest))])


def _joint_order(source: NDArray[np.int64], skeleton: Skeleton) -> list[str]:
    if np.array_equal(source, np.arange(len(source))):
        return []
    if np.array_equal(source, skeleton.mirror):
        return ["left and right exchanged"]
    lost = set(np.flatnonzero(source < 0).tolist())
    moved = int(((source != np.arange(len(source))) & (source >= 0)).sum())
    return ([f"without {_joint_names(lost, skeleton)}"] if lost else []) + (
        [f"{moved} joints exchanged"] if moved else []
    )


def _body_order(source: Sequence[int]) -> list[str]:
    if list(source) == list(range(len(source))):
        return []
    lost = [str(m + 1) for m in range(len(source)) if m not in source]
    kept = [m for m in source if m >= 0]
    moved = kept != sorted(kept) or any(m >= 0 and m != at for at, m in enumerate(source))
    return ([f"without body {', '.join(lost)}"] if lost else []) + (
        [f"bodies in the order {', '.join(str(m + 1) if m >= 0 else 'none' for m in source)}"] if moved else []
    )


def _noise(lateral: NDArray[np.float64], axial: NDArray[np.float64]) -> list[str]:
    if not (lateral.any() or axial.any()):
        return []
    if lateral[1] or axial[1]:
        return ["noise that grows with depth"]
    return [f"standard deviation {1000 * lateral[0]:.1f} mm"]


def _bone_scales(scales: NDArray[np.float64], parents: NDArray[np.int64]) -> list[str]:
    bones = scales[parents >= 0]
    if np.array_equal(bones, np.ones_like(bones)):
        return []
    low, high = bones.min(), bones.max()
    return [f"bones × {low:.2f}" if low == high else f"bones × {low:.2f} to {high:.2f}"]


def _value(value: NDArray[np.generic] | np.generic) -> str:
    numbers = np.asarray(value)
    if numbers.ndim == 0:
        return f"{numbers.item():.3g}" if numbers.dtype.kind == "f" else str(numbers.item())
    return np.array2string(numbers, precision=3, threshold=12, separator=", ")
