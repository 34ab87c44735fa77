"""One of two ranks; each checks that what they work out together is what one process works out alone."""

import copy
import sys

import torch
from torch import nn

from examples.distributed import average, join_ranks
from examples.momentum_batchnorm import StatisticsRecorder
from examples.run import InputError
from examples.sync_batchnorm import synchronize


def check_sync_batchnorm(ranks, x, part):
    """Outputs, gradients and running statistics of each share equal those of the batch as a whole."""
    weights = torch.randn(8, 4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    alone = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(4), nn.ReLU(), nn.BatchNorm1d(4, affine=False)).double()
    with torch.no_grad():
        alone[1].weight.uniform_(0.5, 2)
        alone[1].bias.normal_()
    together = synchronize(copy.deepcopy(alone), torch.device("cpu"))
    for _ in range(2):
        y = alone(x)
        z = together(x[part])
        torch.testing.assert_close(z, y[part], rtol=1e-12, atol=1e-12)
    expected = torch.autograd.grad((y * weights).sum(), alone.parameters())
    found = torch.autograd.grad((z * weights[part]).sum(), together.parameters())
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ranks.total(ours.clone()), theirs, rtol=1e-10, atol=1e-12)
    for ours, theirs in zip(together.buffers(), alone.buffers(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


def check_pooled_statistics(x, part):
    """Every rank gets the mean and variance of all values, whatever each saw of them."""
    network = nn.Sequential(nn.BatchNorm1d(4)).double()
    recorder = StatisticsRecorder(network)
    network(x[part] + 100)
    mean, var = recorder.pooled()["0"]
    values = (x + 100).transpose(0, 1).flatten(1)
    torch.testing.assert_close(mean, values.mean(1), rtol=1e-12, atol=0)
    torch.testing.assert_close(var, values.var(1, correction=0), rtol=1e-9, atol=0)


def check_first_rank_decides(ranks):
    """All get what the first rank found, or its error; nobody else acts."""
    assert ranks.on_first(lambda: f"by {ranks.rank}") == "by 0"
    try:
        ranks.on_first(lambda: refuse(ranks))
    except InputError as error:
        assert str(error) == "rank 0 refuses"
    else:
        raise AssertionError("no error came")


def refuse(ranks):
    raise InputError(f"rank {ranks.rank} refuses")


def check_means(ranks):
    """Values and running statistics are averaged, counters are not."""
    assert average([torch.tensor(float(ranks.rank)), torch.tensor(3.0)], ranks) == [0.5, 3.0]
    norm = nn.BatchNorm1d(2)
    norm.running_mean.fill_(ranks.rank)
    ranks.average_buffers(norm)
    assert norm.running_mean.tolist() == [0.5, 0.5] and norm.num_batches_tracked == 0


torch.manual_seed(0)
torch.set_num_threads(1)
with join_ranks("cpu") as ranks:
    x = torch.randn(8, 4, 3, dtype=torch.float64)
    part = slice(0, 5) if ranks.first else slice(5, 8)
    check_sync_batchnorm(ranks, x, part)
    check_pooled_statistics(x, part)
    check_first_rank_decides(ranks)
    check_means(ranks)
    print(f"rank {ranks.rank} of {ranks.size} agrees", file=sys.stderr)
