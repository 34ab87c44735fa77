import json
import signal
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
import torch

from examples import pretraining as module
from examples.encoders import load_encoder, make_encoder
from examples.evaluation import accuracy, extract_features, nearest_neighbours, standardize
from examples.pretrain import pretrain
from examples.run import InputError
from examples.views import make_pipelines
from skeleton_data import Store


def log(folder):
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [
        {key: value for key, value in line.items() if key not in ("seconds", "pairs_per_second", "waiting")}
        for line in lines
    ]


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


def test_resumed_inside_an_epoch(tiny_pretraining, tmp_path, monkeypatch):
    """Killed after each checkpoint in turn, every step one, and resumed each time: equal to the bit, both logs too."""
    config = replace(tiny_pretraining, batch_size=4, epochs=2, log_steps=1, checkpoint_steps=1)
    config = replace(config, encoder=replace(config.encoder, dropout=0.3))
    pretrain(replace(config, out=tmp_path / "whole", checkpoint_steps=0))
    broken = replace(config, out=tmp_path / "broken", resume=True)
    interrupted = 0
    while not (broken.out / "encoder.pt").exists():
        torch.manual_seed(interrupted)
        with monkeypatch.context() as patched, suppress(KeyboardInterrupt):
            interrupt_after(patched, 1)
            interrupted += 1
            pretrain(broken)
    steps = [(folder / "steps.jsonl").read_text() for folder in (tmp_path / "whole", broken.out)]
    assert steps[0] == steps[1] and len(steps[0].splitlines()) == interrupted - 1 >= 8
    assert same(weights(tmp_path / "whole"), weights(broken.out)) and log(broken.out) == log(tmp_path / "whole")


def test_checkpoints_by_the_clock(tiny_pretraining, tmp_path, monkeypatch):
    """Once the minutes have passed since the last checkpoint, the step under way ends with one."""
    now, saved = [0.0], []
    monkeypatch.setattr(module.time, "monotonic", lambda: now.__setitem__(0, now[0] + 5) or now[0])
    monkeypatch.setattr(module, "save_checkpoint", lambda path, kind, state: saved.append(state["step"]))
    pretrain(replace(tiny_pretraining, out=tmp_path / "often", batch_size=2, epochs=1, checkpoint_minutes=0.4))
    often, saved[:] = list(saved), []
    pretrain(replace(tiny_pretraining, out=tmp_path / "seldom", batch_size=2, epochs=1, checkpoint_minutes=100))
    assert len(often) > 1 and often[-1] == saved[0] and len(saved) == 1 and len(set(np.diff(often[:-1]))) <= 1


def test_killed_while_saving(launch, trained, tiny_pretraining, tmp_path):
    """kill -9 with half of a checkpoint written: the one before is whole, and leads to the same end to the bit."""
    config = replace(tiny_pretraining, out=tmp_path / "run", checkpoint_steps=1)
    ended = launch(config, "kill-saving 0 5")
    assert ended.returncode == -signal.SIGKILL and len(list(config.out.glob("*.part"))) == 1, ended.stderr
    assert module.load_checkpoint(config.out / "checkpoint.pt", module.KIND)["step"] == 4
    pretrain(replace(config, resume=True))
    assert same(weights(trained), weights(config.out)) and log(config.out) == log(trained)
    assert not list(config.out.glob("*.part"))


