"""Ready-made pipelines. The paper's are T1 (aggressive) and T2 (conservative) of its section 3.2.

All of them take the joint layout of the data (``skeleton``), the frames of the result (``n_frames``), and what it
holds (``channels``: "joint", "joint+bone" or "bone"; bones are taken of augmented joints).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import degrees
from types import MappingProxyType
from typing import Literal

from skeleton_aug.compose import Compose
from skeleton_aug.pipeline import Pipeline
from skeleton_aug.skeletons import Skeleton
from skeleton_aug.transforms import (
    AxisMask,
    Bones,
    FitLength,
    GaussianBlur,
    Mirror,
    Noise,
    Normalize,
    ReflectCrop,
    Resample,
    Reverse,
    Rotate,
    SavitzkyGolay,
    Scale,
    Shear,
    SideDrop,
    TemporalShift,
    UniformSample,
)
from skeleton_aug.views import TwoViews

Channels = Literal["joint", "joint+bone", "bone"]


def aggressive(
    skeleton: str | Skeleton = "kinect_v2",
    n_frames: int = 150,
    channels: Channels = "joint",
    *,
    without: Sequence[str] = (),
) -> Compose:
    """T1: low-pass filter, change of speed, shear, cyclic shift, left/right drop.

    The filter acts on the frames as recorded, and bones are taken before the drop, which drops them with their joint.

    Parameters
    ----------
    skeleton : str or Skeleton
        Joint layout of the data.
    n_frames : int
        Frames of the result: a random window of longer sequences, shorter ones repeated.
    channels : {"joint", "joint+bone", "bone"}
        What the result holds; the paper trains on "joint+bone".
    without : sequence of str
        Transforms to leave out, as for :func:`leave_out`.

    Examples
    --------
    >>> aggressive(n_frames=50, without=("Shear", "TemporalShift"))(np.ones((2, 90, 25, 3)), seed=0).shape
    (2, 50, 25, 3)
    """
    pipeline = Compose(
        [
            Normalize(skeleton=skeleton),
            SavitzkyGolay(window=15, order=2, p=0.5),
            Resample(rate_range=(0.7, 1.3)),
            FitLength(n_frames=n_frames, crop="random"),
            Shear(factor_range=(-1.0, 1.0)),
            TemporalShift(),
            *_bones(skeleton, channels),
            SideDrop(skeleton=skeleton, p=0.5),
        ]
    )
    return leave_out(pipeline, without)


def conservative(skeleton: str | Skeleton = "kinect_v2", n_frames: int = 150, channels: Channels = "joint") -> Compose:
    """T2: change of speed only. Parameters as for :func:`aggressive`."""
    return Compose(
        [
            Normalize(skeleton=skeleton),
            Resample(rate_range=(0.7, 1.3)),
            FitLength(n_frames=n_frames, crop="random"),
            *_bones(skeleton, channels),
        ]
    )


def evaluation(skeleton: str | Skeleton = "kinect_v2", n_frames: int = 150, channels: Channels = "joint") -> Compose:
    """Return the pipeline without any randomness: normalised, the first ``n_frames`` frames, repeated if shorter."""
    return Compose([Normalize(skeleton=skeleton), FitLength(n_frames=n_frames), *_bones(skeleton, channels)])


def leave_out(pipeline: Compose, names: Sequence[str]) -> Compose:
    """Return the pipeline without some of its transforms; those that stay draw the parameters that they drew before.

    Parameters
    ----------
    pipeline : Compose
    names : sequence of str
        Classes of transforms, such as "Shear"; where one stands more than once, all go.

    Raises
    ------
    ValueError
        When the pipeline has no such transform.

    Examples
    --------
    >>> leave_out(Compose([Shear(), TemporalShift()]), ["Shear"])
    Compose([TemporalShift()])
    """
    if isinstance(names, str):
        raise TypeError(f"leave_out: expected several names, got {names!r} alone; write [{names!r}].")
    known = [part.name for part in pipeline.transforms]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(
            f"There is no {' or '.join(map(str, unknown))} to leave out: the pipeline has {', '.join(known)}."
        )
    return Compose([part for part in pipeline.transforms if part.name not in names])


@dataclass(frozen=True)
class Ablation:
    """How the two views of a pair are made.

    Attributes
    ----------
    first, second : {"aggressive", "conservative"}
        The preset of each view.
    without : tuple of str
        What aggressive views go without.
    multi_view : bool
        Whether the views come from two cameras' recordings of a performance where there are two, or both from one. That
        is sampling, not augmentation: no pipeline sees it, and whoever loads the data has to heed it (``multi_view`` of
        ``skeleton_data.ViewLoader``).
    """

    first: Literal["aggressive", "conservative"] = "aggressive"
    second: Literal["aggressive", "conservative"] = "conservative"
    without: tuple[str, ...] = ()
    multi_view: bool = True


ABLATIONS: Mapping[str, Ablation] = MappingProxyType(
    {
        "byol_conservative": Ablation(first="conservative", multi_view=False),
        "byol_aggressive": Ablation(second="aggressive", multi_view=False),
        "no_shear": Ablation(without=("Shear",)),
        "no_low_pass": Ablation(without=("SavitzkyGolay",)),
        "no_shift": Ablation(without=("TemporalShift",)),
        "no_resampling": Ablation(without=("Resample",)),
        "no_side_drop": Ablation(without=("SideDrop",)),
        "no_multi_view": Ablation(multi_view=False),
        "multi_view_aggressive": Ablation(second="aggressive"),
        "full": Ablation(),
    }
)
"""The rows of the paper's Table 2. What is left out is left out of T1; T2, which is a change of speed, stays."""


