import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from examples.encoders import EncoderSettings, make_encoder
from examples.finetune import FinetuneConfig, finetune
from examples.run import InputError
from examples.stgcn import STGCN, adjacency
from examples.transfer import TransferConfig, counterparts, move_encoder, transfer
from skeleton_aug import Skeleton, get_skeleton
from skeleton_data import convert

V1, V2 = get_skeleton("kinect_v1"), get_skeleton("kinect_v2")
SETTINGS = EncoderSettings(width=1 / 16, depth="four", n_frames=8)


def lively(skeleton, seed=0):
    """An encoder none of whose weights or statistics is at its first value."""
    torch.manual_seed(seed)
    encoder = make_encoder(SETTINGS, skeleton).eval()
    with torch.no_grad():
        for name, value in encoder.state_dict().items():
            if name != "A" and value.is_floating_point():
                value.copy_(value + 0.2 * torch.rand_like(value))
    return encoder


def test_joints_of_kinect_v1_in_kinect_v2():
    """Every joint of the older layout is one of the newer: the shoulders' centre is joint 20, the neck has none."""
    assert counterparts(V2, V1) == [0, 1, 20, 3, *range(4, 20)]
    assert counterparts(V1, V1) == list(range(20))


def test_joints_that_are_lacking():
    """The other way round five joints of hands and neck are unknown, and named."""
    with pytest.raises(
        InputError, match="never seen neck, left_hand_tip, left_thumb, right_hand_tip, right_thumb"
    ) as caught:
        counterparts(V1, V2)
    assert "kinect_v1 (20 joints) cannot read kinect_v2 (25 joints)" in str(caught.value)


def test_order_of_joints_does_not_matter():
    """Moved to the same body with its joints in another order, an encoder gives the same features."""
    order = np.random.default_rng(0).permutation(25)
    place = {old: new for new, old in enumerate(order)}
    shuffled = Skeleton(
        "shuffled",
        tuple(V2.joints[j] for j in order),
        tuple(place[V2.parents[j]] if V2.parents[j] >= 0 else -1 for j in order),
        tuple((place[a], place[b]) for a, b in V2.mirror_pairs),
        {role: tuple(place[j] for j in ([at] if isinstance(at, int) else at)) for role, at in V2.frame_joints.items()},
    )
    encoder = lively(V2)
    moved = move_encoder(encoder, SETTINGS, V2, shuffled).eval()
    x = torch.randn(3, 6, 8, 25, 2)
    with torch.no_grad():
        torch.testing.assert_close(moved(x[:, :, :, order]), encoder(x))


def test_graph_is_the_targets_own():
    """Convolutions are kept, the graph is that of 20 joints, and each joint keeps its norm and its importances."""
    encoder = lively(V2)
    moved = move_encoder(encoder, SETTINGS, V2, V1)
    kept = counterparts(V2, V1)
    assert isinstance(moved, STGCN) and torch.equal(moved.A, adjacency(V1))
    theirs, ours = encoder.data_bn.weight.view(25, 6), moved.data_bn.weight.view(20, 6)
    for joint, origin in enumerate(kept):
        assert torch.equal(ours[joint], theirs[origin])
        for other, source in enumerate(kept):
            pairs = zip(moved.edge_importance, encoder.edge_importance, strict=True)
            assert all(torch.equal(new[:, joint, other], old[:, origin, source]) for new, old in pairs)
    assert torch.equal(moved.st_gcn_networks[2].gcn.conv.weight, encoder.st_gcn_networks[2].gcn.conv.weight)


@pytest.fixture(scope="module")
def other_store(store, tmp_path_factory):
    """The simulated recordings of ten actions, as Northwestern-UCLA would hold them: 20 joints and its own labels."""
    folder, joints = tmp_path_factory.mktemp("other"), counterparts(V2, V1)
    (folder / "raw").mkdir()
    classes = np.unique(store.labels)[:10]
    for sample in store:
        if sample.label in classes and len(sample.positions):
            place = int(np.searchsorted(classes, sample.label))
            action = (1, 2, 3, 4, 5, 6, 8, 9, 11, 12)[place]
            name = f"a{action:02}_s{sample.subject % 10 + 1:02}_e{sample.performance % 100:02}_v{sample.camera:02}"
            frames = sample.positions[0][:, joints].tolist()
            content = {"file_name": name, "skeletons": frames, "label": place + 1}
            (folder / "raw" / f"{name}.json").write_text(json.dumps(content))
    convert("nucla", folder / "raw", folder / "other.h5")
    return folder / "other.h5"


@pytest.fixture(scope="module")
def config(other_store, trained):
    return TransferConfig(
        store=other_store, checkpoint=trained / "encoder.pt", out=Path("unset"), split="xview", epochs=15,
        batch_size=8, lr=0.1, encoder_factor=0.1, device="cpu", precision="float32",
    )  # fmt: skip


def test_other_labels_and_layout(config, tmp_path, capsys):
    """From 25 joints and 16 actions to 20 joints and 10 actions; better than twice chance.

    Seen with four seeds: 37 to 42 percent, where chance is 10.
    """
    top1 = transfer(replace(config, out=tmp_path / "run"))
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert result["task"] == "TransferConfig" and result["top1"] == top1 > 20
    assert "from kinect_v2 to kinect_v1" in capsys.readouterr().out


def test_fine_tuning_names_the_layouts(config, tmp_path):
    """Fine-tuning does not move an encoder in silence."""
    options = {k: v for k, v in vars(config).items() if k in FinetuneConfig.__dataclass_fields__}
    with pytest.raises(InputError, match="encodes kinect_v2"):
        finetune(FinetuneConfig(**{**options, "out": tmp_path / "run"}))
    assert not (tmp_path / "run").exists()


def test_same_layout_is_fine_tuning(store_path, trained, tmp_path):
    """Where the layouts agree, transfer is fine-tuning with all labels."""
    common = {
        "store": store_path, "checkpoint": trained / "encoder.pt", "epochs": 2, "fraction": 1.0, "lr": 0.1,
        "device": "cpu", "precision": "float32",
    }  # fmt: skip
    assert transfer(TransferConfig(**common, out=tmp_path / "a")) == finetune(
        FinetuneConfig(**common, out=tmp_path / "b")
    )
    one, other = (torch.load(tmp_path / f / "classifier.pt", weights_only=True)["model"] for f in "ab")
    assert all(torch.equal(value, other[name]) for name, value in one.items())
