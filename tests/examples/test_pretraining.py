import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from examples import pretrain as module
from examples.encoders import load_encoder, make_encoder
from examples.evaluation import accuracy, extract_features, nearest_neighbours, standardize
from examples.pretrain import pretrain
from examples.run import InputError
from examples.views import make_pipelines
from skeleton_data import Store


def log(folder):
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


def weights(folder):
    return torch.load(folder / "encoder.pt", weights_only=True)["model"]


def same(one, other):
    return all(torch.equal(value, other[name]) for name, value in one.items())


@pytest.fixture(scope="module")
def one_epoch(tiny_pretraining, tmp_path_factory):
    """The folder of a run of one epoch."""
    out = tmp_path_factory.mktemp("runs") / "one"
    pretrain(replace(tiny_pretraining, out=out, epochs=1))
    return out


def interrupt_after(monkeypatch, saves):
    """Let a run be killed right after, or (with a fraction) right before, its n-th checkpoint is saved."""
    save, done = module.save_checkpoint, []

    def saving(*arguments):
        done.append(1)
        if len(done) > saves:
            raise KeyboardInterrupt
        save(*arguments)
        if len(done) == saves:
            raise KeyboardInterrupt

    monkeypatch.setattr(module, "save_checkpoint", saving)


def test_run_folder(trained, tiny_pretraining):
    """A run leaves its settings, a line for each epoch, a checkpoint and the encoder."""
    assert sorted(p.name for p in trained.iterdir()) == ["checkpoint.pt", "config.json", "encoder.pt", "log.jsonl"]
    config = json.loads((trained / "config.json").read_text())["config"]
    assert config["seed"] == 0 and config["encoder"]["width"] == 1 / 16
    lines = log(trained)
    assert [line["epoch"] for line in lines] == [1, 2, 3, 4] and {line["epochs"] for line in lines} == {4}
    assert all(0 <= line["loss"] <= 8 and 0 <= line["rank"] <= 8 for line in lines)
    # The last step but one of eight, of a warm-up of two and a cosine of six.
    assert lines[-1]["lr"] == pytest.approx(tiny_pretraining.lr * (1 + np.cos(np.pi * 5 / 6)) / 2)


def test_online_encoder_of_the_last_epoch_is_saved(trained):
    """encoder.pt holds the online network's encoder as the last checkpoint has it."""
    model = torch.load(trained / "checkpoint.pt", weights_only=True)["model"]
    online = {name.removeprefix("online.encoder."): v for name, v in model.items() if name.startswith("online.encoder")}
    assert online and same(online, weights(trained))


@pytest.mark.parametrize("moment", ["after", "before"])
def test_resumed_run_equals_unbroken_run(trained, tiny_pretraining, tmp_path, monkeypatch, moment):
    """Killed after two of four epochs, or just before the third is saved, and resumed: equal to the bit, log too."""
    config = replace(tiny_pretraining, out=tmp_path / "run")
    with monkeypatch.context() as patched:
        interrupt_after(patched, 2 if moment == "after" else 2.5)
        with pytest.raises(KeyboardInterrupt):
            pretrain(config)
    assert not (config.out / "encoder.pt").exists()
    # A fresh process has another state of torch's generator.
    torch.manual_seed(12345)
    pretrain(replace(config, resume=True))
    assert same(weights(trained), weights(config.out)) and log(config.out) == log(trained)
    whole, resumed = (torch.load(folder / "checkpoint.pt", weights_only=True) for folder in (trained, config.out))
    assert same(whole["model"], resumed["model"]) and resumed["epoch"] == 4


def test_resume_before_the_first_checkpoint(trained, tiny_pretraining, tmp_path, monkeypatch):
    """A run killed in its first epoch begins again from the start."""
    config = replace(tiny_pretraining, out=tmp_path / "run")
    with monkeypatch.context() as patched:
        interrupt_after(patched, 0.5)
        with pytest.raises(KeyboardInterrupt):
            pretrain(config)
    pretrain(replace(config, resume=True))
    assert same(weights(trained), weights(config.out)) and log(config.out) == log(trained)


def test_seed_decides_everything(trained, tiny_pretraining, tmp_path):
    """The same seed gives the same weights to the bit, another seed gives others."""
    for name, seed in (("again", 0), ("other", 1)):
        pretrain(replace(tiny_pretraining, out=tmp_path / name, seed=seed))
    assert same(weights(trained), weights(tmp_path / "again"))
    assert not same(weights(trained), weights(tmp_path / "other"))


