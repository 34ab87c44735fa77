"""The loop of tasks with labels or a teacher, held to what each task promises: exact resumption, clear refusals."""

import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from examples import training
from examples.distill import DistillConfig, distill
from examples.encoders import load_encoder
from examples.finetune import FinetuneConfig, finetune
from examples.run import InputError, Stopped
from examples.supervised import SupervisedConfig, supervised
from examples.transfer import TransferConfig, transfer


@pytest.fixture(scope="module")
def teacher(store_path, tiny, tmp_path_factory):
    """The folder of a supervised run of one epoch."""
    out = tmp_path_factory.mktemp("teacher") / "run"
    supervised(SupervisedConfig(store=store_path, out=out, encoder=tiny, epochs=1, batch_size=12, device="cpu"))
    return out


def make(name, store_path, tiny, trained, teacher):
    """A task and a tiny config of it, with dropout where the network is made anew."""
    common = {"store": store_path, "out": Path("unset"), "epochs": 4, "batch_size": 12, "lr": 0.02, "device": "cpu"}
    if name == "supervised":
        return supervised, SupervisedConfig(**common, encoder=replace(tiny, dropout=0.5), fraction=0.5)
    if name == "distill":
        return distill, DistillConfig(**common, teacher=teacher / "classifier.pt", width=1 / 32)
    task, kind = {"finetune": (finetune, FinetuneConfig), "transfer": (transfer, TransferConfig)}[name]
    return task, kind(**common, checkpoint=trained / "encoder.pt", fraction=0.5)


@pytest.fixture(params=["supervised", "finetune", "distill", "transfer"])
def made(request, store_path, tiny, trained, teacher):
    return make(request.param, store_path, tiny, trained, teacher)


def everything(folder):
    """Weights, log and result of a run, without times and places."""
    encoder, classifier = (
        torch.load(folder / f"{k}.pt", weights_only=True)["model"] for k in ("encoder", "classifier")
    )
    log = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    result = json.loads((folder / "result.json").read_text())
    return encoder, classifier, [{k: v for k, v in line.items() if k != "seconds"} for line in log], result["top1"]


@pytest.mark.parametrize("steps", [1, 3, 4], ids=["first", "inside", "between"])
def test_resumed_equals_unbroken(made, tmp_path, monkeypatch, steps):
    """What SIGTERM stopped, inside an epoch or between two, ends when resumed as if it never was, to the bit."""
    task, config = made
    top1 = task(replace(config, out=tmp_path / "whole"))
    take_step = training.one_step

    def signalled(made, step, *others):
        if step == steps - 1:
            os.kill(os.getpid(), signal.SIGTERM)
        return take_step(made, step, *others)

    with monkeypatch.context() as patched, pytest.raises(Stopped, match=f"step {steps} of"):
        patched.setattr(training, "one_step", signalled)
        task(replace(config, out=tmp_path / "broken"))
    assert not (tmp_path / "broken" / "result.json").exists()
    torch.manual_seed(99)
    assert task(replace(config, out=tmp_path / "broken", resume=True)) == top1
    whole, broken = everything(tmp_path / "whole"), everything(tmp_path / "broken")
    for one, other in zip(whole[:2], broken[:2], strict=True):
        assert all(torch.equal(value, other[name]) for name, value in one.items())
    assert whole[2:] == broken[2:] and len(whole[2]) == 4


def test_finished_runs_stay(made, tmp_path, monkeypatch, capsys):
    """Resuming what is finished trains nothing, and with other settings it is refused."""
    task, config = made
    done = replace(config, out=tmp_path / "run", epochs=1, resume=True)
    top1 = task(done)
    before = {path.name: path.read_bytes() for path in done.out.iterdir()}
    monkeypatch.setattr(training, "train", None)
    assert task(done) == top1 and f"{done.out}: finished already" in capsys.readouterr().out
    with pytest.raises(InputError, match=r"finished run with other settings \(seed\)"):
        task(replace(done, seed=5))
    assert {path.name: path.read_bytes() for path in done.out.iterdir()} == before


def test_unfinished_run_of_other_settings(store_path, tiny, trained, teacher, tmp_path):
    """A checkpoint goes on only with the settings that it was made with."""
    task, config = make("finetune", store_path, tiny, trained, teacher)
    config = replace(config, out=tmp_path / "run", epochs=1)
    task(config)
    (config.out / "result.json").unlink()
    with pytest.raises(InputError, match=r"checkpoint.pt: belongs to a run with other settings \(lr\)"):
        task(replace(config, lr=0.5, resume=True))


def test_loss_that_is_no_number(made, tmp_path):
    """A rate at which the weights explode ends the run with the step and the remedy, and without a result."""
    task, config = made
    with pytest.raises(InputError, match=r"the loss became (nan|inf) at step \d+ .*Lower the learning rate"):
        task(replace(config, out=tmp_path / "run", lr=1e38, epochs=30))
    assert not (tmp_path / "run" / "result.json").exists()


def test_several_processes(made, tmp_path, monkeypatch):
    """Under torchrun these tasks say that they take one device, before anything is written."""
    monkeypatch.setenv("WORLD_SIZE", "2")
    task, config = made
    with pytest.raises(InputError, match="plain python"):
        task(replace(config, out=tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_results_name_their_origin(store_path, tiny, trained, teacher, tmp_path):
    """A student's result tells the teacher's settings; a fine-tuned one's those of its pre-training."""
    for name, tasks in (("finetune", ["PretrainConfig"]), ("distill", ["SupervisedConfig"])):
        task, config = make(name, store_path, tiny, trained, teacher)
        task(replace(config, out=tmp_path / name, epochs=1))
        result = json.loads((tmp_path / name / "result.json").read_text())
        assert [step["task"] for step in result["origin"]] == tasks
        assert (result["data"], result["split"], result["seed"]) == ("store", "xsub", 0)
        assert result["config"]["lr"] == 0.02
        load_encoder(tmp_path / name / "encoder.pt")
