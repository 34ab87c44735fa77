import json
from base64 import b64decode

import numpy as np
import pytest

from skeleton_aug import Compose, FitLength, Shear
from skeleton_data import SkeletonDataError, Store, repack
from skeleton_data.viewing import content
from skeleton_data.viewing.content import TO_STAGE, Augmentation, pack, page_data, unpack
from skeleton_data.viewing.pipelines import named_pipeline
from tests.skeleton_data.made import odd_store


def error(packed, x):
    """Largest error in units of what is announced: half a step."""
    return np.abs(unpack(packed) - x).max() / (packed["step"] / 2)


def test_recordings_are_those_of_the_store(seen, pushing):
    """Positions differ from the store's by less than half a step, which is below 0.1 mm; missing stays missing."""
    data = page_data(seen, "x", pushing, None, 30.0)
    assert [one["name"] for one in data["recordings"]] == seen.samples["name"][pushing].tolist()
    for index, one in zip(pushing, data["recordings"], strict=True):
        x = seen[index].positions
        assert one["positions"]["step"] < 1e-4 and error(one["positions"], x) <= 1.001
        np.testing.assert_array_equal((unpack(one["positions"]) == 0).all(-1), (x == 0).all(-1))
        states = np.frombuffer(b64decode(one["states"]), np.uint8).reshape(x.shape[:3])
        np.testing.assert_array_equal(states, seen.sample_channel(index, "tracking_state"))
        assert one["body_ids"] == list(map(str, seen[index].body_ids))
        assert one["camera"] == seen[index].camera and "subject 17, setup 1, replication 2" in one["facts"]
    assert data["augmentation"] is None and data["class"] == "pushing other person"
    assert json.loads(json.dumps(data)) == data


def test_every_draw_is_there(seen, pushing):
    """A page holds all draws of all recordings, each as the pipeline gives it."""
    pipeline = named_pipeline("aggressive", seen.skeleton)
    data = page_data(seen, "x", pushing, Augmentation("aggressive", pipeline, 4, seed=9), None)
    draws = data["augmentation"]["draws"]
    assert len(draws) == 4 and data["augmentation"]["seed"] == 9
    for epoch, views in enumerate(draws):
        for index, view in zip(pushing, views, strict=True):
            y = pipeline(seen[index].positions, seed=9, epoch=epoch, index=index)
            assert view["epoch"] == epoch and error(view["positions"], y) <= 1.001
            np.testing.assert_array_equal((unpack(view["positions"]) == 0).all(-1), (y == 0).all(-1))
            assert view["steps"][0]["transform"] == "Normalize"
            assert len(view["source"]) == 150 and view["positions"]["axes"] == "canonical"
    assert draws[0][0]["steps"] != draws[1][0]["steps"]


def test_missing_frames_of_a_view(seen, pushing):
    """A frame that is made of none says -1."""
    pipeline = FitLength(n_frames=120, short="zeros")
    (views,) = page_data(seen, "x", pushing[:1], Augmentation("x", pipeline, 1), None)["augmentation"]["draws"]
    n = seen[pushing[0]].positions.shape[1]
    assert views[0]["source"] == [*range(n), *[-1.0] * (120 - n)]


@pytest.mark.parametrize("value", [0.0, 1e-30, 1e6])
def test_packing_of_odd_positions(value):
    """Nothing, a single place and far places pack as well; a joint on the origin's picometre is not missing."""
    x = np.zeros((1, 3, 4, 3), np.float32)
    x[0, 1] = value
    x[0, 1, 2] = [0, 0, 1e-12]
    packed = pack(x, "sensor")
    assert error(packed, x) <= 1.001
    numbers = np.frombuffer(b64decode(packed["numbers"]), "<i2").reshape(x.shape)
    np.testing.assert_array_equal((numbers == -32768).all(-1), (x == 0).all(-1))


def test_odd_stores(tmp_path):
    """Recordings with huge numbers, gaps and many bodies make a page that is valid JSON, without NaN."""
    store = odd_store(tmp_path / "odd.h5", 0)
    data = page_data(store, "x", range(len(store)), None, None)
    json.dumps(data, allow_nan=False)
    assert all(one["states"] is None for one in data["recordings"])


def test_compressed_store(seen, seen_path, pushing, tmp_path):
    """A compressed store gives the same page."""
    packed = Store.open(repack(seen_path, tmp_path / seen_path.name, filter="gzip"))
    assert page_data(packed, "x", pushing, None, 30.0) == page_data(seen, "x", pushing, None, 30.0)


def test_conventions():
    """Nothing is mirrored, and up is up: the sensor's left is the picture's left, a canonical body faces the viewer."""
    left, up, away = np.eye(3)
    stage = {axes: np.array(rows) for axes, rows in TO_STAGE.items()}
    assert all(np.linalg.det(turn) == 1 for turn in stage.values())
    # As the sensor sees it: x to its left, y up, z away from it.
    assert (stage["sensor"] @ np.array([left, up, away]).T == np.array([[-1, 0, 0], [0, 1, 0], [0, 0, -1]]).T).all()
    # From the front: the body's left (x) on the right of the picture, z up, its back (y) away.
    np.testing.assert_array_equal(stage["canonical"] @ [1, 2, 3], [1, 3, -2])
    # Legacy: x to the body's right, z up, y to the front.
    np.testing.assert_array_equal(stage["legacy"] @ [1, 2, 3], [-1, 3, 2])


@pytest.mark.parametrize("axes", ["canonical", "legacy"])
def test_normalised_bodies_face_the_viewer(seen, pushing, axes):
    """In the first frame of a normalised view, head is up and the left shoulder on the picture's right."""
    pipeline = named_pipeline("evaluation" if axes == "canonical" else "pyskl_train", seen.skeleton)
    view = page_data(seen, "x", pushing[:1], Augmentation("x", pipeline, 1), None)["augmentation"]["draws"][0][0]
    assert view["positions"]["axes"] == axes
    body = unpack(view["positions"])[0, 0] @ np.array(view["positions"]["to_stage"]).T
    joint = {name: body[j] for j, name in enumerate(seen.skeleton.joints)}
    assert joint["head"][1] > joint["spine_base"][1] > joint["left_ankle"][1]
    assert joint["left_shoulder"][0] > joint["right_shoulder"][0]


def test_too_large(seen, pushing, monkeypatch):
    """A page that would be too large is refused before all of it is made, with the number of draws that fit."""
    pipeline = Compose([Shear()])
    whole = page_data(seen, "x", pushing, Augmentation("x", pipeline, 4), None)
    size = sum(content._size(part) for part in [*whole["recordings"], *whole["augmentation"]["draws"][0]])
    monkeypatch.setattr(content, "MOST_BYTES", size)
    assert page_data(seen, "x", pushing, Augmentation("x", pipeline, 1), None)
    with pytest.raises(SkeletonDataError, match=r"4 draws make a page of more than .* MB. Say --draws 1, or fewer"):
        page_data(seen, "x", pushing, Augmentation("x", pipeline, 4), None)
    monkeypatch.setattr(content, "MOST_BYTES", 1000)
    with pytest.raises(SkeletonDataError, match=r"a page of x would take .* MB .* with --sample"):
        page_data(seen, "x", pushing, None, None)
