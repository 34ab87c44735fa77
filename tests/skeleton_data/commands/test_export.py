"""``skeleton-data export`` as a user types it."""

import pytest

from skeleton_data.cli import main
from skeleton_data.export import EXPORTS
from tests.skeleton_data.made import NTU_NAMES, odd_store


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return odd_store(tmp_path_factory.mktemp("store") / "a.h5", 0, NTU_NAMES, most=2).path


def run(capsys, *arguments):
    code = main([str(argument) for argument in arguments])
    return code, *capsys.readouterr()


@pytest.mark.parametrize("name", [name for name in EXPORTS if name != "nucla"])
def test_export_and_back(store, tmp_path, capsys, name):
    """Every format is written by one command, and read again by another."""
    target = tmp_path / "xview.npz" if name == "ctrgcn" else tmp_path / "xview"
    code, out, err = run(capsys, "export", store, name, "-o", target, "--split", "xview")
    assert code == 0 and err == "" and out == f"{len(NTU_NAMES)} recordings in {target}\n"
    back = "ntu60" if name == "ntu" else name
    code, out, err = run(capsys, "convert", back, target, "-o", tmp_path / "b.h5", "--bodies", "first")
    assert code == 0 and err == "" and f"{len(NTU_NAMES)} recordings from" in out and "xview" in out


def test_existing_target(store, tmp_path, capsys):
    """A target that is there is kept, with the way out told, and replaced by force."""
    (tmp_path / "x.pkl").write_text("mine")
    code, out, err = run(capsys, "export", store, "pyskl", "-o", tmp_path / "x.pkl")
    assert code == 2 and out == "" and "exists already" in err and "--force" in err
    assert (tmp_path / "x.pkl").read_text() == "mine"
    assert run(capsys, "export", store, "pyskl", "-o", tmp_path / "x.pkl", "--force")[0] == 0


def test_options_of_formats(store, tmp_path, capsys):
    """Options reach the format: half precision halves the file, and a length pads."""
    for name, options in (("whole", []), ("half", ["--half"])):
        code, _, err = run(capsys, "export", store, "pyskl", "-o", tmp_path / name, *options)
        # The odd numbers of this store go beyond float16, so half precision is refused with a reason.
        assert (code, "--half" in err) == ((0, False) if name == "whole" else (2, True))
    code, _, err = run(capsys, "export", store, "stgcn", "-o", tmp_path / "st", "--split", "xsub", "--frames", "3")
    assert code == 2 and "are longer than 3 frames" in err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("gone.h5", "pyskl", "-o", "x"), "no such file"),
        (("{store}", "pyskl", "-o", "{tmp}/gone/x"), "folder does not exist"),
        (("{store}", "stgcn", "-o", "{tmp}/x"), "say which with --split (it has xsub, xview)"),
        (("{store}", "stgcn", "-o", "{tmp}/x", "--split", "xsub", "--frames", "-1"), "must be 1 or more"),
        (("{store}", "ctrgcn", "-o", "{tmp}/x", "--split", "xsub", "--bodies", "0"), "must be 1 or more"),
        (
            ("{store}", "stgcn", "-o", "{tmp}/x", "--split", "xsub", "--frames", "900000000"),
            "536,870,912 bytes at most",
        ),
        (("{store}", "nucla", "-o", "{tmp}/x"), "N-UCLA has 20 joints"),
        (("{store}", "folder", "-o", "{tmp}/x", "--split", "xset"), "no split 'xset'"),
    ],
)
def test_errors_give_code_2_and_one_line(store, tmp_path, capsys, arguments, says):
    """Every wrong input ends in one line on standard error, exit code 2, and nothing written."""
    code, out, err = run(capsys, "export", *(a.format(tmp=tmp_path, store=store) for a in arguments))
    assert code == 2 and out == "" and says in err and err.count("\n") == 1 and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("wrong", [[], ["a.h5"], ["a.h5", "pku", "-o", "x"], ["a.h5", "pyskl"]])
def test_usage_errors(wrong, capsys):
    """A wrong command line exits with 2 and shows the usage."""
    with pytest.raises(SystemExit) as caught:
        main(["export", *wrong])
    assert caught.value.code == 2 and "usage: skeleton-data export" in capsys.readouterr().err
