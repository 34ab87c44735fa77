import pytest
import torch
from torch import nn

from examples.momentum_batchnorm import StatisticsRecorder, update_statistics

EPS = torch.finfo(torch.float32).eps


def test_update_by_hand():
    """Eq. 4: 0.9 of the old and 0.1 of the batch's mean and variance."""
    target = nn.Sequential(nn.BatchNorm1d(1))
    target[0].running_mean.fill_(3.0)
    target[0].running_var.fill_(2.0)
    update_statistics(target, {"0": (torch.tensor([1.0]), torch.tensor([4.0]))}, momentum=0.9)
    assert target[0].running_mean.item() == pytest.approx(0.9 * 3 + 0.1 * 1)
    assert target[0].running_var.item() == pytest.approx(0.9 * 2 + 0.1 * 4)


def test_recorded_by_hand():
    """The batches (0, 2) and (4, 4, 10) pool to the mean and the biased variance of their five values."""
    online = nn.Sequential(nn.BatchNorm1d(1)).train()
    recorder = StatisticsRecorder(online)
    for values in ([0.0, 2.0], [4.0, 4.0, 10.0]):
        online(torch.tensor(values)[:, None])
    ((mean, var),) = recorder.pooled().values()
    assert mean.item() == pytest.approx(4.0) and var.item() == pytest.approx(11.2)


@pytest.mark.parametrize("offset", [0.0, 1000.0])
@pytest.mark.parametrize("sizes", [(64, 64), (64, 40), (5, 300)])
@pytest.mark.parametrize("history", [(0.0, 1.0), (1000.0, 1e6)], ids=["fresh", "far"])
def test_pooled_equals_concatenated(sizes, offset, history):
    """Statistics of two passes are those of one batch, whatever their sizes and the running statistics before.

    The tolerance is a few roundings of the float32 means themselves: nothing is lost on the way.
    """
    generator = torch.Generator().manual_seed(0)
    one, other = (torch.randn(n, 6, 4, generator=generator) + offset + shift for shift, n in enumerate(sizes))
    online = nn.Sequential(nn.Identity(), nn.BatchNorm1d(6)).train()
    online[1].running_mean.fill_(history[0])
    online[1].running_var.fill_(history[1])
    recorder = StatisticsRecorder(online)
    for batch in (one, other):
        online(batch)
    mean, var = recorder.pooled()["1"]
    values = torch.cat([one, other]).double().transpose(0, 1).flatten(1)
    rounding = 4 * EPS * (1 + offset)
    torch.testing.assert_close(mean.double(), values.mean(1), rtol=0, atol=rounding)
    torch.testing.assert_close(var.double(), values.var(1, correction=0), rtol=rounding, atol=0)


def test_collapsed_batch_keeps_its_variance():
    """A batch far narrower than those before has its own small variance, not the rounding of the running one."""
    online = nn.Sequential(nn.BatchNorm1d(3)).train()
    online[0].running_var.fill_(100.0)
    recorder = StatisticsRecorder(online)
    batch = 1e-3 * torch.randn(50, 3, generator=torch.Generator().manual_seed(0))
    online(batch)
    _, var = recorder.pooled()["0"]
    torch.testing.assert_close(var, batch.var(0, correction=0), rtol=1e-5, atol=0)


@pytest.mark.parametrize("layer", [nn.BatchNorm1d(4), nn.BatchNorm1d(4, affine=False), nn.BatchNorm2d(4, momentum=0.3)])
def test_online_network_is_not_disturbed(layer):
    """Watched layers give the same outputs and running statistics as others, and keep their momentum."""
    shape = (7, 4, 3, 2) if isinstance(layer, nn.BatchNorm2d) else (7, 4)
    watched, plain = nn.Sequential(layer), nn.Sequential(type(layer)(4, momentum=layer.momentum, affine=layer.affine))
    before = layer.momentum
    StatisticsRecorder(watched)
    generator = torch.Generator().manual_seed(0)
    for _ in range(3):
        x = 2 + torch.randn(shape, generator=generator)
        assert torch.equal(watched.train()(x), plain.train()(x))
        torch.testing.assert_close(watched[0].running_mean, plain[0].running_mean, rtol=1e-6, atol=1e-6)
        torch.testing.assert_close(watched[0].running_var, plain[0].running_var, rtol=1e-6, atol=1e-6)
    assert layer.momentum == before and layer.num_batches_tracked == 3


def test_evaluation_passes_are_not_recorded():
    """Only passes in training mode count, and each counts once."""
    online = nn.Sequential(nn.BatchNorm1d(2))
    recorder = StatisticsRecorder(online)
    online.eval()(torch.randn(4, 2))
    assert recorder.pooled() == {}
    online.train()(torch.randn(4, 2))
    assert set(recorder.pooled()) == {"0"} and recorder.pooled() == {}