def test_what_a_run_asks_for(tiny_pretraining, store, tmp_path, monkeypatch):
    """The loader gets the training half and the run's settings; each epoch has its batches, each step its momentum."""
    loaders, epochs, momenta = [], [], []
    monkeypatch.setattr(module.BYOL, "update_target", lambda self, momentum: momenta.append(momentum))

    class Spy(module.ViewLoader):
        def __init__(self, *arguments, **settings):
            loaders.append((*arguments, settings))
            super().__init__(*arguments, **settings)

        def epoch(self, epoch=0):
            epochs.append(epoch)
            return super().epoch(epoch)

    monkeypatch.setattr(module, "ViewLoader", Spy)
    pretrain(replace(tiny_pretraining, out=tmp_path / "run", epochs=3, seed=5))
    ((_, indices, views, settings),) = loaders
    assert momenta == pytest.approx([1 - 0.05 * (1 + np.cos(np.pi * step / 6)) / 2 for step in range(6)])
    assert epochs == [0, 1, 2] and settings == {"batch_size": 8, "multi_view": True, "seed": 5}
    pipelines = make_pipelines(tiny_pretraining.encoder, store.skeleton)
    assert np.array_equal(indices, store.split("xsub")[0]) and views == [pipelines.aggressive, pipelines.conservative]


def test_dropout_resumes_exactly(tiny_pretraining, tiny, tmp_path, monkeypatch):
    """Random numbers of the network itself go on where they stood, too."""
    config = replace(tiny_pretraining, out=tmp_path / "a", epochs=2, encoder=replace(tiny, dropout=0.3))
    pretrain(config)
    broken = replace(config, out=tmp_path / "b")
    with monkeypatch.context() as patched:
        interrupt_after(patched, 1)
        with pytest.raises(KeyboardInterrupt):
            pretrain(broken)
    pretrain(replace(broken, resume=True))
    assert same(weights(tmp_path / "a"), weights(tmp_path / "b"))


def test_no_epochs_save_an_untrained_encoder(tiny_pretraining, tiny, store, tmp_path):
    """With epochs=0 the encoder is the initial one of its seed."""
    pretrain(replace(tiny_pretraining, out=tmp_path / "run", epochs=0, seed=3))
    torch.manual_seed(3)
    assert same(make_encoder(tiny, store.skeleton).state_dict(), weights(tmp_path / "run"))


@pytest.mark.parametrize(
    "changes",
    [{"seed": 1}, {"epochs": 5}, {"optimizer": "sgd"}, {"momentum": 0.5}, {"split": "xview"}, {"batch_size": 9}],
    ids=str,
)
def test_resume_refuses_other_settings(trained, tiny_pretraining, changes):
    """A run does not go on under other settings; they are named, and its folder stays as it is."""
    before = {path.name: path.read_bytes() for path in trained.iterdir()}
    with pytest.raises(InputError, match=f"checkpoint.pt: belongs to a run with other settings .{next(iter(changes))}"):
        pretrain(replace(tiny_pretraining, out=trained, resume=True, **changes))
    assert {path.name: path.read_bytes() for path in trained.iterdir()} == before


def test_resume_refuses_other_data(trained, tiny_pretraining, monkeypatch):
    """Nor does a run go on with another store at the same place."""
    monkeypatch.setattr(Store, "digest", "0" * 64)
    with pytest.raises(InputError, match=r"other settings \(data\)"):
        pretrain(replace(tiny_pretraining, out=trained, resume=True))


@pytest.mark.parametrize(
    "changes",
    [
        {"pairs": "aggressive"}, {"pairs": "conservative"}, {"multi_view": False}, {"target_norm": "batch"},
        {"optimizer": "sgd"}, {"covariance": 0.0}, {"projection_norm": False}, {"momentum": 0.5},
        {"precision": "bfloat16"},
    ],
    ids=str,
)  # fmt: skip
def test_settings_matter(one_epoch, tiny_pretraining, tmp_path, changes):
    """Each setting leads to finite weights other than those of the run without it."""
    pretrain(replace(tiny_pretraining, out=tmp_path / "run", epochs=1, **changes))
    found = weights(tmp_path / "run")
    assert all(torch.isfinite(value).all() for value in found.values()) and not same(found, weights(one_epoch))


def test_diverged_run_stops(tiny_pretraining, tmp_path, monkeypatch):
    """A loss that is no number ends the run with what to do, and is never saved."""
    loss = module.BYOL.forward
    monkeypatch.setattr(module.BYOL, "forward", lambda self, *views: tuple(x * torch.nan for x in loss(self, *views)))
    with pytest.raises(InputError, match=r"became nan at step 0\. Lower --lr"):
        pretrain(replace(tiny_pretraining, out=tmp_path / "run"))
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == ["config.json"]


def test_training_teaches(tiny_pretraining, store, tmp_path):
    """In 96 steps the loss falls by a fifth or more, and neighbours across cameras beat chance thrice.

    Seen with four seeds: by a third or more, and 28 to 53 percent, where chance is 1 in 16.
    """
    config = replace(tiny_pretraining, out=tmp_path / "run", split="xview", epochs=24)
    pretrain(config)
    losses = [line["loss"] for line in log(config.out)]
    assert losses[-1] < 0.8 * losses[0]
    encoder, settings = load_encoder(config.out / "encoder.pt", store)
    pipeline = make_pipelines(settings, store.skeleton).evaluation
    train, test = store.split("xview")
    features = [extract_features(encoder, store, half, pipeline, torch.device("cpu")) for half in (train, test)]
    labels = torch.from_numpy(store.labels)
    memory, tested = standardize(*features)
    assert accuracy(nearest_neighbours(memory, labels[train], tested), labels[test]) > 3 * 100 / 16