def two_views(
    skeleton: str | Skeleton = "kinect_v2",
    n_frames: int = 150,
    channels: Channels = "joint",
    ablation: str = "full",
) -> TwoViews:
    """Both views of a pair as in a row of the paper's Table 2.

    Parameters
    ----------
    skeleton, n_frames, channels
        As for :func:`aggressive`.
    ablation : str
        One of :data:`ABLATIONS`. Whether a pair takes two cameras (``ABLATIONS[ablation].multi_view``) is decided when
        samples are loaded, so "full" and "no_multi_view" are the same pipelines.

    Examples
    --------
    >>> x = np.ones((1, 40, 25, 3))
    >>> first, second = two_views(n_frames=30, ablation="no_shear")(x, seed=0)
    """
    if ablation not in ABLATIONS:
        raise ValueError(f"two_views: ablation must be one of {', '.join(ABLATIONS)}, got {ablation!r}.")
    row = ABLATIONS[ablation]
    made = {
        "aggressive": aggressive(skeleton, n_frames, channels, without=row.without),
        "conservative": conservative(skeleton, n_frames, channels),
    }
    return TwoViews(made[row.first], made[row.second])


def crossclr(skeleton: str | Skeleton = "kinect_v2", n_frames: int = 50, channels: Channels = "joint") -> Compose:
    """CrosSCLR's augmentation: a crop in time of the sequence padded by reflection, and a shear.

    Source: Li et al., "3D Human Action Representation Learning via Cross-View Consistency Pursuit", CVPR 2021;
    LinguoLi/CrosSCLR, ``feeder/tools.py`` (``temperal_crop``, ``shear``) with ``shear_amplitude: 0.5`` and
    ``temperal_padding_ratio: 6`` of ``config/CrosSCLR/crossclr_3views_xview.yaml``, after ``feeder/NTUDatasets.py``.
    It is used for both views. Parameters as for :func:`aggressive`; the whole sequence is brought to ``n_frames``.

    Deliberate differences, all in how sequences are prepared:

    - :class:`Normalize` centres and turns both bodies as they stand in the first valid frame, so walking and the
      distance between persons stay. There, each body is centred on the spine between its shoulders and turned about
      the vertical axis by its shoulders, anew in every frame.
    - The first frame stays the first and the last the last when a sequence is resized; OpenCV's interpolation aligns
      the frames' outer edges instead.
    - Missing joints and frames stay missing, and a frame between a missing and a present one takes the present one.
    """
    return Compose([*_half_shear_and_crop(skeleton, n_frames), *_bones(skeleton, channels)])


def aimclr_normal(skeleton: str | Skeleton = "kinect_v2", n_frames: int = 50, channels: Channels = "joint") -> Compose:
    """AimCLR's normal augmentation, of the query and the key: that of :func:`crossclr`, with its differences.

    Source: Guo et al., "Contrastive Learning from Extremely Augmented Skeleton Sequences for Self-supervised Action
    Recognition", AAAI 2022; Levigty/AimCLR, ``_aug`` of ``Feeder_triple`` in ``feeder/ntu_feeder.py``, with the values
    of ``config/ntu60/pretext/pretext_aimclr_xsub_joint.yaml``.
    """
    return crossclr(skeleton, n_frames, channels)


