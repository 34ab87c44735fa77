import numpy as np
import pytest
import torch

from examples.neighbours import add_back, add_neighbours, find_links
from examples.stgcn import adjacency
from skeleton_aug import SKELETONS


def test_links_of_a_small_graph():
    """Two joints, one group: joint 0 reaches both rows, joint 1 its own."""
    links = find_links(torch.tensor([[[0.5, 0.25], [0.0, 0.75]]]))
    assert links.rows.tolist() == [0, 1, 1] and links.joints.tolist() == [0, 0, 1]
    assert links.first_of_row.tolist() == [0, 1, 3] and links.first_of_joint.tolist() == [0, 2, 3]
    assert links.by_joint.tolist() == [0, 1, 2]


@pytest.mark.parametrize("name", SKELETONS)
def test_sums_equal_matrix_products(name):
    """There and back, for every joint layout: rows and joints without any link are zeros."""
    graph = adjacency(SKELETONS[name])
    k, v, _ = graph.shape
    generator = torch.Generator().manual_seed(0)
    x, of_sums = torch.randn(v, 9, 5, generator=generator), torch.randn(v, 4, k, 5, generator=generator)
    links = find_links(graph)
    weights = links.weights(graph)
    out, of_x = torch.full((v, 4, k, 5), torch.nan), torch.full_like(x, torch.nan)
    add_neighbours(x, 3, links, weights, out)
    torch.testing.assert_close(out, torch.einsum("kvw,vfc->wfkc", graph, x[:, 3:7]))
    of_weights = add_back(x, 3, links, weights, of_sums, of_x)
    torch.testing.assert_close(of_x[:, 3:7], torch.einsum("kvw,wfkc->vfc", graph, of_sums))
    assert of_x[:, :3].isnan().all() and of_x[:, 7:].isnan().all()
    dense = torch.einsum("vfc,wfkc->kvw", x[:, 3:7], of_sums)
    expected = dense[links.rows % k, links.joints, links.rows // k]
    np.testing.assert_allclose(of_weights, expected.numpy(), rtol=1e-4, atol=1e-5)
