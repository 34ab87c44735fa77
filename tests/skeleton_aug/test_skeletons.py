import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from skeleton_aug import SKELETONS, Skeleton, get_skeleton

# Literal (child, parent) tables, 1-based as they are published.
NTU_25 = [
    (1, 2), (2, 21), (3, 21), (4, 3), (5, 21), (6, 5), (7, 6), (8, 7), (9, 21), (10, 9), (11, 10), (12, 11), (13, 1),
    (14, 13), (15, 14), (16, 15), (17, 1), (18, 17), (19, 18), (20, 19), (22, 23), (23, 8), (24, 25), (25, 12),
]  # fmt: skip
KINECT_20 = [
    (1, 2), (2, 3), (4, 3), (5, 3), (6, 5), (7, 6), (8, 7), (9, 3), (10, 9), (11, 10), (12, 11), (13, 1), (14, 13),
    (15, 14), (16, 15), (17, 1), (18, 17), (19, 18), (20, 19),
]  # fmt: skip
# 0-based, as published.
COCO_17 = [
    (15, 13), (13, 11), (16, 14), (14, 12), (11, 5), (12, 6), (9, 7), (7, 5), (10, 8), (8, 6), (5, 0), (6, 0), (1, 0),
    (3, 1), (2, 0), (4, 2),
]  # fmt: skip
OPENPOSE_18 = [
    (4, 3), (3, 2), (7, 6), (6, 5), (13, 12), (12, 11), (10, 9), (9, 8), (11, 5), (8, 2), (5, 1), (2, 1), (0, 1),
    (15, 0), (14, 0), (17, 15), (16, 14),
]  # fmt: skip
SMPL_24_PARENTS = [-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21]
AZURE_32_PARENTS = [
    -1, 0, 1, 2, 2, 4, 5, 6, 7, 8, 7, 2, 11, 12, 13, 14, 15, 14, 0, 18, 19, 20, 0, 22, 23, 24, 3, 26, 26, 26, 26, 26,
]  # fmt: skip
NTU_25_MIRROR = [0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7, 16, 17, 18, 19, 12, 13, 14, 15, 20, 23, 24, 21, 22]


def bones(parents):
    return [(joint, parent) for joint, parent in enumerate(parents) if parent >= 0]