def test_sigterm_saves_and_ends(launch, trained, tiny_pretraining, tmp_path):
    """SIGTERM ends a run after its step with a checkpoint, a line about it and exit code 143; it goes on exactly."""
    config = replace(tiny_pretraining, out=tmp_path / "run")
    ended = launch(config, "term 0 2")
    path = config.out / "checkpoint.pt"
    assert ended.stderr == f"stopped: step 3 of 8 is saved in {path}; go on with --resume.\n" and ended.stdout == ""
    assert ended.returncode == 143 and not (config.out / "encoder.pt").exists()
    pretrain(replace(config, resume=True))
    assert same(weights(trained), weights(config.out)) and log(config.out) == log(trained)


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
    monkeypatch.setattr(module.BYOL, "update_target", lambda self, momentum, norm: momenta.append(momentum))

    class Spy(module.ViewLoader):
        def __init__(self, *arguments, **settings):
            loaders.append((*arguments, settings))
            super().__init__(*arguments, **settings)

        def epoch(self, epoch=0, first=0):
            epochs.append(epoch)
            return super().epoch(epoch, first)

    monkeypatch.setattr(module, "ViewLoader", Spy)
    pretrain(replace(tiny_pretraining, out=tmp_path / "run", epochs=3, seed=5))
    ((_, indices, views, settings),) = loaders
    assert momenta == pytest.approx([1 - 0.05 * (1 + np.cos(np.pi * step / 6)) / 2 for step in range(6)])
    assert epochs == [0, 1, 2] and settings == {
        "batch_size": 8, "multi_view": True, "seed": 5, "rank": 0, "world_size": 1
    }  # fmt: skip
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
        {"target_norm": "sync"}, {"optimizer": "sgd"}, {"covariance": 0.0}, {"projection_norm": False},
        {"momentum": 0.5}, {"accumulate": 2}, {"decay": "weights"},
        {"precision": "bfloat16"},
    ],
    ids=str,
)  # fmt: skip
def test_settings_matter(one_epoch, tiny_pretraining, tmp_path, changes):
    """Each setting leads to finite weights other than those of the run without it."""
    pretrain(replace(tiny_pretraining, out=tmp_path / "run", epochs=1, **changes))
    found = weights(tmp_path / "run")
    assert all(torch.isfinite(value).all() for value in found.values()) and not same(found, weights(one_epoch))


def break_loss(run):
    loss = run.model.forward
    run.model.forward = lambda *views: tuple(x * torch.nan for x in loss(*views))


def break_weights(run):
    with torch.no_grad():
        run.model.predictor[0].weight[0, 0] = torch.nan


def break_penalty(run):
    run.config = replace(run.config, covariance=1e39)


def break_views(run):
    epoch = run.loader.epoch

    def broken(number, first):
        for batch in epoch(number, first):
            batch.views[0][0, 0, 0, 0, 0] = np.inf
            yield batch

    run.loader.epoch = broken


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (break_loss, "The regression loss became nan in step 3 .* views and weights are finite"),
        (break_weights, r"The regression loss became nan in step 3 .* so are weights \(predictor\.0\.weight\)"),
        (break_views, "The regression loss became nan in step 3 .* the views hold numbers that are not finite"),
        (break_penalty, "The length of the gradient became (inf|nan) in step 3 .* views and weights are finite"),
    ],
)
def test_diverged_run_stops(one_epoch, tiny_pretraining, tmp_path, monkeypatch, fault, message):
    """A number that is none ends the run, which says what broke, when, the rate, and the last good checkpoint."""
    config = replace(tiny_pretraining, out=tmp_path / "run")
    end_epoch = module.Pretraining.end_epoch

    def breaking(run, epoch, *rest):
        end_epoch(run, epoch, *rest)
        fault(run)

    monkeypatch.setattr(module.Pretraining, "end_epoch", breaking)
    with pytest.raises(InputError, match=message) as caught:
        pretrain(config)
    checkpoint = config.out / "checkpoint.pt"
    assert f"The last good checkpoint is {checkpoint}, after step 2. Lower --lr, then --resume." in str(caught.value)
    assert "(epoch 2, lr 0.003)" in str(caught.value) and module.load_checkpoint(checkpoint, module.KIND)["step"] == 2
    assert all(value.isfinite().all() for value in module.load_checkpoint(checkpoint, module.KIND)["model"].values())


def test_diverged_in_the_first_step(tiny_pretraining, tmp_path, monkeypatch):
    """A run that diverges at once leaves its settings, and no checkpoint."""
    monkeypatch.setattr(module, "covariance_penalty", lambda z: z.sum() * torch.inf)
    with pytest.raises(InputError, match=r"covariance penalty became .* in step 1 .* There is no checkpoint yet\."):
        pretrain(replace(tiny_pretraining, out=tmp_path / "run"))
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == ["config.json"]


