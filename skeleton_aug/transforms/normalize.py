"""Centring, canonical orientation and size."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np

from skeleton_aug.batch import Batch
from skeleton_aug.compiled import kernel
from skeleton_aug.drawing import Instructions
from skeleton_aug.operators import Affine, CenterFrames, Operator
from skeleton_aug.pipeline import Transform, check_joints
from skeleton_aug.randomness import Draws
from skeleton_aug.samples import Samples
from skeleton_aug.skeletons import Skeleton, get_skeleton
from skeleton_aug.vectors import prefetch

Center = Literal["sequence", "frame", "none"]
Rotation = Literal["canonical", "legacy", "upright", "none"]
Measure = Literal["spine", "torso", "shoulders"]

_ROLES = ("base", "spine", "left_shoulder", "right_shoulder")
_AHEAD = 8
"""Samples whose first frames are on their way from memory while one is looked at."""
_SHOULDERS = (False, False, True, True)
_MEASURED = {"spine": _ROLES[:2], "torso": ("base", *_ROLES[2:]), "shoulders": _ROLES[2:]}


@dataclass(frozen=True, kw_only=True)
class Normalize(Transform):
    """Move the body to the origin, turn it to a canonical orientation, and bring it to a size, if asked.

    Rotation and size are taken from the first valid frame and are the same for all frames and bodies of a sample, so
    that movement stays: the first frame in which the first present body has all the joints that are needed. A sample
    without such a frame is centred only, by the first frame that has the base of the spine.

    Conventions (right-handed, metres), by ``rotation``:

    - "canonical": z points along the spine, x to the body's left along the right-to-left shoulder line made orthogonal
      to z (Gram-Schmidt), and y = z cross x to the back. Shoulders in line with the spine leave the sensor's axes.
    - "upright": z is the sensor's vertical axis, y, so that the body leans as it did; x points to the body's left along
      the horizontal part of the right-to-left shoulder line, in the mean over all frames of the first present body
      that has such a frame, from the first valid one on; and y = z cross x. A mean errs less than one frame's
      shoulders do, where the sensor stands level. Shoulders above each other leave the sensor's axes.
    - "legacy": as 2s-AGCN's ``pre_normalization`` does it (Shi et al., 2019), for comparison with models that were
      trained on it. First the shortest rotation that brings the spine to z, then the shortest that brings the line
      from the left to the right shoulder to x: x points to the body's *right*, and y = z cross x to the front. The
      second rotation tilts the spine off z again, by as much as the shoulders were not level, and turns a body whose
      left shoulder is at greater x about whichever axis is shortest, which may put it upside down. A direction
      that is opposite to its axis stays so. (2s-AGCN centres on the middle of the spine instead.)

    Parameters
    ----------
    center : {"sequence", "frame", "none"}
        Subtract the base of the spine of the first valid frame; or that of every frame (of its first present body, or
        the last one seen), which removes walking and takes a pass of its own; or nothing, so that the sample turns
        and grows about the sensor.
    rotation : {"canonical", "legacy", "upright", "none"}
        "none" keeps the sensor's axes; two-dimensional data asks for it.
    scale : float, optional
        Length that ``measure`` is brought to in the first valid frame, in metres; None keeps the size.
    measure : {"spine", "torso", "shoulders"}
        From the base of the spine to the layout's next place on it; from the base to the middle of the shoulders; from
        shoulder to shoulder.
    skeleton : str or Skeleton
        Joint layout, which says which joints these are (``frame_joints``).

    Examples
    --------
    >>> import numpy as np
    >>> x = np.linspace(1, 2, 10 * 25 * 3).reshape(1, 10, 25, 3) ** 2
    >>> y = Normalize(scale=0.5, measure="torso")(x)
    >>> float(np.linalg.norm(y[0, 0, [4, 8]].mean(0)).round(6))
    0.5
    """

    center: Center = "sequence"
    rotation: Rotation = "canonical"
    scale: float | None = None
    measure: Measure = "spine"
    skeleton: str | Skeleton = "kinect_v2"

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, known in (("center", Center), ("rotation", Rotation), ("measure", Measure)):
            if getattr(self, name) not in get_args(known):
                choices = ", ".join(map(repr, get_args(known)))
                raise ValueError(f"Normalize: {name} must be one of {choices}, got {getattr(self, name)!r}.")
        if self.scale is not None and not 0 < self.scale < np.inf:
            raise ValueError(f"Normalize: scale must be a length above 0 in metres, or None, got {self.scale!r}.")
        skeleton = get_skeleton(self.skeleton)
        for role in self._needed:
            skeleton.role(role)

    @property
    def _needed(self) -> tuple[str, ...]:
        """Places of the body that the settings ask for."""
        centred = {"base"} if self.center != "none" else set()
        measured = set(_MEASURED[self.measure]) if self.scale is not None else set()
        turned = {"none": set(), "upright": set(_ROLES[2:])}.get(self.rotation, set(_ROLES))
        return tuple(role for role in _ROLES if role in centred | measured | turned)

    def sample(self, draws: Draws, batch: Batch) -> Operator | tuple[Operator, ...]:
        """Nothing to draw; looks at the samples."""
        skeleton = get_skeleton(self.skeleton)
        check_joints(self.name, batch, skeleton)
        self._check_channels(batch)
        affine = self._look(batch.samples())
        if self.center != "frame":
            return affine
        # To the compiler arrays that may be written are another type, and those of saved plans are not.
        base = np.array(skeleton.role("base"), np.int64)
        base.flags.writeable = False
        centring = CenterFrames(base, np.ones(batch.n, np.bool_))
        # The matrix commutes with it, and behind it joins the pass of what follows.
        return centring if self.rotation == "none" and self.scale is None else (centring, affine)

    def instructions(self, samples: Samples) -> Instructions | None:
        """A look at the samples, where that is all."""
        fits = samples.n_joints == get_skeleton(self.skeleton).n_joints and (
            self.rotation == "none" or samples.dims == 3
        )
        return (self._look,) if fits and self.center != "frame" else None

    def _look(self, samples: Samples) -> Affine:
        """Matrix and offset of each sample."""
        matrix, offset = np.empty((samples.n, 3, 3)), np.empty((samples.n, 3))
        _body_frames(
            samples.rows, samples.row, samples.length, len(samples.channels), samples.dims, *self._wanted, matrix,
            offset,
        )  # fmt: skip
        return Affine(matrix, offset)

    @cached_property
    def _wanted(self) -> tuple[Any, ...]:
        """The settings as the kernel takes them."""
        needed = self._needed
        return (
            get_skeleton(self.skeleton).role_array,
            tuple(role in needed for role in _ROLES),
            tuple(role == "base" for role in _ROLES),
            self.center == "sequence",
            get_args(Rotation).index(self.rotation),
            get_args(Measure).index(self.measure),
            self.scale or 0.0,
        )

    def _check_channels(self, batch: Batch) -> None:
        if not batch.has_positions:
            raise ValueError(
                f"Normalize needs joint positions, got C = {batch.n_channels} of bones alone; put it before Bones."
            )
        if self.rotation != "none" and batch.dims != 3:
            raise ValueError(
                f"Normalize: rotation={self.rotation!r} needs joint positions x, y, z, got channels "
                f"{batch.channels!r}. Pass rotation='none' for data in the plane."
            )


@kernel()
def _has(frame, width, roles, needed):  # type: ignore[no-untyped-def]
    """Whether all joints of the needed roles are there."""
    for role in range(4):
        if needed[role]:
            for joint in roles[role]:
                missing = joint >= 0
                for c in range(width):
                    missing &= frame[joint, c] == 0
                if missing:
                    return False
    return True


@kernel()
def _first_row_with(rows, row, length, width, roles, needed):  # type: ignore[no-untyped-def]
    """Row of the first frame of the first present body that has what is needed; -1 if there is none."""
    for m in range(row.size):
        for at in range(row[m], row[m] + length[m]):
            if _has(rows[at], width, roles, needed):
                return at
    return -1


@kernel()
def _place(frame, dims, joints):  # type: ignore[no-untyped-def]
    """Mean of some joints, in the plane with z = 0."""
    x, y, z, n = 0.0, 0.0, 0.0, 0
    for joint in joints:
        if joint >= 0:
            x, y, n = x + frame[joint, 0], y + frame[joint, 1], n + 1
            if dims == 3:
                z += frame[joint, 2]
    n = max(n, 1)
    return x / n, y / n, z / n


@kernel()
def _between(a, b):  # type: ignore[no-untyped-def]
    return b[0] - a[0], b[1] - a[1], b[2] - a[2]


@kernel()
def _length(v):  # type: ignore[no-untyped-def]
    return (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]) ** 0.5


@kernel()
def _unit(v):  # type: ignore[no-untyped-def]
    """Vector of length 1 in the same direction, zero for one too short to have a direction."""
    length = _length(v)
    scale = 1 / length if length > 1e-9 else 0.0
    return v[0] * scale, v[1] * scale, v[2] * scale


@kernel()
def _set_canonical(up, left, matrix):  # type: ignore[no-untyped-def]
    """Rows left, back and up; nothing done where the two directions do not say where left is."""
    z = _unit(up)
    along = left[0] * z[0] + left[1] * z[1] + left[2] * z[2]
    x = _unit((left[0] - along * z[0], left[1] - along * z[1], left[2] - along * z[2]))
    y = z[1] * x[2] - z[2] * x[1], z[2] * x[0] - z[0] * x[2], z[0] * x[1] - z[1] * x[0]
    if y[0] != 0 or y[1] != 0 or y[2] != 0:
        for d in range(3):
            matrix[0, d], matrix[1, d], matrix[2, d] = x[d], y[d], z[d]


@kernel()
def _turn_onto(vector, axis, matrix):  # type: ignore[no-untyped-def]
    """Put behind ``matrix`` the shortest rotation of a vector onto a coordinate axis, as Rodrigues' formula gives it.

    None where the two are parallel or opposite to within 1e-6, as in the published code.
    """
    k = np.zeros(3)
    k[(axis + 1) % 3], k[(axis + 2) % 3] = vector[(axis + 2) % 3], -vector[(axis + 1) % 3]
    if abs(k[0]) + abs(k[1]) + abs(k[2]) < 1e-6:
        return
    length = _length(vector)
    for d in range(3):
        k[d] /= length
    cosine = vector[axis] / length
    share = (1 - cosine) / (k[0] * k[0] + k[1] * k[1] + k[2] * k[2])
    for d in range(3):
        x = matrix[0, d], matrix[1, d], matrix[2, d]
        along = share * (k[0] * x[0] + k[1] * x[1] + k[2] * x[2])
        matrix[0, d] = cosine * x[0] + k[1] * x[2] - k[2] * x[1] + along * k[0]
        matrix[1, d] = cosine * x[1] + k[2] * x[0] - k[0] * x[2] + along * k[1]
        matrix[2, d] = cosine * x[2] + k[0] * x[1] - k[1] * x[0] + along * k[2]


@kernel()
def _set_legacy(up, left, matrix):  # type: ignore[no-untyped-def]
    _turn_onto(up, np.int64(2), matrix)
    x = matrix[0, 0] * left[0] + matrix[0, 1] * left[1] + matrix[0, 2] * left[2]
    y = matrix[1, 0] * left[0] + matrix[1, 1] * left[1] + matrix[1, 2] * left[2]
    z = matrix[2, 0] * left[0] + matrix[2, 1] * left[1] + matrix[2, 2] * left[2]
    _turn_onto((-x, -y, -z), np.int64(0), matrix)


@kernel()
def _sum_lines(rows, row, length, at, dims, width, roles):  # type: ignore[no-untyped-def]
    """Sum of the lines from right to left shoulder in the frames of a body from row ``at`` on."""
    x, y, z = 0.0, 0.0, 0.0
    for m in range(row.size):
        for t in range(max(at, row[m]), row[m] + length[m] if row[m] <= at else 0):
            if _has(rows[t], width, roles, _SHOULDERS):
                line = _between(_place(rows[t], dims, roles[3]), _place(rows[t], dims, roles[2]))
                x, y, z = x + line[0], y + line[1], z + line[2]
    return x, y, z


@kernel()
def _set_matrix(frame, dims, roles, rotation, measure, scale, matrix):  # type: ignore[no-untyped-def]
    """Rotation and size of one frame, into an identity."""
    base, spine = _place(frame, dims, roles[0]), _place(frame, dims, roles[1])
    left, right = _place(frame, dims, roles[2]), _place(frame, dims, roles[3])
    if rotation == 0:
        _set_canonical(_between(base, spine), _between(right, left), matrix)
    elif rotation == 1:
        _set_legacy(_between(base, spine), _between(right, left), matrix)
    if scale > 0:
        middle = (left[0] + right[0]) / 2, (left[1] + right[1]) / 2, (left[2] + right[2]) / 2
        length = _length(_between(right, left))
        if measure == 0:
            length = _length(_between(base, spine))
        elif measure == 1:
            length = _length(_between(base, middle))
        if length > 1e-9:
            for c in range(3):
                for d in range(3):
                    matrix[c, d] *= scale / length


@kernel()
def _body_frames(  # type: ignore[no-untyped-def]
    rows, row, length, width, dims, roles, needed, base_only, centred, rotation, measure, scale, matrix, offset
):
    """Matrix and offset of every sample; rotation and measure are counted in the order of their names.

    ``base_only`` is ``needed`` where the base of the spine is all that is asked for.
    """
    columns = rows.shape[1] * rows.shape[2]
    for n in range(row.shape[0]):
        prefetch(rows, row[min(n + _AHEAD, row.shape[0] - 1), 0] * columns)
        matrix[n] = 0.0
        for c in range(3):
            matrix[n, c, c], offset[n, c] = 1.0, 0.0
        at = _first_row_with(rows, row[n], length[n], width, roles, needed)
        if at >= 0 and rotation == 2:
            _set_canonical((0.0, 1.0, 0.0), _sum_lines(rows, row[n], length[n], at, dims, width, roles), matrix[n])
        if at >= 0:
            _set_matrix(rows[at], dims, roles, rotation, measure, scale, matrix[n])
        elif centred:
            at = _first_row_with(rows, row[n], length[n], width, roles, base_only)
        if centred and at >= 0:
            base = _place(rows[at], dims, roles[0])
            for c in range(3):
                for d in range(3):
                    offset[n, c] -= matrix[n, c, d] * base[d]