EDGES = {
    "kinect_v2": ([(a - 1, b - 1) for a, b in NTU_25], 20),
    "kinect_v1": ([(a - 1, b - 1) for a, b in KINECT_20], 2),
    "coco_17": (COCO_17, 0),
    "openpose_18": (OPENPOSE_18, 1),
    "smpl_22": (bones(SMPL_24_PARENTS[:22]), 0),
    "smpl_24": (bones(SMPL_24_PARENTS), 0),
    "azure_kinect_32": (bones(AZURE_32_PARENTS), 0),
}
# Joints of the left and of the right side, 0-based.
SIDES = {
    "kinect_v2": ([4, 5, 6, 7, 12, 13, 14, 15, 21, 22], [8, 9, 10, 11, 16, 17, 18, 19, 23, 24]),
    "kinect_v1": ([4, 5, 6, 7, 12, 13, 14, 15], [8, 9, 10, 11, 16, 17, 18, 19]),
    "coco_17": ([5, 7, 9, 11, 13, 15], [6, 8, 10, 12, 14, 16]),
    "openpose_18": ([5, 6, 7, 11, 12, 13], [2, 3, 4, 8, 9, 10]),
    "smpl_22": ([1, 4, 7, 10, 13, 16, 18, 20], [2, 5, 8, 11, 14, 17, 19, 21]),
    "smpl_24": ([1, 4, 7, 10, 13, 16, 18, 20, 22], [2, 5, 8, 11, 14, 17, 19, 21, 23]),
    "azure_kinect_32": ([*range(4, 11), *range(18, 22)], [*range(11, 18), *range(22, 26)]),
}
LIMBS = {
    "arm": ("collar", "clavicle", "shoulder", "elbow", "wrist", "hand", "hand_tip", "thumb"),
    "leg": ("hip", "knee", "ankle", "foot"),
}
GRAPHS = {
    "kinect_v2": "ntu25", "kinect_v1": "kinect1_20", "coco_17": "coco17_pyskl", "openpose_18": "openpose18",
    "smpl_22": "smpl22", "smpl_24": "smpl24", "azure_kinect_32": "azure32",
}  # fmt: skip
PEOPLE = {"joints": ("hips", "neck", "left_hand", "right_hand"), "parents": (-1, 0, 1, 1), "mirror_pairs": ((2, 3),)}
WRONG = {
    "no joints": ({"joints": (), "parents": ()}, "at least one joint"),
    "names twice": ({"joints": ("a", "a"), "parents": (-1, 0)}, "unique"),
    "parents missing": ({"joints": ("a", "b"), "parents": (-1,)}, "one parent per joint"),
    "two roots": ({"joints": ("a", "b"), "parents": (-1, -1)}, "exactly one joint must have parent -1, got 2"),
    "no root": ({"joints": ("a", "b"), "parents": (1, 0)}, "exactly one joint must have parent -1, got 0"),
    "out of range": ({"joints": ("a", "b"), "parents": (-1, 2)}, r"must lie in -1\.\.1"),
    "a circle": ({"joints": ("a", "b", "c"), "parents": (-1, 2, 1)}, "never reaches the root"),
    "in two pairs": (
        {"joints": ("a", "b"), "parents": (-1, 0), "mirror_pairs": ((0, 1), (1, 0))},
        "one mirror pair",
    ),
    "unknown pair": (
        {"joints": ("a", "b"), "parents": (-1, 0), "mirror_pairs": ((0, 2),)},
        "pair names joint 2",
    ),
    "unknown role": ({"joints": ("a", "b"), "parents": (-1, 0), "frame_joints": {"base": 5}}, "base names joint 5"),
    "unknown in a role of several": ({**PEOPLE, "frame_joints": {"base": (2, -1)}}, "base names joint -1"),
    "a role of none": ({**PEOPLE, "frame_joints": {"base": ()}}, "base names no joint"),
    "unknown in a part": ({**PEOPLE, "parts": {"trunk": (0, 4)}}, r"trunk names joint 4, outside 0\.\.3"),
    "a part of none": ({**PEOPLE, "parts": {"trunk": ()}}, "trunk names no joint"),
    "in two parts": ({**PEOPLE, "parts": {"trunk": (0, 1), "head": (1,)}}, "'neck' is in trunk and head"),
    "twice in a part": ({**PEOPLE, "parts": {"trunk": (1, 1)}}, "'neck' is in trunk twice"),
    "half of a mirrored part": ({**PEOPLE, "parts": {"left_arm": (2,)}}, "must map left_arm to right_arm"),
    "a mirror across parts": ({**PEOPLE, "parts": {"trunk": (0, 1, 2)}}, "must map trunk to trunk, but it maps it to"),
}

every = pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=lambda s: s.name)


@every
def test_edges_are_the_published_ones(skeleton):
    """The built-in bones equal the literal tables, and so does the centre."""
    edges, center = EDGES[skeleton.name]
    assert set(skeleton.edges) == set(edges)
    assert skeleton.center == center


@every
def test_layouts_equal_the_collected_graphs(skeleton):
    """Bones, centre and mirror are those collected from published code, where that collection is at hand."""
    paths = (p / "shared" / "data" / "spec" / "graphs.json" for p in Path(__file__).resolve().parents)
    found = next((p for p in paths if p.exists()), None)
    if found is None:
        pytest.skip("the collected graphs (graphs.json) are not here")
    graph = json.loads(found.read_text())[GRAPHS[skeleton.name]]
    assert skeleton.n_joints == graph["num_joints"]
    assert {tuple(edge) for edge in graph["edges0"]} == set(skeleton.edges)
    assert skeleton.center == graph["center0"]
    assert skeleton.mirror.tolist() == graph["mirror_perm"]


@every
def test_edges_form_a_tree(skeleton):
    """V - 1 bones that connect all joints."""
    reached = {skeleton.center}
    for _ in skeleton.joints:
        reached |= {child for child, parent in skeleton.edges if parent in reached}
    assert len(skeleton.edges) == skeleton.n_joints - 1
    assert reached == set(range(skeleton.n_joints))