def make_run(config):
    return module.Pretraining(config, module.Ranks(), module.StopRequest())


def test_accumulated_gradients(tiny_pretraining, tmp_path):
    """Parts give the mean of their gradients, each normalised by itself; a momentum target's statistics are of all."""
    config = replace(tiny_pretraining, covariance=0.0, weight_decay=0.0)
    run = make_run(replace(config, out=tmp_path / "parts", accumulate=2))
    plain = make_run(replace(config, out=tmp_path / "plain"))
    batch = next(run.loader.epoch(0))
    terms, _ = run.add_gradients(batch)
    halves = [[torch.from_numpy(view[4 * i : 4 * i + 4]) for view in batch.views] for i in (0, 1)]
    losses = [plain.model(*half)[0] for half in halves]
    moving = [p for p in plain.model.parameters() if p.requires_grad]
    expected = torch.autograd.grad(sum(losses) / 2, moving)
    found = [p.grad for p in run.model.parameters() if p.requires_grad]
    torch.testing.assert_close(terms[0], (sum(losses) / 2).detach())
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs)
    pooled = [model.recorder.pooled()["encoder.data_bn"] for model in (run.model, plain.model)]
    torch.testing.assert_close(pooled[0], pooled[1])


def test_what_decays(tiny_pretraining, tmp_path):
    """ "all" lets every parameter decay; "weights" spares biases and batch norms, and nothing is left out."""
    run = make_run(replace(tiny_pretraining, out=tmp_path / "run", decay="weights"))
    (one,) = module.make_optimizer(tiny_pretraining, run.model).param_groups
    decayed, spared = run.optimizer.param_groups
    assert (one["weight_decay"], decayed["weight_decay"], spared["weight_decay"]) == (0.01, 0.01, 0.0)
    assert len(one["params"]) == len(decayed["params"]) + len(spared["params"])
    assert min(p.ndim for p in decayed["params"]) == 2 and max(p.ndim for p in spared["params"]) == 1


def test_target_statistics_have_a_momentum_of_their_own(trained, tiny_pretraining, tmp_path):
    """--norm-momentum changes what a run of some steps leads to."""
    pretrain(replace(tiny_pretraining, out=tmp_path / "run", norm_momentum=0.5))
    assert not same(weights(trained), weights(tmp_path / "run"))


def test_monitor_and_board_only_look(trained, tiny_pretraining, tmp_path):
    """The k-NN monitor logs its epochs, TensorBoard gets every number, and training is not changed to the bit."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    config = replace(tiny_pretraining, out=tmp_path / "run", monitor_every=2, tensorboard=True)
    pretrain(config)
    assert same(weights(trained), weights(config.out))
    lines = log(config.out)
    seen = {line["epoch"]: line.pop("knn") for line in lines if "knn" in line}
    assert list(seen) == [2, 4] and all(0 <= value <= 100 for value in seen.values()) and lines == log(trained)
    board = EventAccumulator(str(config.out / "tensorboard")).Reload()
    assert [event.step for event in board.Scalars("loss")] == [2, 4, 6, 8]
    assert [event.value for event in board.Scalars("knn")] == pytest.approx(list(seen.values()))


def test_collapse_is_told_once(tiny_pretraining, tmp_path, monkeypatch, capsys):
    """After the warm-up the log names the remedy in each epoch of a collapse, and the screen at its begin."""
    ranks = iter([1.0, 1.0, 1.0, 5.0, 1.0, 1.0])
    monkeypatch.setattr(module, "effective_rank", lambda projections: next(ranks))
    pretrain(replace(tiny_pretraining, out=tmp_path / "run", epochs=6))
    warned = ["warning" in line for line in log(tmp_path / "run")]
    assert warned == [False, True, True, False, True, True]
    shown = [line for line in capsys.readouterr().err.splitlines() if "warning: epoch" in line]
    assert ["epoch 2:" in shown[0], "epoch 5:" in shown[1]] == [True, True] and len(shown) == 2
    assert all("--covariance" in line for line in shown)


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