def aimclr_extreme(
    skeleton: str | Skeleton = "kinect_v2",
    n_frames: int = 50,
    channels: Channels = "joint",
    *,
    time_flip: bool = False,
) -> Compose:
    """AimCLR's extreme augmentation: the normal one, then mirror, rotation, noise, blur and loss of an axis.

    Source: as for :func:`aimclr_normal`; ``_strong_aug`` of ``Feeder_triple`` in ``feeder/ntu_feeder.py`` and
    ``feeder/tools.py``. All have p = 0.5 but the rotation, which has 1.

    Parameters
    ----------
    skeleton, n_frames, channels
        As for :func:`aggressive`.
    time_flip : bool
        Play half of the samples backwards. The paper lists it, but the published code leaves it out unless asked
        (``aug_method='12345'``, where it would be 6), and no published configuration asks.

    Notes
    -----
    Deliberate differences, beside those of :func:`crossclr`:

    - A mirror image changes the sign of x and exchanges left and right; there, joints are exchanged alone, which
      makes a body whose left arm is on its right side.
    - The blur is divided by its weights, and does not blend in what lies behind the ends or is missing. There it also
      multiplies the coordinates, by up to 5.
    - Noise spares missing joints, which there become present.
    - The loss of an axis keeps missing apart from present joints, also where nothing but zeros would be left.
    """
    return Compose(
        [
            *_half_shear_and_crop(skeleton, n_frames),
            Mirror(skeleton=skeleton, p=0.5),
            # Angles of 0 to 30 and of 0 to 1 degrees there, with the other sign.
            Rotate(x_range=(-1.0, 0.0), y_range=(-1.0, 0.0), z_range=(-1.0, 0.0), main_range=(-30.0, 0.0)),
            Noise(std_range=(0.01, 0.01), p=0.5),
            GaussianBlur(sigma_range=(0.1, 2.0), window=15, p=0.5),
            AxisMask(axes="xyz", p=0.5),
            *([Reverse(p=0.5)] if time_flip else []),
            *_bones(skeleton, channels),
        ]
    )


def pyskl_train(
    skeleton: str | Skeleton = "kinect_v2",
    n_frames: int = 100,
    channels: Channels = "joint",
    *,
    strong: bool = False,
) -> Compose:
    """Pyskl's training pipeline for skeletons in space: one random frame from each of ``n_frames`` segments.

    Source: Duan et al., "PYSKL: Towards Good Practices for Skeleton Action Recognition", ACM MM 2022;
    kennymckormick/pyskl, ``configs/stgcn++/stgcn++_ntu60_xsub_3dkp/j.py`` (``PreNormalize3D``, ``UniformSample`` with
    ``clip_len=100``), and with ``strong`` ``configs/strong_aug/ntu60_xsub_3dkp/j.py`` (``RandomScale`` with
    ``scale=0.1`` and ``RandomRot``, whose ``theta`` is 0.3 rad).

    Parameters
    ----------
    skeleton, n_frames, channels
        As for :func:`aggressive`.
    strong : bool
        Also scale each axis by a factor from (0.9, 1.1) and turn about each axis by up to 0.3 rad either way.

    Notes
    -----
    Deliberate differences:

    - The origin is the base of the spine, not its middle, and nothing else tells ``rotation="legacy"`` from
      ``PreNormalize3D``, except that frames without the first body stay, that the order of bodies does, and that the
      first frame with all joints that are needed is taken rather than the first with any.
    - Sequences of ``n_frames`` to twice as many frames are sampled by segments too, see :class:`UniformSample`.
    - Samples are scaled and turned in one matrix each, and bones are taken last, where no more than ``n_frames`` frames
      are left; neither changes the result.
    """
    angle = degrees(0.3)
    turn = Rotate(x_range=(-angle, angle), y_range=(-angle, angle), z_range=(-angle, angle))
    return Compose(
        [
            Normalize(skeleton=skeleton, rotation="legacy"),
            *([Scale(factor_range=(0.9, 1.1), per_axis=True), turn] if strong else []),
            UniformSample(n_frames=n_frames),
            *_bones(skeleton, channels),
        ]
    )


def _half_shear_and_crop(skeleton: str | Skeleton, n_frames: int) -> list[Pipeline]:
    return [
        Normalize(skeleton=skeleton),
        FitLength(n_frames=n_frames, short="resize", long="resize"),
        ReflectCrop(ratio=1 / 6),
        Shear(factor_range=(-0.5, 0.5)),
    ]


def _bones(skeleton: str | Skeleton, channels: Channels) -> list[Pipeline]:
    return [] if channels == "joint" else [Bones(channels=channels, skeleton=skeleton)]