@every
def test_mirror_is_an_involution_that_keeps_the_bones(skeleton):
    """Mirroring twice is nothing, swaps the sides, and maps bones onto bones."""
    m = skeleton.mirror
    np.testing.assert_array_equal(m[m], np.arange(skeleton.n_joints))
    assert {(m[a], m[b]) for a, b in skeleton.edges} == set(skeleton.edges)
    assert {int(m[j]) for j in skeleton.left} == set(skeleton.right)


def test_mirror_of_kinect_v2_is_the_published_permutation():
    """As other code bases have it."""
    assert SKELETONS["kinect_v2"].mirror.tolist() == NTU_25_MIRROR


@every
def test_convention_sides(skeleton):
    """Left and right are the body's own arm and leg, hands and thumbs included, spine, head and face in neither."""
    assert (sorted(skeleton.left), sorted(skeleton.right)) == SIDES[skeleton.name]
    assert [int(skeleton.mirror[j]) for j in skeleton.left] == list(skeleton.right)


@every
def test_parts_hold_what_their_names_say(skeleton):
    """Every joint is in one part: limbs by their names, all else in the trunk."""
    assert sorted(j for at in skeleton.parts.values() for j in at) == list(range(skeleton.n_joints))
    for part, at in skeleton.parts.items():
        side, _, limb = part.partition("_")
        names = {skeleton.joints[j] for j in at}
        if part == "trunk":
            assert not names & {f"{s}_{joint}" for s in ("left", "right") for of in LIMBS.values() for joint in of}
        else:
            assert names <= {f"{side}_{joint}" for joint in LIMBS[limb]}


@every
def test_mirror_pairs_by_name(skeleton):
    """Left joints are paired with the right ones of the same name."""
    for a, b in skeleton.mirror_pairs:
        assert skeleton.joints[a].startswith("left_")
        assert skeleton.joints[b] == skeleton.joints[a].replace("left_", "right_")


@every
def test_round_trip_through_json(skeleton):
    """to_dict gives plain JSON values, and from_dict the same skeleton with the same hash."""
    again = Skeleton.from_dict(json.loads(json.dumps(skeleton.to_dict())))
    assert again == skeleton
    assert hash(again) == hash(skeleton)


@every
def test_pickling(skeleton):
    """An equal skeleton comes back, and its arrays stay read-only."""
    assert skeleton.parent_array.flags.writeable is False
    again = pickle.loads(pickle.dumps(skeleton))
    assert again == skeleton
    assert hash(again) == hash(skeleton)
    assert again.parent_array.flags.writeable is False


def test_layouts_that_were_written_before_there_were_parts():
    """Built-in layouts get their parts; others with such a name, or any other, those of their mirror pairs."""
    old = {key: value for key, value in SKELETONS["kinect_v1"].to_dict().items() if key != "parts"}
    assert old["frame_joints"] == {"base": 0, "spine": 1, "left_shoulder": 4, "right_shoulder": 8}
    assert Skeleton.from_dict(old) == SKELETONS["kinect_v1"]
    other = Skeleton.from_dict({**old, "joints": [f"joint{i}" for i in range(20)]})
    assert set(other.parts) == {"left", "right", "trunk"}
    bare = Skeleton.from_dict({"name": "mine", "joints": ["a", "b"], "parents": [-1, 0], "mirror_pairs": []})
    assert bare.parts == {"trunk": (0, 1)}


def test_parts_of_a_layout_without_them():
    """Sides are those of the mirror pairs, in their order, and the trunk is the rest."""
    skeleton = Skeleton("mine", tuple("abcde"), (-1, 0, 0, 0, 0), ((4, 1), (2, 3)))
    assert skeleton.parts == {"left": (4, 2), "right": (1, 3), "trunk": (0,)}
    assert (skeleton.left, skeleton.right) == ((4, 2), (1, 3))
    weights = skeleton.without_side
    np.testing.assert_array_equal(weights, [[1, 1, 0, 1, 0], [1, 0, 1, 0, 1]])


