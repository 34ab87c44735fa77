import json
import pickle

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
NTU_25_MIRROR = [0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7, 16, 17, 18, 19, 12, 13, 14, 15, 20, 23, 24, 21, 22]
EDGES = {"kinect_v2": (NTU_25, 21), "kinect_v1": (KINECT_20, 3)}
SIDES = {
    "kinect_v2": ([5, 6, 7, 8, 13, 14, 15, 16, 22, 23], [9, 10, 11, 12, 17, 18, 19, 20, 24, 25]),
    "kinect_v1": ([5, 6, 7, 8, 13, 14, 15, 16], [9, 10, 11, 12, 17, 18, 19, 20]),
}
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
}

every = pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=lambda s: s.name)


@every
def test_edges_are_the_published_ones(skeleton):
    """The built-in bones equal the literal tables, and so does the centre."""
    edges, center = EDGES[skeleton.name]
    assert set(skeleton.edges) == {(child - 1, parent - 1) for child, parent in edges}
    assert skeleton.center == center - 1


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
    """Left and right are the body's own, hands and thumbs included, spine and head in neither."""
    left, right = SIDES[skeleton.name]
    assert sorted(skeleton.left) == [j - 1 for j in left]
    assert sorted(skeleton.right) == [j - 1 for j in right]
    assert all(skeleton.joints[j].startswith("left_") for j in skeleton.left)
    assert all(skeleton.joints[j].startswith("right_") for j in skeleton.right)


@every
def test_round_trip_through_json(skeleton):
    """to_dict gives plain JSON values, and from_dict the same skeleton with the same hash."""
    again = Skeleton.from_dict(json.loads(json.dumps(skeleton.to_dict())))
    assert again == skeleton
    assert hash(again) == hash(skeleton)
    assert pickle.loads(pickle.dumps(skeleton)) == skeleton


@every
def test_frame_joints_name_what_they_say(skeleton):
    """The joints of the canonical frame carry fitting names."""
    assert skeleton.joints[skeleton.role("left_shoulder")] == "left_shoulder"
    assert skeleton.joints[skeleton.role("right_shoulder")] == "right_shoulder"
    base, spine = skeleton.role("base"), skeleton.role("spine")
    assert skeleton.parents[base] == spine


@every
def test_arrays_are_read_only(skeleton):
    """Shared arrays cannot be changed by mistake."""
    for array in (skeleton.mirror, skeleton.parent_array):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 7


@pytest.mark.parametrize(("settings", "message"), WRONG.values(), ids=WRONG)
def test_wrong_layouts_are_refused(settings, message):
    """Each error names the skeleton and what is wrong with it."""
    with pytest.raises(ValueError, match=message) as error:
        Skeleton(name="mine", **settings)
    assert "Skeleton 'mine'" in str(error.value)


def test_unknown_names_list_the_known():
    """get_skeleton says what there is."""
    with pytest.raises(ValueError, match="built in are kinect_v2, kinect_v1"):
        get_skeleton("kinect")


def test_a_missing_role_is_explained():
    """A skeleton without a canonical frame says how to give it one."""
    with pytest.raises(ValueError, match=r"frame_joints=\{'base': index"):
        Skeleton("mine", ("a",), (-1,)).role("base")
