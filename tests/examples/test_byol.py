import copy

import numpy as np
import pytest
import torch
from torch import nn

from examples.byol import BYOL, covariance_penalty, mlp, regression_loss, variance_penalty


class Toy(nn.Module):
    """Stands for an encoder: a linear map and a batch norm."""

    n_features = 5

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5), nn.Tanh())

    def forward(self, x):
        return self.net(x)


def make(**settings):
    torch.manual_seed(0)
    return BYOL(Toy(), hidden=8, projection=4, **settings).train()


def pair(n=16):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(n, 3, generator=generator), 1 + torch.randn(n, 3, generator=generator)


def step(model, momentum=0.9, **settings):
    """One optimiser step and the update of the target."""
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], 0.1)
    loss, _ = model(*pair())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    model.update_target(momentum, **settings)


def norms(network):
    return [m for m in network.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]


def test_loss_is_the_squared_distance():
    """Eq. 1: squared L2 distance of the normalised vectors, mean over the batch."""
    p, z = torch.randn(2, 7, 4, generator=torch.Generator().manual_seed(0)).double()
    distance = (p / p.norm(dim=1, keepdim=True) - z / z.norm(dim=1, keepdim=True)).square().sum(1).mean()
    assert regression_loss(p, z).item() == pytest.approx(distance.item(), rel=1e-5)
    assert regression_loss(p, 3 * p).item() == pytest.approx(0, abs=1e-6)
    assert regression_loss(p, -p).item() == pytest.approx(4)


def test_loss_is_symmetric():
    """Eq. 2: exchanging the views changes neither the loss nor its gradients."""
    one, other = pair()
    gradients = []
    for views in ((one, other), (other, one)):
        model = make()
        loss, projections = model(*views)
        loss.backward()
        gradients.append([loss, *(p.grad for p in model.parameters() if p.requires_grad)])
        assert projections.shape == (2, 16, 4)
    for ours, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_loss_crosses_the_views():
    """Each direction compares the prediction from one view with the target's projection of the other."""
    model, (one, other) = make(), pair()
    twin = copy.deepcopy(model)
    loss, projections = model(one, other)
    predicted = [twin.predictor(twin.project(twin.online, view)) for view in (one, other)]
    aimed = [twin.project(twin.target, view) for view in (one, other)]
    expected = regression_loss(predicted[0], aimed[1]) + regression_loss(predicted[1], aimed[0])
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(projections[0], make().project(make().online, one))


def test_no_gradient_reaches_the_target():
    """The loss moves online network and predictor, and never the target."""
    model = make()
    model(*pair())[0].backward()
    assert all(p.grad is None and not p.requires_grad for p in model.target.parameters())
    moving = [*model.online.parameters(), *model.predictor.parameters()]
    assert all(p.grad is not None and p.requires_grad for p in moving)


def test_target_begins_as_the_online_network():
    """Both networks have the same weights at first, and no memory in common."""
    model = make()
    for ours, theirs in zip(model.target.parameters(), model.online.parameters(), strict=True):
        assert torch.equal(ours, theirs) and ours.data_ptr() != theirs.data_ptr()


def test_target_weights_follow():
    """Eq. 3: the target keeps ``momentum`` of itself and takes the rest from the online network after its step."""
    model = make()
    before = [p.clone() for p in model.target.parameters()]
    step(model, momentum=0.75)
    for old, now, online in zip(before, model.target.parameters(), model.online.parameters(), strict=True):
        torch.testing.assert_close(now, 0.75 * old + 0.25 * online)
    assert any(not torch.equal(old, now) for old, now in zip(before, model.target.parameters(), strict=True))


def test_first_update_copies_statistics():
    """After one step the target normalises with the statistics of the online network's two passes."""
    model, (one, other) = make(), pair()
    inputs = torch.cat([model.online["encoder"].net[0](view) for view in (one, other)]).detach()
    step(model)
    layer = model.target["encoder"].net[1]
    torch.testing.assert_close(layer.running_mean, inputs.mean(0))
    torch.testing.assert_close(layer.running_var, inputs.var(0, correction=0))


