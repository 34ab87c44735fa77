import pytest
import torch
from torch.nn import functional as F

from examples import graph_convolution as module
from examples.graph_convolution import FrameByFrame, GraphConvolution


def inputs(frames, c_in, c_out, dtype=torch.float64, joints=7, groups=3):
    generator = torch.Generator().manual_seed(0)
    shapes = (frames, joints, c_in), (joints * groups, joints), (c_out, groups * c_in), (joints, c_out)
    return [torch.randn(s, dtype=torch.float64, generator=generator).to(dtype).requires_grad_() for s in shapes]


def at_once(x, graph, weight, bias):
    """Both steps as two matrix products over everything."""
    return F.linear((graph @ x).view(len(x), x.shape[1], -1), weight) + bias


@pytest.mark.parametrize("frames", [1, 31, 32, 33, 100])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-4)])
def test_frame_by_frame_equals_at_once(monkeypatch, frames, dtype, tolerance):
    """Outputs and all gradients are the same, for whole pieces and for a rest."""
    monkeypatch.setattr(module, "FRAMES_TIMES_CHANNELS", 1)
    results = []
    for form in (FrameByFrame.apply, at_once):
        tensors = inputs(frames, 5, 4, dtype)
        y = form(*tensors)
        weights = torch.linspace(-1, 1, y.numel(), dtype=dtype).view(y.shape)
        results.append([y, *torch.autograd.grad((y * weights).sum(), tensors)])
    for found, expected in zip(*results, strict=True):
        torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance * 10)


def test_gradients_by_differences():
    """Gradients are what small changes of the inputs make of the outputs."""
    assert torch.autograd.gradcheck(FrameByFrame.apply, inputs(3, 2, 2, joints=4))


def test_lower_precision():
    """Under autocast the output is bfloat16 and near the exact one; gradients come back in float32."""
    torch.manual_seed(0)
    layer = GraphConvolution(6, 8, 3)
    x, graph = torch.randn(2, 6, 20, 25), torch.rand(3, 25, 25) / 25
    exact = layer(x, graph)
    with torch.autocast("cpu", torch.bfloat16):
        low = layer(x, graph)
    low.float().sum().backward()
    assert low.dtype == torch.bfloat16 and layer.conv.weight.grad.dtype == torch.float32
    torch.testing.assert_close(low.float(), exact, rtol=0.05, atol=0.05)


def test_memory_order():
    """The output has its channels last in memory, so that what follows reads them as they lie."""
    y = GraphConvolution(6, 8, 3)(torch.randn(2, 6, 20, 25), torch.rand(3, 25, 25))
    assert y.shape == (2, 8, 20, 25) and y.is_contiguous(memory_format=torch.channels_last)
