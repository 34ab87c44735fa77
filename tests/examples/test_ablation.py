import json
import sys
from dataclasses import replace

import pytest
import tyro

from examples import ablation as module
from examples import knn_eval, linear_eval, pretrain
from examples.ablation import AblationConfig, ablation, commands, row_epochs
from examples.run import InputError
from skeleton_aug.presets import ABLATIONS
from skeleton_data import Store


@pytest.fixture
def config(store_path, tmp_path):
    return AblationConfig(store=store_path, out=tmp_path, split="xview", config="small", seeds=(3,))


def parse(words):
    """The config that a command line of one of the tasks stands for."""
    task, *options = words[words.index("-m") + 1 :]
    configs = {"examples.pretrain": pretrain, "examples.linear_eval": linear_eval}
    if task == "examples.knn_eval":
        return tyro.cli(knn_eval.KnnEvalConfig, args=options)
    return tyro.extras.overridable_config_cli(dict(configs[task].CONFIGS), args=options)


@pytest.mark.parametrize("row", list(ABLATIONS))
def test_rows_are_the_presets(config, row):
    """A row's command means what the preset of its name says, and leaves all else as in the config."""
    (folder, training), (_, linear), (_, knn) = commands(config, row, 3, epochs=9)
    made, how = parse(training), ABLATIONS[row]
    views = {"asymmetric": ("aggressive", "conservative")}.get(made.pairs, (made.pairs, made.pairs))
    assert (*views, made.without, made.multi_view) == (how.first, how.second, how.without, how.multi_view)
    expected = replace(
        pretrain.SMALL, store=config.store, out=folder, split="xview", epochs=9, seed=3, resume=True,
        pairs=made.pairs, without=made.without, multi_view=made.multi_view,
    )  # fmt: skip
    assert made == expected
    assert parse(linear).checkpoint == parse(knn).checkpoint == folder / "encoder.pt"
    assert (parse(linear).linear, parse(linear).seed) == (linear_eval.SMALL.linear, 3)


def test_equal_steps(config):
    """Rows that go through recordings take as many steps as those that go through performances."""
    store = Store.open(config.store)
    train = store.split("xview")[0]
    with_views = row_epochs(config, ABLATIONS["full"], store, train) * len(store.performances(train))
    without = row_epochs(config, ABLATIONS["no_multi_view"], store, train) * len(train)
    assert with_views == pretrain.SMALL.epochs * 36 and abs(without - with_views) <= len(train) / 2


def test_launcher_and_options(config):
    """Pre-training alone is launched as asked; more options come last and so count."""
    config = replace(config, launch="torchrun --nproc-per-node 4", pretrain_options="--batch-size 16 --seed 8")
    runs = [command for _, command in commands(config, "full", 0, 1)]
    assert runs[0][:4] == ["torchrun", "--nproc-per-node", "4", "-m"] and parse(runs[0]).batch_size == 16
    assert parse(runs[0]).seed == 8 and [run[0] for run in runs[1:]] == [sys.executable] * 2


def test_goes_on_where_it_was(config, monkeypatch, capsys):
    """What is finished is skipped, the rest is run in order, and the table gives mean and deviation."""
    done = []

    def pretend(command):
        made = parse(command)
        done.append(made.out.relative_to(config.out).as_posix())
        made.out.mkdir(parents=True)
        if isinstance(made, pretrain.PretrainConfig):
            (made.out / "encoder.pt").write_text("weights")
        else:
            seed = int(made.out.parent.name.removeprefix("seed-"))
            (made.out / "result.json").write_text(json.dumps({"top1": 50.0 + 10 * seed}))

    monkeypatch.setattr(module, "execute", pretend)
    ablation(replace(config, rows=("no_shear",), seeds=(1,)))
    assert done == [f"no_shear/seed-1/{kind}" for kind in ("pretrain", "linear", "knn")]
    (config.out / "no_shear" / "seed-1" / "linear" / "result.json").unlink()
    (config.out / "no_shear" / "seed-1" / "linear").rmdir()
    capsys.readouterr()
    ablation(replace(config, rows=("no_shear",), seeds=(1, 2)))
    assert done[3] == "no_shear/seed-1/linear" and len(done) == 7
    assert "65.0 ± 7.1" in capsys.readouterr().out


def test_for_real(tiny_pretraining, config, capfd):
    """One row, as processes of their own: pre-trained, evaluated twice, and told."""
    tiny = "--encoder.width 0.0625 --encoder.n-frames 8 --batch-size 8 --hidden 16 --projection 8 --device cpu"
    config = replace(config, rows=("byol_aggressive",), seeds=(0,), epochs=1)
    ablation(replace(config, pretrain_options=tiny, linear_options="--device cpu --feature-draws 1"))
    folder = config.out / "byol_aggressive" / "seed-0"
    results = [json.loads((folder / kind / "result.json").read_text()) for kind in ("linear", "knn")]
    assert all(0 <= result["top1"] <= 100 for result in results)
    assert results[0]["origin"][0]["config"]["pairs"] == "aggressive" and "byol_aggressive" in capfd.readouterr().out


def test_unknown_row_and_failing_command(config):
    """A row that is none is refused with those that are; a command that fails is told with its code."""
    with pytest.raises(InputError, match="no row no_shears; the rows are byol_conservative"):
        ablation(replace(config, rows=("no_shears",)))
    with pytest.raises(InputError, match="exit code 3"):
        module.execute([sys.executable, "-c", "raise SystemExit(3)"])
    assert not any(config.out.iterdir())