@pytest.mark.parametrize(("alpha", "share"), [(None, 0.9), (0.6, 0.6)])
def test_statistics_follow(alpha, share):
    """Eq. 4: later updates mix old and new statistics, tied to the weights' momentum or with one of their own."""
    model, (one, other) = make(), pair()
    step(model)
    layer = model.target["encoder"].net[1]
    old_mean, old_var = layer.running_mean.clone(), layer.running_var.clone()
    inputs = torch.cat([model.online["encoder"].net[0](view) for view in (one, other)]).detach()
    step(model, norm_momentum=alpha)
    torch.testing.assert_close(layer.running_mean, share * old_mean + (1 - share) * inputs.mean(0))
    torch.testing.assert_close(layer.running_var, share * old_var + (1 - share) * inputs.var(0, correction=0))


def test_momentum_target_ignores_its_own_batch():
    """In training the target's output for a sample is the same alone and in any batch; a plain target's is not."""
    one, _ = pair()
    for kind, same in (("momentum", True), ("batch", False)):
        model = make(target_norm=kind)
        step(model)
        with torch.no_grad():
            whole, part = model.project(model.target, one), model.project(model.target, one[:5])
        assert torch.allclose(whole[:5], part, atol=1e-6) is same


def test_modes():
    """train() leaves a momentum target in evaluation mode and everything else in training mode; eval() is for all."""
    model = make().eval().train()
    assert not any(m.training for m in model.target.modules())
    assert all(m.training for m in [*model.online.modules(), *model.predictor.modules()])
    assert all(m.training for m in make(target_norm="batch").eval().train().modules())
    assert not any(m.training for m in model.eval().modules())


def test_target_passes_leave_its_statistics_alone():
    """A momentum target's buffers change by updates only."""
    model = make()
    step(model)
    before = [b.clone() for b in model.target.buffers()]
    model(*pair())
    assert all(torch.equal(b, old) for b, old in zip(model.target.buffers(), before, strict=True))


def test_nothing_is_synchronised():
    """Momentum batch norm needs no synchronised layers."""
    model = make()
    assert norms(model) and not any(isinstance(m, nn.SyncBatchNorm) for m in norms(model))


def test_heads():
    """At the paper's scale projector and predictor are linear 4096, batch norm, ReLU, linear 256."""
    model = BYOL(Toy())
    for head, c_in in ((model.online["projector"], 5), (model.predictor, 256)):
        first, norm, _, last = head
        assert (first.in_features, first.out_features, norm.num_features, last.out_features) == (c_in, 4096, 4096, 256)
    assert isinstance(mlp(2, 3, 4, output_norm=True)[-1], nn.BatchNorm1d)


def test_penalty_equals_plain_form():
    """The sum of squared correlations between different dimensions, over their number."""
    z = np.random.default_rng(0).normal(size=(40, 6)) @ np.random.default_rng(1).normal(size=(6, 6))
    correlation = np.corrcoef(z.T)
    expected = sum(correlation[i, j] ** 2 for i in range(6) for j in range(6) if i != j) / 6
    assert covariance_penalty(torch.from_numpy(z)).item() == pytest.approx(expected, rel=1e-3)


def test_penalty_at_its_ends():
    """Decorrelated dimensions cost nothing; copies of one dimension cost D - 1."""
    signs = torch.tensor([[a, b, c] for a in (-1.0, 1.0) for b in (-1.0, 1.0) for c in (-1.0, 1.0)])
    assert covariance_penalty(signs).item() == pytest.approx(0, abs=1e-6)
    assert covariance_penalty(signs[:, :1].repeat(1, 5)).item() == pytest.approx(4, rel=1e-3)


def test_variance_penalty_equals_plain_form():
    """VICReg's hinge: what the standard deviation of each dimension lacks of 1, on average."""
    z = np.random.default_rng(0).normal(size=(40, 6)) * [0.1, 0.5, 0.9, 1.5, 2.0, 0.0]
    expected = np.mean([max(0.0, 1 - (column.var(ddof=1) + 1e-4) ** 0.5) for column in z.T])
    assert variance_penalty(torch.from_numpy(z)).item() == pytest.approx(expected, rel=1e-5)


def test_variance_penalty_revives_a_dying_dimension():
    """Its gradient spreads a narrow dimension, is finite even for an equal one, and leaves wide ones alone."""
    z = torch.randn(20, 3, generator=torch.Generator().manual_seed(0)) * torch.tensor([0.3, 5.0, 0.0])
    z.requires_grad_()
    variance_penalty(z).backward()
    narrow, wide, equal = z.grad.T
    assert (narrow * (z[:, 0] - z[:, 0].mean())).sum() < 0 and wide.abs().max() == 0 and torch.isfinite(equal).all()
