import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.run import load_checkpoint, save_checkpoint
from examples.schedules import step_decay, target_momentum, warmup_cosine


def test_warmup_cosine_by_hand():
    """From the start to the peak in a straight line, half the peak midway down, 0 at the end and after."""
    values = [warmup_cosine(step, 30, 0.2, warmup=10, start=1e-6) for step in (0, 5, 10, 20, 30, 99)]
    assert values == pytest.approx([1e-6, (0.2 + 1e-6) / 2, 0.2, 0.1, 0, 0], abs=1e-12)


@given(step=st.integers(0, 500), warmup=st.integers(0, 50), more=st.integers(1, 400), peak=st.floats(1e-3, 10))
def test_warmup_cosine_formula(step, warmup, more, peak):
    """Equals the textbook formula at every step."""
    done = min(max(step - warmup, 0) / more, 1)
    expected = peak * step / warmup if step < warmup else peak * (1 + math.cos(math.pi * done)) / 2
    assert warmup_cosine(step, warmup + more, peak, warmup) == pytest.approx(expected, abs=1e-12)


@given(step=st.integers(0, 300), total=st.integers(1, 300), start=st.floats(0, 1))
def test_target_momentum_formula(step, total, start):
    """1 - (1 - start) (cos(pi k / K) + 1) / 2, and 1 from the last step on."""
    expected = 1 - (1 - start) * (math.cos(math.pi * min(step, total) / total) + 1) / 2
    assert target_momentum(step, total, start) == pytest.approx(expected, abs=1e-12)
    assert target_momentum(0, total, start) == pytest.approx(start)
    assert target_momentum(total, total, start) == 1.0


def test_step_decay():
    """A tenth from each milestone on, including it."""
    rates = [step_decay(epoch, 30.0, (60, 80)) for epoch in (0, 59, 60, 79, 80, 99)]
    assert rates == pytest.approx([30, 30, 3, 3, 0.3, 0.3])


def test_values_are_plain_floats(tmp_path):
    """Values are floats, for whole-numbered settings too, and come back from JSON and from a checkpoint."""
    values = [
        warmup_cosine(0, 10, 1, warmup=2, start=0), warmup_cosine(5, 10, 1), warmup_cosine(0, 0, 1),
        step_decay(0, 1, (3,)), target_momentum(0, 10, 0), target_momentum(0, 0),
    ]  # fmt: skip
    assert all(type(value) is float for value in values) and json.loads(json.dumps(values)) == values
    save_checkpoint(tmp_path / "values.pt", "values", {"values": values})
    assert load_checkpoint(tmp_path / "values.pt", "values")["values"] == values
