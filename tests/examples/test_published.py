import math

import pytest
import torch
import torch.nn.functional as F

from examples import published as module
from examples.classifiers import load_classifier
from examples.encoders import load_encoder
from examples.published import PublishedConfig, from_published, published, read_weights
from examples.run import InputError
from skeleton_aug import get_skeleton
from skeleton_data import get_format

# The published network: input and output channels, and stride, of its ten blocks.
BLOCKS = [
    (None, 64, 1), (64, 64, 1), (64, 64, 1), (64, 64, 1), (64, 128, 2), (128, 128, 1), (128, 128, 1), (128, 256, 2),
    (256, 256, 1), (256, 256, 1),
]  # fmt: skip


def neighbours(skeleton):
    """Groups of the published code: itself; neighbours as far from the centre or further, when only one hop is
    measured and all else is infinitely far; those closer. A[k, v, w] / number of neighbours of w."""
    n, centre = skeleton.n_joints, skeleton.center
    linked = {(a, b) for a, b in skeleton.edges} | {(b, a) for a, b in skeleton.edges} | {(j, j) for j in range(n)}
    far = [0 if j == centre else 1 if (j, centre) in linked else math.inf for j in range(n)]
    graph = torch.zeros(3, n, n)
    for v, w in linked:
        group = 0 if v == w else 1 if far[v] >= far[w] else 2
        graph[group, v, w] = 1 / sum((u, w) in linked for u in range(n))
    return graph


def make_weights(layout="kinect_v2", channels=3, n_classes=60, width=1 / 8, seed=0):
    """Random weights with the names and shapes of the published file."""
    generator = torch.Generator().manual_seed(seed)
    skeleton = get_skeleton(layout)
    state = {"A": neighbours(skeleton)}

    def normal(name, *shape):
        state[name] = torch.randn(shape, generator=generator) / math.sqrt(math.prod(shape[1:]) or 1)

    def norm(name, n):
        for part in ("weight", "running_var"):
            state[f"{name}.{part}"] = 0.5 + torch.rand(n, generator=generator)
        for part in ("bias", "running_mean"):
            state[f"{name}.{part}"] = 0.2 * torch.randn(n, generator=generator)
        state[f"{name}.num_batches_tracked"] = torch.tensor(7)

    norm("data_bn", channels * skeleton.n_joints)
    for number, (c_in, c_out, stride) in enumerate(BLOCKS):
        c_in, c_out = channels if c_in is None else int(c_in * width), int(c_out * width)
        prefix = f"st_gcn_networks.{number}"
        normal(f"{prefix}.gcn.conv.weight", 3 * c_out, c_in, 1, 1)
        normal(f"{prefix}.gcn.conv.bias", 3 * c_out)
        norm(f"{prefix}.tcn.0", c_out)
        normal(f"{prefix}.tcn.2.weight", c_out, c_out, 9, 1)
        normal(f"{prefix}.tcn.2.bias", c_out)
        norm(f"{prefix}.tcn.3", c_out)
        if number and (c_in != c_out or stride != 1):
            normal(f"{prefix}.residual.0.weight", c_out, c_in, 1, 1)
            normal(f"{prefix}.residual.0.bias", c_out)
            norm(f"{prefix}.residual.1", c_out)
        state[f"edge_importance.{number}"] = 0.5 + torch.rand(state["A"].shape, generator=generator)
    normal("fcn.weight", n_classes, c_out, 1, 1)
    normal("fcn.bias", n_classes)
    return state


def plain_forward(state, x):
    """The published network's equations on its own weights, in evaluation mode: (N, C, T, V, M) -> (N, classes)."""

    def norm(name, y):
        mean, var, scale, shift = (
            state[f"{name}.{part}"].view(1, -1, *[1] * (y.ndim - 2))
            for part in ("running_mean", "running_var", "weight", "bias")
        )
        return (y - mean) / torch.sqrt(var + 1e-5) * scale + shift

    def conv(name, y, **settings):
        return F.conv2d(y, state[f"{name}.weight"], state[f"{name}.bias"], **settings)

    n, c, t, v, m = x.shape
    h = norm("data_bn", x.permute(0, 4, 3, 1, 2).reshape(n * m, v * c, t))
    h = h.view(n * m, v, c, t).permute(0, 2, 3, 1)
    for number, (_, _, stride) in enumerate(BLOCKS):
        prefix = f"st_gcn_networks.{number}"
        y = conv(f"{prefix}.gcn.conv", h)
        y = y.view(n * m, 3, -1, *y.shape[2:])
        y = torch.einsum("nkctv,kvw->nctw", y, state["A"] * state[f"edge_importance.{number}"])
        y = torch.relu(norm(f"{prefix}.tcn.0", y))
        y = norm(f"{prefix}.tcn.3", conv(f"{prefix}.tcn.2", y, stride=(stride, 1), padding=(4, 0)))
        if f"{prefix}.residual.0.weight" in state:
            y = y + norm(f"{prefix}.residual.1", conv(f"{prefix}.residual.0", h, stride=(stride, 1)))
        elif number:
            y = y + h
        h = torch.relu(y)
    features = h.mean((2, 3)).view(n, m, -1).mean(1)
    return features @ state["fcn.weight"][:, :, 0, 0].T + state["fcn.bias"]


