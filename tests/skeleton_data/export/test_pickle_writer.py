"""The pickle that is written piece by piece is one that Python's own reader takes."""

import io
import pickle
import pickletools

import numpy as np
import pytest

from skeleton_data.export.pickle_writer import PickleWriter

ARRAYS = [
    np.arange(12, dtype=np.float16).reshape(1, 2, 2, 3),
    np.random.default_rng(0).normal(size=(2, 3)).astype(np.float32),
    np.arange(5, dtype=">i4"),
    np.asfortranarray(np.ones((3, 4))),
    np.zeros((0, 3), np.float32),
    np.float32(7).reshape(()),
]


def written(steps):
    file = io.BytesIO()
    out = PickleWriter(file)
    steps(out)
    out.end()
    return file.getvalue()


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype}{array.shape}")
def test_arrays(array):
    """Numbers, shape and type come back from ``pickle.load``, without a warning."""
    read = pickle.loads(written(lambda out: out.array(array)))
    np.testing.assert_array_equal(read, array)
    assert read.shape == array.shape and read.dtype.kind == array.dtype.kind and read.flags.writeable


def test_containers():
    """Dictionaries, lists, texts and numbers nest."""

    def steps(out):
        with out.dictionary():
            out.text("ä")
            with out.sequence():
                out.integer(-5)
                out.integer(2**31 - 1)
                with out.sequence():
                    pass
            out.text("b")
            with out.dictionary():
                pass

    assert pickle.loads(written(steps)) == {"ä": [-5, 2**31 - 1, []], "b": {}}


def test_readable_by_old_programs():
    """Protocol 3, and the names of NumPy 1, which NumPy 2 knows as well."""
    data = written(lambda out: out.array(ARRAYS[0]))
    instructions = list(pickletools.genops(data))
    assert max(instruction.proto for instruction, _, _ in instructions) <= 3
    names = {value for instruction, value, _ in instructions if instruction.name == "GLOBAL"}
    assert names == {"numpy.core.multiarray _reconstruct", "numpy ndarray", "numpy dtype"}
