import json
import time

import numpy as np
import pytest

from benchmarks import fuzz
from skeleton_data.raw import SkeletonDataError

# Inputs a parser: what takes a millisecond each gets fewer.
INPUTS = {"store": 300, "zip archive": 400, "store, digests made to fit": 40}


@pytest.mark.parametrize("name", fuzz.SHARES)
def test_damaged_inputs_are_read_or_refused(name, tmp_path):
    """Every parser reads or refuses the same damaged inputs each time, without any other error and in time."""
    read, seeds = fuzz.parsers(tmp_path)[name]
    done = fuzz.run(name, read, seeds, INPUTS.get(name, 1000))
    assert done.inputs == INPUTS.get(name, 1000) == done.read + done.refused and done.refused > 0
    assert done.worst < fuzz.SECONDS_AN_INPUT


def test_damage_is_the_same_for_a_seed():
    """A finding can be made again: the same seed gives the same inputs, another one others."""
    inputs = [
        [next(stream) for _ in range(20)]
        for stream in (fuzz.mutations([b"1 2 3", b"a,b"], np.random.default_rng(seed)) for seed in (1, 1, 2))
    ]
    assert inputs[0] == inputs[1] != inputs[2]


def test_faults_are_not_overlooked(monkeypatch):
    """An undocumented error and an input that takes too long each stop the run and keep the input."""

    def fails(data):
        if data != b"whole":
            raise IndexError("list index out of range")

    with pytest.raises(fuzz.Fault, match=r"IndexError: list index out of range for .*input"):
        fuzz.run("x", fails, [b"whole"], 10)
    monkeypatch.setattr(fuzz, "SECONDS_AN_INPUT", 0.05)
    with pytest.raises(fuzz.Fault, match=r"took 0\.\d s"):
        fuzz.run("x", spin, [b"whole"], 10)


def spin(data):
    until = time.process_time() + 0.1
    while time.process_time() < until:
        pass


def test_refusals_are_counted():
    """What raises the documented error counts as refused, the rest as read."""

    def picky(data):
        if len(data) != 5:
            raise SkeletonDataError("no")

    done = fuzz.run("x", picky, [b"whole"], 50)
    assert 0 < done.read < 50 and json.loads(json.dumps(vars(done)))["refused"] == done.refused


def test_shares_are_a_whole():
    """The shares of the parsers add up to all inputs, and name every parser."""
    assert sum(fuzz.SHARES.values()) == pytest.approx(1)