@every
def test_roles_are_where_they_say(skeleton):
    """Shoulders by name; the base between the hips, the spine above it on the body's middle line."""
    assert skeleton.role("left_shoulder") == (skeleton.joints.index("left_shoulder"),)
    assert skeleton.role("right_shoulder") == (skeleton.joints.index("right_shoulder"),)
    for role in ("base", "spine"):
        joints = skeleton.role(role)
        assert {int(skeleton.mirror[j]) for j in joints} == set(joints)
    base = {skeleton.joints[j] for j in skeleton.role("base")}
    assert base in ({"spine_base"}, {"hip_center"}, {"pelvis"}, {"left_hip", "right_hip"})
    for row, role in zip(skeleton.role_array, ("base", "spine", "left_shoulder", "right_shoulder"), strict=True):
        assert tuple(row[row >= 0].tolist()) == skeleton.role(role)


@every
def test_arrays_are_read_only(skeleton):
    """Shared arrays cannot be changed by mistake."""
    for array in (skeleton.mirror, skeleton.parent_array, skeleton.without_side[0], skeleton.role_array[0]):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 7


@pytest.mark.parametrize(("settings", "message"), WRONG.values(), ids=WRONG)
def test_wrong_layouts_are_refused(settings, message):
    """Each error names the skeleton and what is wrong with it."""
    with pytest.raises(ValueError, match=message) as error:
        Skeleton(name="mine", **settings)
    assert "Skeleton 'mine'" in str(error.value)


def test_unknown_names_list_the_known():
    """get_skeleton says what there is, and which may be meant."""
    with pytest.raises(ValueError, match=r"built in are kinect_v2, kinect_v1, .* Did you mean 'openpose_18'"):
        get_skeleton("openpose18")
    with pytest.raises(ValueError, match=r"Make your own with Skeleton\.from_names"):
        get_skeleton("???")


def test_a_missing_role_is_explained():
    """A skeleton without a body frame says how to give it one."""
    with pytest.raises(ValueError, match=r"frame_joints=\{'base': JOINT, 'spine'"):
        Skeleton("mine", ("a",), (-1,)).role("base")


def stick(**settings):
    parents = {"neck": "hips", "left_hand": "neck", "right_hand": "neck"}
    return Skeleton.from_names("mine", PEOPLE["joints"], **{"parents": parents, **settings})


def test_from_names():
    """Names stand for indices everywhere; left and right are found by name unless they are given."""
    roles = {"base": "hips", "spine": ["left_hand", "right_hand"]}
    expected = Skeleton("mine", **PEOPLE, frame_joints={"base": 0, "spine": (2, 3)})
    assert stick(frame_joints=roles) == expected
    assert stick(frame_joints=roles, left_right=[("left_hand", "right_hand")]) == expected
    assert stick(left_right=()).mirror_pairs == ()
    parts = {"left_arm": ["left_hand"], "right_arm": ["right_hand"]}
    assert stick(parts=parts).parts == {"left_arm": (2,), "right_arm": (3,)}


MISSPELT = {
    "child": ({"parents": {"nekc": "hips"}}, r"parents names 'nekc', .* Did you mean 'neck'\?"),
    "parent": ({"parents": {"neck": "hip"}}, r"parents names 'hip', .* Did you mean 'hips'\?"),
    "pair": ({"left_right": [("left_hand", "rigth_hand")]}, r"left_right names .* Did you mean 'right_hand'\?"),
    "role": ({"frame_joints": {"base": "pelvis"}}, r"frame_joints\['base'\] names 'pelvis'.* Joints are hips, neck"),
    "part": ({"parts": {"trunk": ["hips", "Neck"]}}, r"parts\['trunk'\] names 'Neck', .* Did you mean 'neck'\?"),
    "no centre": ({"parents": {"hips": "neck", "neck": "hips", "left_hand": "neck", "right_hand": "neck"}}, "got none"),
    "two centres": ({"parents": {"neck": "hips", "left_hand": "neck"}}, "got 'hips', 'right_hand'"),
}


@pytest.mark.parametrize(("settings", "message"), MISSPELT.values(), ids=MISSPELT)
def test_from_names_explains_errors(settings, message):
    """Each error says where the name stands and which one may be meant."""
    with pytest.raises(ValueError, match=message) as error:
        stick(**settings)
    assert "Skeleton 'mine'" in str(error.value)
