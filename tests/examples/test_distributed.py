import json
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from examples.distributed import check_shares, is_loss_of_a_rank, join_ranks, part_of, step_seed
from examples.pretrain import pretrain
from examples.run import InputError
from skeleton_aug.presets import conservative
from skeleton_data import ViewLoader


def steps(folder, key="regression_loss"):
    return [json.loads(line)[key] for line in (folder / "steps.jsonl").read_text().splitlines()]


def weights(folder):
    return torch.load(folder / "encoder.pt", weights_only=True)["model"]


def test_parts_are_what_ranks_get(store):
    """Each rank makes its own share alone: all of them, in order, are the one process's batch, as its parts are."""
    train, _ = store.split("xsub")
    pipeline = conservative(n_frames=4)

    def views(epoch, batch_size, rank=0, ranks=1):
        loader = ViewLoader(
            store, train, [pipeline] * 2, batch_size=batch_size, multi_view=True, rank=rank, world_size=ranks
        )
        return [[view.copy() for view in batch.views] for batch in loader.epoch(epoch)]

    for epoch in (0, 1):
        whole, shares = views(epoch, 6), [views(epoch, 2, rank, 3) for rank in range(3)]
        assert len(whole) > 1 and {len(share) for share in shares} == {len(whole)}
        for number, batch in enumerate(whole):
            for part, share in enumerate(shares):
                for expected, found in zip(batch, share[number], strict=True):
                    assert np.array_equal(part_of(expected, part, 3), found)


@pytest.mark.parametrize(("batch", "ranks", "parts"), [(512, 4, 1), (512, 1, 8), (4, 2, 1)])
def test_batches_that_can_be_shared(batch, ranks, parts):
    """Equal pieces of two or more pairs are fine."""
    check_shares(batch, ranks, parts)


@pytest.mark.parametrize(("batch", "ranks", "parts"), [(512, 3, 1), (8, 2, 4), (8, 1, 0), (0, 1, 1), (8, 1, -1)])
def test_batches_that_cannot_be_shared(batch, ranks, parts):
    """Unequal pieces, or those of a single pair, are refused with what would do."""
    with pytest.raises(InputError, match=rf"--batch-size {batch} cannot be shared by {ranks} rank.*multiple"):
        check_shares(batch, ranks, parts)


def test_step_seeds_differ():
    """Every seed, step, rank and part has a seed of its own, the same one each time."""
    places = [(seed, step, rank, part) for seed in (0, 1) for step in range(20) for rank in (0, 1) for part in (0, 1)]
    seeds = [step_seed(*place) for place in places]
    assert len(set(seeds)) == len(places) and seeds == [step_seed(*place) for place in places]


def test_alone():
    """Without torchrun there is one rank, which acts by itself and gives its errors on."""

    def refuse():
        raise InputError("no")

    with join_ranks("cpu") as ranks:
        assert (ranks.rank, ranks.size, ranks.first, ranks.on_first(lambda: 5)) == (0, 1, True, 5)
        model = torch.nn.Linear(2, 2)
        assert ranks.wrap(model) is model
        with pytest.raises(InputError, match="no"):
            ranks.on_first(refuse)


def test_losses_of_ranks_are_told_from_bugs():
    """Gloo's and NCCL's errors mean that a rank is gone; a shape mismatch does not."""
    assert is_loss_of_a_rank(RuntimeError("[gloo/transport/tcp/pair.cc:547] Connection closed by peer [127.0.0.1]"))
    assert is_loss_of_a_rank(torch.distributed.DistBackendError("NCCL communicator was aborted"))
    assert not is_loss_of_a_rank(RuntimeError("mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)"))


def test_two_ranks_agree_with_one():
    """Synchronised batch norm, pooled statistics, averages and errors: see ``ranks_agree.py``."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    here = Path(__file__).resolve()
    path = {"PYTHONPATH": str(here.parents[2]), "OMP_NUM_THREADS": "1"}
    place = {**os.environ, **path, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": "2"}
    command = [sys.executable, "-W", "error", str(here.with_name("ranks_agree.py"))]
    running = [
        subprocess.Popen(command, env={**place, "RANK": str(rank)}, stderr=subprocess.PIPE, text=True)
        for rank in range(2)
    ]
    errors = [process.communicate(timeout=100)[1] for process in running]
    assert [process.returncode for process in running] == [0, 0], errors
    assert ["rank 0 of 2 agrees" in errors[0], "rank 1 of 2 agrees" in errors[1]] == [True, True]


@pytest.fixture(scope="module")
def config(tiny_pretraining):
    """Four steps in two epochs, at a small rate: what rounding does stays small."""
    return replace(tiny_pretraining, epochs=2, optimizer="sgd", lr=0.01, log_steps=1, covariance=0.0)


def test_dead_rank_is_replaced(launch, config, tmp_path):
    """When rank 1 is killed the other says so and ends; torchrun starts both again from the checkpoint.

    What they end with is what one process with two parts ends with: same losses, same weights. Against one process
    with the batch as a whole only the targets' statistics agree: the online network normalises each share by itself,
    which the losses show from the first step on.
    """
    out = tmp_path / "two"
    two = replace(config, out=out, monitor_every=2, checkpoint_steps=1)
    done = launch(two, "kill 1 3", ranks=2, restarts=1)
    assert "[rank 0] error: rank 0 of 2: another process of this run is gone" in done.stderr
    assert "run again with --resume, or let torchrun do so with --max-restarts" in done.stderr
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
    assert done.stdout == f"Encoder: {out / 'encoder.pt'}\n"
    for name, parts in (("parts", 2), ("whole", 1)):
        pretrain(replace(config, out=tmp_path / name, accumulate=parts))
    assert steps(out) == pytest.approx(steps(tmp_path / "parts"), rel=1e-3) and len(steps(out)) == 4
    assert abs(steps(out)[0] - steps(tmp_path / "whole")[0]) > 0.01
    found, expected = weights(out), weights(tmp_path / "parts")
    for name in found:
        if "running" not in name and "tracked" not in name:
            torch.testing.assert_close(found[name], expected[name], rtol=1e-2, atol=1e-3)
    lines = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2] and 0 <= lines[1]["knn"] <= 100


def test_dead_rank_without_restarts(launch, config, tmp_path):
    """Without restarts the run ends with an exit code and a whole checkpoint.

    Until then, with statistics over all ranks, it has the losses of one process with the batch as a whole.
    """
    done = launch(replace(config, out=tmp_path / "two", target_norm="sync"), "kill 1 4", ranks=2)
    assert done.returncode not in (0, None) and "another process of this run is gone" in done.stderr
    assert torch.load(tmp_path / "two" / "checkpoint.pt", weights_only=True)["step"] == 2
    pretrain(replace(config, out=tmp_path / "one", target_norm="batch"))
    found, expected = steps(tmp_path / "two"), steps(tmp_path / "one")
    assert len(found) >= 3 and found == pytest.approx(expected[: len(found)], rel=1e-3)
