"""``skeleton-data view`` as a user types it."""

import json
import re

import pytest

from skeleton_aug import Compose, FitLength, Mirror
from skeleton_data import Store
from skeleton_data.cli import main
from skeleton_data.viewing import pictures


def data_of(path):
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', path.read_text("utf-8"))
    return json.loads(text)


def test_defaults(run, varied_store, tmp_path, monkeypatch):
    """With the store alone: the first performance with the most cameras, in a file of its name here."""
    monkeypatch.chdir(tmp_path)
    code, out, err = run("view", varied_store)
    assert code == 0 and err == ""
    (page,) = tmp_path.iterdir()
    said, written = out.splitlines()
    assert said.startswith(f"Nothing was named, so this shows {page.stem} (3 recordings, performance ")
    assert re.fullmatch(rf"{page.name}: 3 recordings, 0\.\d\d MB\. Open it in a browser\.", written)
    data = data_of(page)
    assert data["name"] == page.stem and data["fps"] == 30.0 and len(data["recordings"]) == 3


def test_sample_and_augmentation(run, varied_store, tmp_path):
    """A sample, a preset, the number of draws and the seed reach the page; nothing is said of defaults."""
    page = tmp_path / "page.html"
    code, out, _ = run(
        "view", varied_store, "--sample", "S001C002P003R001A001", "--augment", "aggressive", "--draws", "3",
        "--seed", 7, "-o", page,
    )  # fmt: skip
    assert code == 0 and "Nothing was named" not in out and f"{page}: 1 recording, 3 draws of aggressive each" in out
    data = data_of(page)
    assert [one["name"] for one in data["recordings"]] == ["S001C002P003R001A001"]
    assert data["augmentation"]["seed"] == 7 and len(data["augmentation"]["draws"]) == 3


def test_pipeline_of_a_file(run, varied_store, tmp_path):
    """A pipeline's JSON file is called by its name, and its frames are those of the view; a rate can be given."""
    path, page = tmp_path / "mine.json", tmp_path / "page.html"
    path.write_text(json.dumps(Compose([Mirror(), FitLength(n_frames=33)]).to_dict()))
    assert run("view", varied_store, "--performance", "0", "--augment", path, "-o", page, "--fps", "12.5")[0] == 0
    data = data_of(page)
    assert data["fps"] == 12.5 and data["augmentation"]["name"] == "mine" and len(data["augmentation"]["draws"]) == 8
    assert data["augmentation"]["draws"][0][0]["positions"]["shape"][1] == 33


def test_pictures_alone(run, varied_store, tmp_path, monkeypatch):
    """Where pictures are asked for, and no page, none is written; all three can be asked for at once."""
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    code, out, _ = run("view", varied_store, "--performance", "0", "--png", "a.png", "--gif", "a.gif")
    assert code == 0 and sorted(path.name for path in tmp_path.iterdir()) == ["a.gif", "a.png"]
    assert re.fullmatch(r"a\.png: \d\.\d\d MB\.\na\.gif: \d\.\d\d MB\.\n", out)
    assert run("view", varied_store, "--performance", "0", "--png", "b.png", "-o", "b.html")[0] == 0
    assert {"b.png", "b.html"} < {path.name for path in tmp_path.iterdir()}


def test_existing_page(run, varied_store, tmp_path):
    """An existing page is kept, with the way out told, and replaced by force."""
    page = tmp_path / "a.html"
    page.write_text("mine")
    code, _, err = run("view", varied_store, "-o", page)
    assert code == 2 and "exists already" in err and "--force" in err and page.read_text() == "mine"
    assert run("view", varied_store, "-o", page, "--force")[0] == 0 and data_of(page)


def test_names_make_file_names(run, varied_store, tmp_path, monkeypatch):
    """A name with signs that files cannot have still makes a file in this folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Store, "performance_names", ("../a b/c",) * 9)
    assert run("view", varied_store, "--performance", "0")[0] == 0
    assert [path.name for path in tmp_path.iterdir()] == [".._a_b_c.html"]


def test_without_matplotlib(run, varied_store, tmp_path, monkeypatch):
    """Pictures without matplotlib: one line with what to install, before anything is written."""
    monkeypatch.setattr(pictures, "find_spec", lambda name: None)
    code, out, err = run("view", varied_store, "-o", tmp_path / "a.html", "--gif", tmp_path / "a.gif")
    assert code == 2 and out == "" and "pip install 'skeleton-aug[viz]'" in err and err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("{tmp}/gone.h5",), "no such file"),
        (("{store}", "--sample", "S001C002P003R001A009"), "among its 12; one of them is 'S001C002P003R001A00"),
        (("{store}", "--performance", "99"), "no performance 99; it has numbers 0 to 3."),
        (("{store}", "--augment", "agressive"), "Did you mean 'aggressive'?"),
        (("{store}", "--augment", "{tmp}/gone.json"), "gone.json: cannot be read"),
        (("{store}", "-o", "{tmp}/gone/a.html"), "folder does not exist"),
    ],
)
def test_errors_give_code_2_and_one_line(run, varied_store, tmp_path, monkeypatch, arguments, says):
    """Every wrong input ends in one line on standard error, exit code 2, and nothing written."""
    monkeypatch.chdir(tmp_path)
    code, _, err = run("view", *(a.format(tmp=tmp_path, store=varied_store) for a in arguments))
    assert code == 2 and says in err and err.count("\n") == 1 and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "wrong",
    [["--sample", "a", "--performance", "0"], ["--draws", "0"], ["--fps", "0"], ["--fps", "nan"], ["--fps", "x"]],
)
def test_usage_errors(varied_store, capsys, wrong):
    """Numbers out of range, and a sample with a performance, are refused with the usage."""
    with pytest.raises(SystemExit) as caught:
        main(["view", str(varied_store), *wrong])
    assert caught.value.code == 2 and "usage: skeleton-data view" in capsys.readouterr().err
