import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch

from examples import run
from examples.run import InputError, RunFolder, load_checkpoint, open_store, pick_device, plain, save_checkpoint


@dataclass(frozen=True)
class Inner:
    sizes: tuple[int, ...] = (1, 2)


@dataclass(frozen=True)
class Config:
    out: Path = Path("somewhere")
    inner: Inner = field(default_factory=Inner)
    rate: float = 0.5


def test_plain():
    """Settings become JSON values, nested ones too."""
    expected = {"out": "somewhere", "inner": {"sizes": [1, 2]}, "rate": 0.5}
    assert plain(Config()) == expected == json.loads(json.dumps(plain(Config())))


def test_run_folder_holds_config_and_log(tmp_path):
    """The folder says what ran, with which versions, and collects one JSON line for each call."""
    folder = RunFolder(tmp_path / "a" / "run", Config())
    folder.log(epoch=1, loss=2.5)
    folder.log(epoch=2, loss=1.5)
    found = json.loads((folder.path / "config.json").read_text())
    assert (found["task"], found["config"]["rate"], found["versions"]["torch"]) == ("Config", 0.5, torch.__version__)
    lines = [json.loads(line) for line in (folder.path / "log.jsonl").read_text().splitlines()]
    assert [(line["epoch"], line["loss"]) for line in lines] == [(1, 2.5), (2, 1.5)]
    assert all(line["seconds"] >= 0 for line in lines)


def test_run_folder_in_use_is_refused(tmp_path):
    """A folder with a run is left as it is, unless that run is to go on."""
    RunFolder(tmp_path, Config())
    before = (tmp_path / "config.json").read_bytes()
    with pytest.raises(InputError, match="holds a run already"):
        RunFolder(tmp_path, Config(rate=1.0))
    assert (tmp_path / "config.json").read_bytes() == before
    RunFolder(tmp_path, Config(rate=1.0), resume=True)
    assert (tmp_path / "config.json").read_bytes() != before


def test_run_folder_that_is_a_file(tmp_path):
    """A path that cannot be a folder is named."""
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="file: cannot be a run folder"):
        RunFolder(tmp_path / "file", Config())
    assert (tmp_path / "file").read_text() == "mine"


def test_log_forgets_what_is_done_again(tmp_path):
    """Lines after the last checkpoint go, and so does a line that a kill cut off."""
    folder = RunFolder(tmp_path, Config())
    for epoch in (1, 2, 3):
        folder.log(epoch=epoch)
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"seconds": 1.0, "ep')
    folder.forget_after(2)
    assert [json.loads(line)["epoch"] for line in (tmp_path / "log.jsonl").read_text().splitlines()] == [1, 2]


def test_checkpoint_round_trip(tmp_path):
    """Tensors and plain values come back, with nothing but weights loaded."""
    state = {"epoch": 3, "rate": 0.5, "model": {"w": torch.arange(3.0)}, "names": ["a", "b"]}
    save_checkpoint(tmp_path / "c.pt", "demo", state)
    assert torch.load(tmp_path / "c.pt", weights_only=True)["kind"] == "demo"
    found = load_checkpoint(tmp_path / "c.pt", "demo")
    assert torch.equal(found.pop("model")["w"], torch.arange(3.0))
    assert found == {"kind": "demo", "epoch": 3, "rate": 0.5, "names": ["a", "b"]}


def test_failed_save_keeps_the_old_checkpoint(tmp_path, monkeypatch):
    """When saving fails midway the former file stays, to the byte, and nothing else is left behind."""
    path = tmp_path / "c.pt"
    save_checkpoint(path, "demo", {"epoch": 1})
    before = path.read_bytes()

    def fail(state, part):
        Path(part).write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(run.torch, "save", fail)
    with pytest.raises(OSError, match="disk full"):
        save_checkpoint(path, "demo", {"epoch": 2})
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


class Rogue:
    """Not a tensor, not a plain value."""


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "no such checkpoint"),
        (lambda path: path.mkdir(), "no such checkpoint"),
        (lambda path: path.write_bytes(b""), "is no checkpoint, or a damaged one"),
        (lambda path: path.write_bytes(b"garbage" * 100), "is no checkpoint, or a damaged one"),
        (lambda path: torch.save({"kind": "demo", "x": Rogue()}, path), "is no checkpoint, or a damaged one"),
        (lambda path: torch.save([1, 2], path), "expected a checkpoint of kind 'demo', found None"),
        (lambda path: save_checkpoint(path, "other", {}), "expected a checkpoint of kind 'demo', found 'other'"),
    ],
    ids=["missing", "folder", "empty", "garbage", "code", "list", "other-kind"],
)
def test_bad_checkpoints_are_named(tmp_path, make, message):
    """Whatever is wrong with a checkpoint, the error names the file and the trouble."""
    path = tmp_path / "c.pt"
    make(path)
    with pytest.raises(InputError, match=message) as caught:
        load_checkpoint(path, "demo")
    assert str(path) in str(caught.value)


def test_truncated_checkpoint_is_named(tmp_path):
    """A checkpoint cut short anywhere is recognised as damaged."""
    path = tmp_path / "c.pt"
    save_checkpoint(path, "demo", {"model": {"w": torch.arange(500.0)}})
    whole = path.read_bytes()
    for share in (0.1, 0.5, 0.9, 0.99):
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(InputError, match="damaged"):
            load_checkpoint(path, "demo")


def test_open_store(store_path):
    """Gives the store with both halves of a split, which share no sample."""
    store, train, test = open_store(store_path, "xview")
    assert len(train) + len(test) == len(store) == 108 and not set(train) & set(test)


def test_split_with_an_empty_half(store_path, monkeypatch):
    """A split that leaves nothing to train on or to test is refused."""
    monkeypatch.setattr(run.Store, "split", lambda self, name: (self.samples["label"][:0], self.samples["label"]))
    with pytest.raises(InputError, match="has 0 training and 108 test samples"):
        open_store(store_path, "xview")


def test_devices():
    """ "auto" is some device, and one that is not there is named with what to use."""
    assert pick_device("cpu") == torch.device("cpu") and pick_device("auto").type in ("cpu", "cuda")
    for name in ("warp", "cuda:99"):
        with pytest.raises(InputError, match=f"--device {name}: .* Use cpu, cuda, or auto"):
            pick_device(name)


def test_precision():
    """On a processor "auto" computes in float32, and bfloat16 where asked."""
    x = torch.ones(2, 2)
    for precision, dtype in (("auto", torch.float32), ("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        with run.autocast(torch.device("cpu"), precision):
            assert (x @ x).dtype == dtype


def test_validation_split_never_sees_the_test_half(store):
    """Every fifth subject of the training half is its test half; nobody of the real one is in it."""
    train, test = store.split("xsub")
    _, inner, held = open_store(store.path, "xsub_validation")
    assert sorted([*inner, *held]) == sorted(train) and not set(held) & set(test)
    subjects = store.samples["subject"]
    assert not set(subjects[inner]) & set(subjects[held])
    assert set(subjects[held]) == set(np.unique(subjects[train])[::5])
