import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import skeleton_aug
from skeleton_aug import presets
from skeleton_aug.randomness import Draws, Key, fresh_seed, stream_key
from skeleton_aug.testing import random_sample

WORD = st.integers(0, 2**64 - 1)
SMALL = st.integers(0, 2**62)


def philox(seed, stream, block, view, epoch, index, n_words):
    """NumPy's generator, which counts up before it makes its first block."""
    counter = (block + (view << 64) + (epoch << 128) + (index << 192) - 1) % 2**256
    words = [(counter >> shift) & (2**64 - 1) for shift in (0, 64, 128, 192)]
    bits = np.random.Philox(key=np.array([seed, stream], np.uint64), counter=np.array(words, np.uint64))
    return bits.random_raw(n_words)


@given(WORD, WORD, SMALL, SMALL, st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=3), st.integers(1, 13))
def test_words_are_numpys_philox(seed, stream, view, epoch, indices, width):
    """Whole 64-bit words, over several blocks and several calls, are those of numpy.random.Philox."""
    draws = Draws(Key(seed, np.array(indices), epoch, view), stream)
    first, second = draws.words(width), draws.words(5)
    for i, index in enumerate(indices):
        np.testing.assert_array_equal(first[i], philox(seed, stream, 0, view, epoch, index, width))
        block = -(-width // 4)
        np.testing.assert_array_equal(second[i], philox(seed, stream, block, view, epoch, index, 5))


@given(WORD, st.permutations(range(20)))
def test_draws_do_not_depend_on_order(seed, order):
    """A sample's words are the same wherever it stands in the batch."""
    straight = Draws(Key.of(seed, np.arange(20)), 1).words(6)
    shuffled = Draws(Key.of(seed, order), 1).words(6)
    np.testing.assert_array_equal(shuffled, straight[list(order)])


@pytest.mark.parametrize("change", ["seed", "stream", "view", "epoch", "index"])
def test_every_part_of_the_key_matters(change):
    """Another seed, stream, view, epoch or index gives other words."""

    def words(seed=1, stream=2, view=3, epoch=4, index=5):
        return Draws(Key.of(seed, [index], epoch, view), stream).words(4)

    assert not (words() == words(**{change: 9})).any()


def test_uniform_fills_its_range():
    """Mean, ends and spread of 100,000 uniform numbers."""
    x = Draws(Key.of(0, np.arange(100_000)), 1).uniform(-2.0, 6.0)
    assert x.min() >= -2
    assert x.max() < 6
    assert abs(x.mean() - 2) < 0.03
    assert abs(x.std() - 8 / 12**0.5) < 0.02


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0, 2), (-3, 4), (5, 155)])
def test_integers_are_all_drawn_equally_often(low, high):
    """Every integer of the half-open range occurs about as often as it should, and no other."""
    n = 200_000
    values, counts = np.unique(Draws(Key.of(3, np.arange(n)), 1).integers(low, high), return_counts=True)
    np.testing.assert_array_equal(values, np.arange(low, high))
    expected = n / (high - low)
    assert np.abs(counts - expected).max() < 5 * expected**0.5 + 1


def test_integers_take_bounds_per_sample():
    """Each sample may have its own upper bound."""
    high = np.array([1, 2, 100])
    x = np.stack([Draws(Key.of(s, np.arange(3)), 1).integers(0, high) for s in range(200)])
    assert (x < high).all()
    assert x[:, 0].max() == 0
    assert x[:, 1].max() == 1
    assert x[:, 2].max() > 80


def test_choice_follows_its_weights():
    """Categories occur in proportion to their weights; one of weight zero never does."""
    picked = Draws(Key.of(0, np.arange(100_000)), 1).choice([1.0, 0.0, 3.0])
    assert not (picked == 1).any()
    assert abs((picked == 2).mean() - 0.75) < 0.01


def test_chance_always_takes_a_draw():
    """What is drawn after a chance does not depend on its p."""
    results = []
    for p in (0.0, 0.3, 1.0):
        draws = Draws(Key.of(0, np.arange(5)), 1)
        draws.chance(p)
        results.append(draws.uniform())
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


def test_stream_keys_never_change():
    """The key of a name is part of what a seed means, so it is written down here."""
    assert stream_key("Shear#0") == 0x4B389E47C3AFC89F
    assert stream_key("Shear#0") != stream_key("Shear#1")


def test_no_seed_means_a_fresh_one():
    """Seeds from the operating system differ and fit 63 bits."""
    seeds = {fresh_seed() for _ in range(20)}
    assert len(seeds) == 20
    assert all(0 <= s < 2**63 for s in seeds)
    assert Key.of(None, [0]).seed != Key.of(None, [0]).seed


@pytest.mark.parametrize("field", ["epoch", "view"])
def test_negative_epochs_and_views_are_refused(field):
    """The error names both."""
    with pytest.raises(ValueError, match="must not be negative"):
        Key.of(0, [0], **{field: -1})


def test_the_global_generator_is_neither_read_nor_touched():
    """NumPy's global state stays as it is, and does not change what is drawn."""
    x = random_sample(np.random.default_rng(0))
    results = []
    for seed in (1, 2):
        np.random.seed(seed)  # noqa: NPY002 - this is the generator that must not matter
        before = np.random.get_state()  # noqa: NPY002
        results.append(presets.aggressive()(x, seed=5))
        after = np.random.get_state()  # noqa: NPY002
        assert before[2:] == after[2:]
        np.testing.assert_array_equal(before[1], after[1])
    assert results[0].tobytes() == results[1].tobytes()


def test_no_source_file_names_a_global_generator():
    """Neither package uses the functions of numpy.random that share state, nor the random module."""
    root = Path(skeleton_aug.__file__).parents[1]
    shared = re.compile(
        r"np\.random\.(?!Generator|Philox|PCG64|SeedSequence|BitGenerator|default_rng\(\d)|^(import|from) random\b",
        re.M,
    )
    files = [p for name in ("skeleton_aug", "skeleton_data") for p in (root / name).rglob("*.py")]
    assert len(files) > 15
    assert {p.name: shared.findall(p.read_text()) for p in files if shared.search(p.read_text())} == {}
