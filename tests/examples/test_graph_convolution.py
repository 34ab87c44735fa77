import pytest
import torch

from examples import graph_convolution as module
from examples.graph_convolution import FrameByFrame, GraphConvolution
from examples.neighbours import find_links


def inputs(frames, c_in, c_out, dtype=torch.float64, joints=7, groups=3):
    """x, graph, weight and bias; two thirds of the graph's places have no link."""
    generator = torch.Generator().manual_seed(0)
    shapes = (joints, frames, c_in), (groups, joints, joints), (groups, c_out, c_in), (joints, c_out)
    x, graph, weight, bias = (torch.randn(s, dtype=torch.float64, generator=generator).to(dtype) for s in shapes)
    graph[torch.rand(graph.shape, generator=generator) < 0.67] = 0
    return [value.requires_grad_() for value in (x, graph, weight, bias)]


def at_once(x, graph, weight, bias):
    """Both steps as one sum over everything."""
    return torch.einsum("vfc,kvw,kdc->wfd", x, graph, weight) + bias[:, None]


@pytest.mark.parametrize("frames", [1, 31, 32, 33, 100])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-4)])
def test_frame_by_frame_equals_at_once(monkeypatch, frames, dtype, tolerance):
    """Outputs and all gradients are the same, for whole pieces and for a rest; no link, no gradient."""
    monkeypatch.setattr(module, "FRAMES_TIMES_CHANNELS", 1)
    results = []
    for form in (lambda *tensors: FrameByFrame.apply(*tensors, find_links(tensors[1])), at_once):
        tensors = inputs(frames, 5, 4, dtype)
        y = form(*tensors)
        weights = torch.linspace(-1, 1, y.numel(), dtype=dtype).view(y.shape)
        of_x, of_graph, *others = torch.autograd.grad((y * weights).sum(), tensors)
        results.append([y, of_x, of_graph * (tensors[1] != 0), *others])
        if form is not at_once:
            assert torch.equal(of_graph, results[0][2])
    for found, expected in zip(*results, strict=True):
        torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance * 10)


def test_gradients_by_differences():
    """Gradients are what small changes of the inputs make of the outputs, where there are links."""
    x, graph, weight, bias = inputs(3, 2, 2, joints=4)
    links = find_links(graph)
    present = graph.detach() != 0

    def form(x, graph, weight, bias):
        return FrameByFrame.apply(x, graph * present, weight, bias, links)

    assert torch.autograd.gradcheck(form, (x, graph, weight, bias))


@pytest.mark.parametrize("zero", [False, True])
def test_both_forms_agree(monkeypatch, zero):
    """Along links and by matrix products: same outputs and gradients, also where an importance happens to be 0."""
    results = []
    for along in (True, False):
        monkeypatch.setattr(module, "along_links", lambda x, along=along: along)
        torch.manual_seed(0)
        layer = GraphConvolution(6, 8, 3).double()
        x = torch.randn(50, 6, 1, 20, dtype=torch.float64).requires_grad_()
        graph = torch.rand(3, 25, 25, dtype=torch.float64) * (torch.rand(3, 25, 25) < 0.05)
        importance = torch.ones_like(graph)
        if zero:
            importance[graph.nonzero().unbind(1)] = 0.0
        importance.requires_grad_()
        y = layer(x, graph, importance)
        (y * torch.linspace(-1, 1, y.numel(), dtype=torch.float64).view(y.shape)).sum().backward()
        results.append([y, x.grad, importance.grad, layer.conv.weight.grad, layer.conv.bias.grad])
    for found, expected in zip(*results, strict=True):
        torch.testing.assert_close(found, expected)
    assert results[0][2].any()


def test_lower_precision():
    """Under autocast the output is bfloat16 and near the exact one; gradients come back in float32."""
    torch.manual_seed(0)
    layer = GraphConvolution(6, 8, 3)
    x, graph = torch.randn(50, 6, 1, 20), torch.rand(3, 25, 25) / 25
    importance = torch.ones_like(graph).requires_grad_()
    exact = layer(x, graph, importance)
    (of_importance,) = torch.autograd.grad(exact.sum(), importance)
    with torch.autocast("cpu", torch.bfloat16):
        low = layer(x, graph, importance)
    low.float().sum().backward()
    assert low.dtype == torch.bfloat16 and layer.conv.weight.grad.dtype == torch.float32
    torch.testing.assert_close(low.float(), exact, rtol=0.05, atol=0.05)
    torch.testing.assert_close(importance.grad, of_importance, rtol=0.1, atol=0.1 * float(of_importance.abs().max()))


def test_memory_order():
    """The output has its channels last in memory, so that what follows reads them as they lie."""
    graph = torch.rand(3, 25, 25)
    y = GraphConvolution(6, 8, 3)(torch.randn(50, 6, 1, 20), graph, torch.ones_like(graph))
    assert y.shape == (50, 8, 1, 20) and y.is_contiguous(memory_format=torch.channels_last)
