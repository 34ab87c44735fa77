import pytest
import torch

from examples.encoders import KIND, EncoderSettings, load_encoder, make_encoder, save_encoder
from examples.run import InputError, load_checkpoint, save_checkpoint
from skeleton_aug import get_skeleton

TINY = {"width": 1 / 16, "depth": "four", "n_frames": 8}


@pytest.mark.parametrize("channels", ["joint+bone", "joint", "bone"])
@pytest.mark.parametrize("skeleton", ["kinect_v2", "kinect_v1"])
def test_round_trip(tmp_path, channels, skeleton):
    """A loaded encoder gives the same features as the saved one, and knows its settings."""
    torch.manual_seed(0)
    layout, settings = get_skeleton(skeleton), EncoderSettings(**TINY, channels=channels, dropout=0.1)
    encoder = make_encoder(settings, layout)
    x = torch.randn(3, encoder.in_channels, 8, layout.n_joints, 2)
    encoder.train()(x)
    save_encoder(tmp_path / "e.pt", encoder, settings, layout)
    found, its_settings = load_encoder(tmp_path / "e.pt")
    assert its_settings == settings
    with torch.no_grad():
        assert torch.equal(found.eval()(x), encoder.eval()(x))


def test_fits_the_store(tmp_path, store, tiny):
    """An encoder of the store's layout is loaded, one of another layout is refused with both names."""
    save_encoder(tmp_path / "same.pt", make_encoder(tiny, store.skeleton), tiny, store.skeleton)
    load_encoder(tmp_path / "same.pt", store)
    other = get_skeleton("kinect_v1")
    save_encoder(tmp_path / "other.pt", make_encoder(tiny, other), tiny, other)
    with pytest.raises(InputError, match=r"other.pt: encodes kinect_v1 \(20 joints\).*holds kinect_v2 \(25 joints\)"):
        load_encoder(tmp_path / "other.pt", store)


@pytest.mark.parametrize(
    "change",
    [
        {"settings": {"width": 1 / 8}}, {"settings": {"width": -1.0}}, {"settings": {"width": float("nan")}},
        {"settings": {"width": "wide"}}, {"settings": {"depth": "twelve"}}, {"settings": {"depth": ["ten"]}},
        {"settings": {"channels": "colour"}}, {"settings": {"channels": "joint"}}, {"settings": {"views": "long"}},
        {"settings": {"n_frames": 0}}, {"settings": {"n_frames": "many"}}, {"settings": {"n_frames": 7.5}},
        {"settings": {"dropout": 2.0}}, {"settings": {"partition": "none"}}, {"settings": {"pooling": "max"}},
        {"settings": {"colour": 1}}, {"skeleton": {"parents": [0] * 25}},
        {"skeleton": {"joints": None}}, {"skeleton": {"frame_joints": [1]}}, {"model": {"A": torch.zeros(2)}},
    ],
    ids=str,
)  # fmt: skip
def test_tampered_settings_are_refused(tmp_path, store, tiny, change):
    """A checkpoint whose settings, layout or weights were changed gives one clear error that names the file."""
    path = tmp_path / "e.pt"
    save_encoder(path, make_encoder(tiny, store.skeleton), tiny, store.skeleton)
    state = load_checkpoint(path, KIND)
    for part, values in change.items():
        state[part] = {**state[part], **values}
    save_checkpoint(path, KIND, state)
    with pytest.raises(InputError, match=r"e\.pt: does not fit this program's encoder \(.+\)"):
        load_encoder(path)


@pytest.mark.parametrize("part", ["settings", "skeleton", "model"])
@pytest.mark.parametrize("value", [None, 5, "text", [1, 2]], ids=str)
def test_incomplete_checkpoints_are_refused(tmp_path, store, tiny, part, value):
    """A part that is missing or of another kind gives the same error."""
    path = tmp_path / "e.pt"
    save_encoder(path, make_encoder(tiny, store.skeleton), tiny, store.skeleton)
    state = load_checkpoint(path, KIND)
    for damaged in ({**state, part: value}, {k: v for k, v in state.items() if k != part}):
        save_checkpoint(path, KIND, damaged)
        with pytest.raises(InputError, match="does not fit"):
            load_encoder(path)
