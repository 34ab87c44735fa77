import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from examples.stgcn import BLOCKS, STGCN, Classifier, adjacency
from skeleton_aug import SKELETONS, get_skeleton

SMALL = ((8, 1), (8, 1), (16, 2), (16, 1))


def make(seed=0, blocks=SMALL, **settings):
    """A small encoder in double precision, whose edge weights and batch norms are no longer the initial ones."""
    torch.manual_seed(seed)
    model = STGCN(in_channels=6, blocks=blocks, **settings).double()
    with torch.no_grad():
        for importance in model.edge_importance:
            importance.uniform_(0.5, 1.5)
        for module in model.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.weight.uniform_(0.5, 1.5)
                module.bias.normal_(0, 0.2)
                module.running_mean.normal_(0, 0.2)
                module.running_var.uniform_(0.5, 2)
    return model


def views(n=3, m=2, t=11, absent=(), seed=1):
    x = torch.randn(n, 6, t, 25, m, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    for sample, body in absent:
        x[sample, ..., body] = 0
    return x


def plain_norm(layer, x, training):
    """Batch norm by its definition; channels on axis 1."""
    shape = [1, -1, *[1] * (x.ndim - 2)]
    axes = [i for i in range(x.ndim) if i != 1]
    mean = x.mean(axes) if training else layer.running_mean
    var = ((x - mean.view(shape)) ** 2).mean(axes) if training else layer.running_var
    scaled = (x - mean.view(shape)) / torch.sqrt(var + layer.eps).view(shape)
    return scaled * layer.weight.view(shape) + layer.bias.view(shape)


def plain_block(block, x, graph, training):
    """The published equations: channels to K * C first, then a sum over joints weighted by A and its importance."""
    y = F.conv2d(x, block.gcn.conv.weight, block.gcn.conv.bias)
    n, kc, t, v = y.shape
    y = torch.einsum("nkctv,kvw->nctw", y.view(n, len(graph), kc // len(graph), t, v), graph)
    norm_in, _, conv, norm_out, _ = block.tcn
    y = torch.relu(plain_norm(norm_in, y, training))
    y = plain_norm(norm_out, F.conv2d(y, conv.weight, conv.bias, conv.stride, conv.padding), training)
    if block.residual is None:
        return torch.relu(y)
    if isinstance(block.residual, nn.Identity):
        return torch.relu(y + x)
    conv, norm = block.residual
    return torch.relu(y + plain_norm(norm, F.conv2d(x, conv.weight, conv.bias, conv.stride), training))


def plain_forward(model, x):
    bodies = [(n, x[n, ..., m]) for n in range(len(x)) for m in range(x.shape[-1]) if x[n, ..., m].abs().sum() > 0]
    h = torch.stack([body for _, body in bodies])
    n, c, t, v = h.shape
    h = plain_norm(model.data_bn, h.permute(0, 3, 1, 2).reshape(n, v * c, t), model.training)
    h = h.view(n, v, c, t).permute(0, 2, 3, 1)
    for block, importance in zip(model.st_gcn_networks, model.edge_importance, strict=True):
        h = plain_block(block, h, model.A * importance, model.training)
    features = h.mean((2, 3))
    return torch.stack(
        [features[[i for i, (owner, _) in enumerate(bodies) if owner == sample]].mean(0) for sample in range(len(x))]
    )


def size(model):
    return sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize(("width", "expected"), [(0.25, 213_162), (0.5, 788_714), (1.0, 3_084_138), (2.0, 12_252_266)])
def test_encoder_size(width, expected):
    """Encoders have the published numbers of parameters at every width."""
    assert size(STGCN(in_channels=6, width=width)) == expected


def test_classifier_size():
    """The network as a whole has the published number of parameters."""
    assert size(Classifier(STGCN(in_channels=6), 60)) == 3_099_558


@pytest.mark.parametrize(("partition", "expected"), [("spatial", [25, 24, 24]), ("published", [25, 40, 8])])
def test_adjacency_groups(partition, expected):
    """The groups have as many entries as they should, and what flows into a joint weighs 1 in all."""
    graph = adjacency(get_skeleton("kinect_v2"), partition)
    assert [int((group != 0).sum()) for group in graph] == expected
    torch.testing.assert_close(graph.sum((0, 1)), torch.ones(25))


@pytest.mark.parametrize("partition", ["spatial", "published"])
@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=str)
def test_convention_adjacency(skeleton, partition):
    """A[k, v, w] is the weight of joint v in joint w's sum: by distance to the centre, as the two sources group it."""
    graph = adjacency(skeleton, partition).numpy()

    def distance(joint):
        steps = 0
        while skeleton.parents[joint] >= 0:
            joint, steps = skeleton.parents[joint], steps + 1
        return steps if partition == "spatial" else min(steps, 2)

    neighbours = {j: {j} for j in range(skeleton.n_joints)}
    for a, b in skeleton.edges:
        neighbours[a].add(b)
        neighbours[b].add(a)
    expected = np.zeros_like(graph)
    for w, into in neighbours.items():
        for v in into:
            closer = distance(v) < distance(w)
            # The published code keeps those that are as far or further in its second group.
            group = 0 if v == w else (1 if closer else 2) if partition == "spatial" else (2 if closer else 1)
            expected[group, v, w] = 1 / len(into)
    np.testing.assert_allclose(graph, expected, rtol=1e-6)


@pytest.mark.parametrize("training", [False, True], ids=["eval", "train"])
@pytest.mark.parametrize("partition", ["spatial", "published"])
def test_equals_published_equations(partition, training):
    """Features and all gradients equal those of a plain restatement of the equations, with absent bodies too."""
    model = make(partition=partition).train(training)
    x = views(absent=[(0, 1), (1, 0)]).requires_grad_()
    weights = torch.randn(3, 16, dtype=torch.float64)
    results = []
    for forward in (lambda: model(x), lambda: plain_forward(model, x)):
        features = forward()
        wanted = [x, *model.parameters()]
        results.append((features, torch.autograd.grad((features * weights).sum(), wanted)))
    (ours, gradients), (plain, expected) = results
    torch.testing.assert_close(ours, plain, rtol=1e-9, atol=1e-11)
    for found, reference in zip(gradients, expected, strict=True):
        torch.testing.assert_close(found, reference, rtol=1e-7, atol=1e-9)


def test_ten_blocks_halve_time_twice():
    """The published network reads 150 frames and ends with 256 features of 38 frames."""
    model = STGCN(in_channels=3)
    shapes = []
    model.st_gcn_networks[-1].register_forward_hook(lambda module, inputs, output: shapes.append(output.shape))
    with torch.no_grad():
        features = model.eval()(torch.randn(1, 3, 150, 25, 1))
    assert shapes == [(25, 256, 1, 38)] and features.shape == (1, 256) and len(model.st_gcn_networks) == len(BLOCKS)


@pytest.mark.parametrize("training", [False, True], ids=["eval", "train"])
def test_absent_bodies_count_nowhere(training):
    """Features and batch norm statistics equal those of a run over the present bodies only."""
    x = views(n=3, absent=[(0, 1), (2, 0)])
    whole, alone = make().train(training), make().train(training)
    features = whole(x)
    present = torch.stack([x[0, ..., 0], x[1, ..., 0], x[1, ..., 1], x[2, ..., 1]])
    first, second, third, fourth = alone(present[..., None])
    torch.testing.assert_close(features, torch.stack([first, (second + third) / 2, fourth]), rtol=1e-9, atol=1e-11)
    for ours, theirs in zip(whole.buffers(), alone.buffers(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("training", [False, True], ids=["eval", "train"])
def test_body_order_does_not_matter(training):
    """Swapping the bodies leaves the features as they are."""
    x = views(m=3, absent=[(0, 1), (1, 0)])
    model = make().train(training)
    torch.testing.assert_close(model(x), model(x.flip(-1)), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("training", [False, True], ids=["eval", "train"])
def test_sample_without_bodies_has_features(training):
    """A sample in which nobody was found has finite features and gradients."""
    x = views(absent=[(1, 0), (1, 1)]).requires_grad_()
    features = make().train(training)(x)
    features.sum().backward()
    assert features.shape == (3, 16) and torch.isfinite(features).all() and torch.isfinite(x.grad).all()


def test_dropout_spares_the_first_block():
    """As published, the first block drops nothing; the others drop with the given probability."""
    model = STGCN(dropout=0.5, blocks=SMALL)
    assert [block.tcn[-1].p for block in model.st_gcn_networks] == [0.0, 0.5, 0.5, 0.5]


@pytest.mark.parametrize("shape", [(2, 3, 8, 25, 1), (2, 6, 8, 20, 1), (2, 6, 8, 25)])
def test_wrong_shape_is_named(shape):
    """Input of other channels, joints or axes is refused with both shapes."""
    with pytest.raises(ValueError, match=r"C=6 and V=25, got \(2, "):
        STGCN(blocks=SMALL)(torch.zeros(shape))


def test_classifier_is_linear_in_the_features():
    """The head is an affine map of the encoder's features."""
    encoder = make()
    model = Classifier(encoder, 5).double().eval()
    x = views()
    torch.testing.assert_close(model(x), encoder(x) @ model.head.weight.T + model.head.bias)


@pytest.mark.parametrize("pooling", ["present", "all"])
def test_joints_side_by_side(pooling):
    """By joint, features are those of each joint: their mean over joints is what the encoder gives otherwise."""
    model = make(pooling=pooling).eval()
    x = views(absent=[(0, 1)])
    apart = model(x, by_joint=True)
    assert apart.shape == (3, 16 * 25)
    torch.testing.assert_close(apart.view(3, 16, 25).mean(2), model(x), rtol=1e-9, atol=1e-11)
    assert apart.view(3, 16, 25).std(2).mean() > 0.01
