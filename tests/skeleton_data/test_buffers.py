import numpy as np
import pytest

from skeleton_data.buffers import Buffers


def test_what_is_let_go_comes_again():
    """An array that nobody holds is given again, one that somebody holds is not; shapes are kept apart."""
    buffers = Buffers()
    one = buffers.take((2, 3))
    one[:] = 1
    other = buffers.take((2, 3))
    assert not np.may_share_memory(one, other) and (one == 1).all()
    place = one.ctypes.data
    del one
    assert buffers.take((3, 2)).ctypes.data != place
    assert buffers.take((2, 3)).ctypes.data == place
    assert len(buffers) == 3


@pytest.mark.parametrize("hold", [lambda x: x[1:], lambda x: x.T, lambda x: {"a": x}, memoryview], ids=str)
def test_views_hold(hold):
    """Whatever refers to an array, or to a part of it, keeps its contents."""
    buffers = Buffers()
    held = hold(buffers.take((4, 4)))
    place = np.asarray(held["a"] if isinstance(held, dict) else held).ctypes.data
    assert abs(buffers.take((4, 4)).ctypes.data - place) >= 64
    del held
    assert len({buffers.take((4, 4)).ctypes.data for _ in range(3)}) == 1


def test_tensors_hold():
    """PyTorch's tensors do so too."""
    torch = pytest.importorskip("torch")
    buffers = Buffers()
    tensor = torch.from_numpy(buffers.take((4, 4)))[1:]
    tensor.fill_(5)
    buffers.take((4, 4)).fill(0)
    assert (tensor == 5).all()


def test_trim():
    """Arrays that nobody holds can be given back to the system."""
    buffers = Buffers()
    held = [buffers.take((2,)) for _ in range(3)]
    del held[1:]
    buffers.trim()
    assert len(buffers) == 1