@pytest.mark.parametrize(
    ("layout", "channels", "n_classes", "width"),
    [("kinect_v2", 3, 60, 1 / 8), ("openpose_18", 3, 40, 1 / 4), ("kinect_v2", 6, 10, 1 / 8)],
)
def test_same_weights_same_outputs(layout, channels, n_classes, width):
    """Logits equal those of the published equations on the published tensors, absent bodies included."""
    state = make_weights(layout, channels, n_classes, width)
    x = torch.randn(3, channels, 21, get_skeleton(layout).n_joints, 2, generator=torch.Generator().manual_seed(1))
    x[1, ..., 1] = 0
    saved = from_published(state)
    with torch.no_grad():
        torch.testing.assert_close(saved.model(x), plain_forward(state, x), rtol=1e-4, atol=1e-5)
    assert (saved.skeleton.name, saved.settings.width, saved.settings.partition) == (layout, width, "published")
    assert len(saved.class_names) == n_classes and saved.settings.pooling == "all"


def test_published_size():
    """At width 1 the mapping takes the published network: 726 parameters fewer than with 6 input channels."""
    saved = from_published(make_weights(width=1))
    assert sum(p.numel() for p in saved.model.parameters()) == 3_098_832
    assert saved.class_names == tuple(get_format("ntu60").class_names)


def test_command(tmp_path, capsys):
    """The command writes a classifier and an encoder that the other tasks load; parallel training's names fit too."""
    state = make_weights()
    torch.save({f"module.{name}": value for name, value in state.items()}, tmp_path / "st_gcn.pt")
    published(PublishedConfig(tmp_path / "st_gcn.pt", tmp_path / "out", n_frames=50))
    saved = load_classifier(tmp_path / "out" / "classifier.pt")
    encoder, settings = load_encoder(tmp_path / "out" / "encoder.pt")
    x = torch.randn(2, 3, 50, 25, 2, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = plain_forward(state, x)
        torch.testing.assert_close(saved.model.eval()(x), expected, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(saved.model.head(encoder.eval()(x)), expected, rtol=1e-4, atol=1e-5)
    assert settings.n_frames == 50 and "partition 'published', 60 classes" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("fcn.bias"), r"does not fit the published network \('fcn.bias'\)"),
        (lambda s: s.pop("st_gcn_networks.3.tcn.2.bias"), r"Missing key.*st_gcn_networks\.3\.tcn\.2\.bias"),
        (lambda s: s.update(extra=torch.zeros(1)), r"Unexpected key.*extra"),
        (lambda s: s.update(A=s["A"][:1]), "those of no layout known here"),
        (lambda s: s.update({"edge_importance.2": torch.ones(3, 2, 2)}), "size mismatch for encoder.edge_importance.2"),
        (lambda s: s.update({"data_bn.weight": torch.ones(100)}), "does not fit the published network"),
    ],
    ids=["no-head", "no-tensor", "one-more", "uniform", "shape", "channels"],
)
def test_other_networks_are_refused(change, message):
    """What is missing, too much, or of another shape is named."""
    state = make_weights()
    change(state)
    with pytest.raises(InputError, match=f"weights: .*{message}"):
        from_published(state)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "no such file"),
        (lambda path: path.write_bytes(b"garbage"), "is no file of weights"),
        (lambda path: torch.save({"epoch": 3}, path), "holds no names with tensors"),
    ],
)
def test_bad_files_are_named(tmp_path, make, message):
    """A file that is missing, or no weights, is named."""
    make(tmp_path / "w.pt")
    with pytest.raises(InputError, match=rf"w\.pt: {message}"):
        read_weights(tmp_path / "w.pt")


def test_refusal_from_the_command_line(refusal, tmp_path):
    """The command ends with one line."""
    assert "no such file" in refusal(module, published, ["--weights", tmp_path / "w.pt", "--out", tmp_path / "out"])
