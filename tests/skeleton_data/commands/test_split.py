import shutil

import pytest

from skeleton_data import Store, verify
from skeleton_data.cli import main


@pytest.fixture
def path(varied_store, tmp_path):
    return shutil.copy(varied_store, tmp_path / "a.h5")


def test_list(run, path):
    """Without a name all splits are listed, with counts, who and what is in them, and copies across."""
    code, out, err = run("split", path)
    assert code == 0 and err == ""
    head, *rows = (line.split() for line in out.splitlines())
    assert head == ["Split", "train", "test", "complete", "set", "classes", "subjects", "cameras", "copies"]
    assert rows[0] == ["xsub", "6", "6", "40,091", "/", "16,487", "2", "1", "/", "3"]
    assert [row[0] for row in rows] == ["xsub", "xview", "xview_clean"]


@pytest.mark.parametrize(
    ("rule", "counts", "says"),
    [
        (["--train-subjects", "1"], (6, 6), "subjects 1 train"),
        (["--train-cameras", "1-2"], (8, 4), "cameras 1-2 train"),
        (["--leave-subjects-out", "3"], (6, 6), "subjects 3 test"),
    ],
)
def test_rules(run, path, rule, counts, says):
    """Each rule makes its split, says so in one line, and the rule is kept in the store."""
    code, out, _ = run("split", path, "mine", *rule)
    assert code == 0 and f"split mine: {counts[0]} train, {counts[1]} test ({says})" in out
    store = Store.open(path)
    assert tuple(map(len, store.split("mine"))) == counts and store.split_rule("mine") == says
    assert verify(path) == []


def test_copies_are_warned_of(run, path):
    """Copies on both sides give the warning that a conversion gives, and a clean split."""
    code, out, err = run("split", path, "mine", "--train-cameras", "2,3")
    assert code == 0 and "split mine_clean: 8 train, 3 test" in out
    assert err.startswith(
        "skeleton-data: warning: 1 of 4 test recordings are copies of training recordings; split mine_clean"
    )


def names(path):
    return Store.open(path).samples["name"].tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{2}\n\n  {0} \n", ([0, 2], [1, 3, 4, 5, 6, 7, 8, 9, 10, 11])),
        ("{2} train\n{0} test\n{1} train", ([1, 2], [0])),
    ],
)
def test_from_file(run, path, tmp_path, text, expected):
    """Names alone train and all others test; with parts behind the names, samples not listed are in neither."""
    (tmp_path / "names.txt").write_text(text.format(*names(path)))
    assert run("split", path, "mine", "--from-file", tmp_path / "names.txt")[0] == 0
    assert tuple(part.tolist() for part in Store.open(path).split("mine")) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{0}\nnobody\n", "names.txt, line 2: the store has no sample 'nobody'"),
        ("{0} both\n", "names.txt, line 1: expected 'train' or 'test', found 'both'"),
        ("{0} train\n{1}\n", "names.txt: give every line a part"),
        ("", "training part of the split is empty"),
        (b"\xff\xfe", "is no text in UTF-8"),
        (None, "cannot be read (No such file"),
    ],
)
def test_wrong_files(run, path, tmp_path, text, says):
    """A wrong file is named with the line and what was expected, and the store stays as it was."""
    file, before = tmp_path / "names.txt", path.read_bytes()
    if text is not None:
        file.write_bytes(text if isinstance(text, bytes) else text.format(*names(path)).encode())
    code, out, err = run("split", path, "mine", "--from-file", file)
    assert code == 2 and out == "" and says in err and path.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["mine"], "Say how split 'mine' is made"),
        (["--train-cameras", "1"], "Give the split a name"),
        (["mine", "--train-cameras", "9"], "No sample has camera 9; there are 1-3"),
        (["mine", "--train-cameras", "1-3"], "All samples have camera 1-3"),
        (["mine", "--leave-subjects-out", "1,3"], "All samples have subject 1, 3"),
        (["xsub", "--train-cameras", "1"], "'xsub' is the converter's and stays"),
        (["gone", "--remove"], "no split 'gone'"),
    ],
)
def test_refusals(run, path, arguments, says):
    """What makes no split is refused in one line, and the store stays as it was."""
    before = path.read_bytes()
    code, out, err = run("split", path, *arguments)
    assert code == 2 and out == "" and says in err and err.count("\n") == 1 and path.read_bytes() == before


def test_replace_and_remove(run, path):
    """A split of one's own is replaced with --force and removed with --remove."""
    assert run("split", path, "mine", "--train-subjects", "1")[0] == 0
    assert "--force" in run("split", path, "mine", "--train-subjects", "3")[2]
    assert run("split", path, "mine", "--train-subjects", "3", "--force")[0] == 0
    assert Store.open(path).split_rule("mine") == "subjects 3 train"
    assert run("split", path, "mine", "--remove")[1] == f"{path}: split mine removed.\n"
    assert "mine" not in Store.open(path).splits


@pytest.mark.parametrize("ids", ["1,x", "", "3-1", "-1", "1,,2"])
def test_wrong_numbers(path, ids, capsys):
    """Anything but numbers and ranges is a usage error that shows what is expected."""
    with pytest.raises(SystemExit) as caught:
        main(["split", str(path), "mine", f"--train-cameras={ids}"])
    assert caught.value.code == 2 and "expected numbers and ranges such as 1,2,5-9" in capsys.readouterr().err
