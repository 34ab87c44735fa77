"""The built-in joint layouts.

Joint names and their order are the sensors' and estimators' own; edges follow the graphs that the field trains on:

- ``kinect_v2``: Kinect for Windows SDK 2.0 (``JointType``) and NTU RGB+D (Shahroudy et al., 2016, figure 1); edges of
  ST-GCN (Yan et al., 2018), where the fingers hang on one another and the centre lies between the shoulders.
- ``kinect_v1``: Kinect for Windows SDK 1 (``NUI_SKELETON_POSITION_INDEX``); edges of CTR-GCN (Chen et al., 2021).
- ``coco_17``: COCO keypoints (Lin et al., 2014); edges of PoseC3D's code base pyskl, centre at the nose.
- ``openpose_18``: OpenPose (Cao et al., 2017), its model of 18 points; edges of ST-GCN, centre at the neck.
- ``smpl_24`` and ``smpl_22``: the kinematic tree of SMPL (Loper et al., 2015), names as in smplx; without the hands as
  in HumanML3D (Guo et al., 2022).
- ``azure_kinect_32``: joint hierarchy of the Azure Kinect body tracking SDK (``k4abt_joint_id_t``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from skeleton_aug.skeletons.skeleton import Skeleton


def _layout(name: str, joints: str, edges: str, pairs: str, parts: Mapping[str, str], **frame_joints: str) -> Skeleton:
    """Build a layout from blank-separated names, ``child-parent`` and ``left-right`` pairs, and joints, all 0-based."""
    names = joints.split()
    parents = [-1] * len(names)
    for child, parent in _pairs(edges):
        parents[child] = parent
    roles = {role: _numbers(at) for role, at in frame_joints.items()}
    return Skeleton(
        name, tuple(names), tuple(parents), tuple(_pairs(pairs)), roles, {p: _numbers(at) for p, at in parts.items()}
    )


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split())


def _pairs(text: str) -> Sequence[tuple[int, int]]:
    return [(int(a), int(b)) for a, b in (pair.split("-") for pair in text.split())]


KINECT_V2 = _layout(
    "kinect_v2",
    "spine_base spine_mid neck head "
    "left_shoulder left_elbow left_wrist left_hand right_shoulder right_elbow right_wrist right_hand "
    "left_hip left_knee left_ankle left_foot right_hip right_knee right_ankle right_foot "
    "spine_shoulder left_hand_tip left_thumb right_hand_tip right_thumb",
    "0-1 1-20 2-20 3-2 4-20 5-4 6-5 7-6 8-20 9-8 10-9 11-10 12-0 13-12 14-13 15-14 16-0 17-16 18-17 19-18 "
    "21-22 22-7 23-24 24-11",
    "4-8 5-9 6-10 7-11 12-16 13-17 14-18 15-19 21-23 22-24",
    {
        "left_arm": "4 5 6 7 21 22",
        "right_arm": "8 9 10 11 23 24",
        "left_leg": "12 13 14 15",
        "right_leg": "16 17 18 19",
        "trunk": "0 1 20 2 3",
    },
    base="0",
    spine="1",
    left_shoulder="4",
    right_shoulder="8",
)
KINECT_V1 = _layout(
    "kinect_v1",
    "hip_center spine shoulder_center head "
    "left_shoulder left_elbow left_wrist left_hand right_shoulder right_elbow right_wrist right_hand "
    "left_hip left_knee left_ankle left_foot right_hip right_knee right_ankle right_foot",
    "0-1 1-2 3-2 4-2 5-4 6-5 7-6 8-2 9-8 10-9 11-10 12-0 13-12 14-13 15-14 16-0 17-16 18-17 19-18",
    "4-8 5-9 6-10 7-11 12-16 13-17 14-18 15-19",
    {
        "left_arm": "4 5 6 7",
        "right_arm": "8 9 10 11",
        "left_leg": "12 13 14 15",
        "right_leg": "16 17 18 19",
        "trunk": "0 1 2 3",
    },
    base="0",
    spine="1",
    left_shoulder="4",
    right_shoulder="8",
)
COCO_17 = _layout(
    "coco_17",
    "nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow right_elbow "
    "left_wrist right_wrist left_hip right_hip left_knee right_knee left_ankle right_ankle",
    "15-13 13-11 16-14 14-12 11-5 12-6 9-7 7-5 10-8 8-6 5-0 6-0 1-0 3-1 2-0 4-2",
    "1-2 3-4 5-6 7-8 9-10 11-12 13-14 15-16",
    {
        "left_arm": "5 7 9",
        "right_arm": "6 8 10",
        "left_leg": "11 13 15",
        "right_leg": "12 14 16",
        "trunk": "0 1 2 3 4",
    },
    base="11 12",
    spine="5 6",
    left_shoulder="5",
    right_shoulder="6",
)
OPENPOSE_18 = _layout(
    "openpose_18",
    "nose neck right_shoulder right_elbow right_wrist left_shoulder left_elbow left_wrist "
    "right_hip right_knee right_ankle left_hip left_knee left_ankle right_eye left_eye right_ear left_ear",
    "4-3 3-2 7-6 6-5 13-12 12-11 10-9 9-8 11-5 8-2 5-1 2-1 0-1 15-0 14-0 17-15 16-14",
    "5-2 6-3 7-4 11-8 12-9 13-10 15-14 17-16",
    {
        "left_arm": "5 6 7",
        "right_arm": "2 3 4",
        "left_leg": "11 12 13",
        "right_leg": "8 9 10",
        "trunk": "1 0 14 15 16 17",
    },
    base="8 11",
    spine="1",
    left_shoulder="5",
    right_shoulder="2",
)
_SMPL_JOINTS = (
    "pelvis left_hip right_hip spine1 left_knee right_knee spine2 left_ankle right_ankle spine3 left_foot right_foot "
    "neck left_collar right_collar head left_shoulder right_shoulder left_elbow right_elbow left_wrist right_wrist"
)
_SMPL_EDGES = "1-0 2-0 3-0 4-1 5-2 6-3 7-4 8-5 9-6 10-7 11-8 12-9 13-9 14-9 15-12 16-13 17-14 18-16 19-17 20-18 21-19"
_SMPL_PAIRS = "1-2 4-5 7-8 10-11 13-14 16-17 18-19 20-21"
_SMPL_PARTS = {
    "left_arm": "13 16 18 20",
    "right_arm": "14 17 19 21",
    "left_leg": "1 4 7 10",
    "right_leg": "2 5 8 11",
    "trunk": "0 3 6 9 12 15",
}
SMPL_22 = _layout(
    "smpl_22",
    _SMPL_JOINTS,
    _SMPL_EDGES,
    _SMPL_PAIRS,
    _SMPL_PARTS,
    base="0",
    spine="3",
    left_shoulder="16",
    right_shoulder="17",
)
SMPL_24 = _layout(
    "smpl_24",
    _SMPL_JOINTS + " left_hand right_hand",
    _SMPL_EDGES + " 22-20 23-21",
    _SMPL_PAIRS + " 22-23",
    {**_SMPL_PARTS, "left_arm": "13 16 18 20 22", "right_arm": "14 17 19 21 23"},
    base="0",
    spine="3",
    left_shoulder="16",
    right_shoulder="17",
)
AZURE_KINECT_32 = _layout(
    "azure_kinect_32",
    "pelvis spine_navel spine_chest neck "
    "left_clavicle left_shoulder left_elbow left_wrist left_hand left_hand_tip left_thumb "
    "right_clavicle right_shoulder right_elbow right_wrist right_hand right_hand_tip right_thumb "
    "left_hip left_knee left_ankle left_foot right_hip right_knee right_ankle right_foot "
    "head nose left_eye left_ear right_eye right_ear",
    "1-0 2-1 3-2 4-2 5-4 6-5 7-6 8-7 9-8 10-7 11-2 12-11 13-12 14-13 15-14 16-15 17-14 "
    "18-0 19-18 20-19 21-20 22-0 23-22 24-23 25-24 26-3 27-26 28-26 29-26 30-26 31-26",
    "4-11 5-12 6-13 7-14 8-15 9-16 10-17 18-22 19-23 20-24 21-25 28-30 29-31",
    {
        "left_arm": "4 5 6 7 8 9 10",
        "right_arm": "11 12 13 14 15 16 17",
        "left_leg": "18 19 20 21",
        "right_leg": "22 23 24 25",
        "trunk": "0 1 2 3 26 27 28 29 30 31",
    },
    base="0",
    spine="1",
    left_shoulder="5",
    right_shoulder="12",
)

SKELETONS: Mapping[str, Skeleton] = {
    s.name: s for s in (KINECT_V2, KINECT_V1, COCO_17, OPENPOSE_18, SMPL_22, SMPL_24, AZURE_KINECT_32)
}


def get_skeleton(skeleton: str | Skeleton) -> Skeleton:
    """Return ``skeleton`` itself, or the built-in layout of that name.

    Raises
    ------
    ValueError
        When no built-in layout has that name.

    Examples
    --------
    >>> get_skeleton("coco_17").n_joints
    17
    """
    if isinstance(skeleton, Skeleton):
        return skeleton
    if skeleton not in SKELETONS:
        close = get_close_matches(str(skeleton), SKELETONS, 1)
        hint = f" Did you mean {close[0]!r}?" if close else " Make your own with Skeleton.from_names."
        raise ValueError(f"Unknown skeleton {skeleton!r}; built in are {', '.join(SKELETONS)}.{hint}")
    return SKELETONS[skeleton]
