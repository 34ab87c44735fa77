import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from skeleton_data import Store
from skeleton_data.cli import main

NAMES = [f"S001C00{c}P00{p}R001A00{a}" for c in (1, 2, 3) for p in (1, 3) for a in (1, 2)]


@pytest.fixture(scope="module")
def raw(tmp_path_factory, ntu_folder):
    return ntu_folder(tmp_path_factory.mktemp("raw"), NAMES)


def run(capsys, *arguments):
    code = main([str(argument) for argument in arguments])
    return code, *capsys.readouterr()


def test_convert_and_info(raw, tmp_path, capsys):
    """A clean conversion exits with 0 and sums up; info tells what the store holds."""
    output = tmp_path / "ntu60.h5"
    code, out, err = run(capsys, "convert", "ntu60", raw, "-o", output)
    assert code == 0 and err == ""
    assert "12 recordings from 12 files" in out and "40,091 / 16,487" in out
    code, out, err = run(capsys, "info", output)
    assert code == 0 and err == ""
    for fact in (
        "ntu60",
        "2 of 60 occur",
        "2 (1, 3)",
        "3 (1-3)",
        "4: 4 with 3 views",
        "kinect_v2, 25 joints",
    ):
        assert fact in out


def test_rejected_files_give_code_3(raw, tmp_path, capsys):
    """With rejected files the rest is written, the exit code is 3, and a warning names the report."""
    mine = shutil.copytree(raw, tmp_path / "raw")
    (mine / f"{NAMES[0]}.skeleton").write_bytes(b"5\n1\n")
    output = tmp_path / "a.h5"
    code, _, err = run(capsys, "convert", "ntu60", mine, "-o", output)
    assert code == 3 and len(Store.open(output)) == 11
    assert f"1 file rejected, all listed in {output}.rejected.txt" in err and NAMES[0] in err


def test_strict_gives_code_2(raw, tmp_path, capsys):
    """With --strict the same is an error and nothing is written."""
    mine = shutil.copytree(raw, tmp_path / "raw")
    (mine / f"{NAMES[0]}.skeleton").write_bytes(b"5\n1\n")
    code, _, err = run(capsys, "convert", "ntu60", mine, "-o", tmp_path / "a.h5", "--strict")
    assert code == 2 and NAMES[0] in err and not (tmp_path / "a.h5").exists()


def test_copies_across_a_split_are_warned_of(raw, tmp_path, capsys):
    """A copy on the other side of a split gives a warning with the count, and a clean split."""
    mine = shutil.copytree(raw, tmp_path / "raw")
    shutil.copy(mine / f"{NAMES[0]}.skeleton", mine / f"{NAMES[4]}.skeleton")
    code, out, err = run(capsys, "convert", "ntu60", mine, "-o", tmp_path / "a.h5")
    assert code == 0 and "1 recording identical to an earlier one" in out
    assert "split xview: 1 of 4 test recordings are copies of training recordings" in err
    assert len(Store.open(tmp_path / "a.h5").split("xview_clean")[1]) == 3


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("convert", "ntu60", "{tmp}", "-o", "{tmp}/a.h5"), "no .skeleton files here"),
        (("convert", "nucla", "{tmp}", "-o", "{tmp}/a.h5"), "no N-UCLA recordings here"),
        (("convert", "ntu60", "{tmp}/gone", "-o", "{tmp}/a.h5"), "no such file or folder"),
        (("convert", "ntu60", "{raw}", "-o", "{tmp}/gone/a.h5"), "folder does not exist"),
        (("info", "{tmp}/gone.h5"), "no such file"),
        (("info", "{raw}/S001C001P001R001A001.skeleton"), "no HDF5 file"),
    ],
)
def test_errors_give_code_2_and_one_line(raw, tmp_path, capsys, arguments, says):
    """Every wrong input ends in one line on standard error, exit code 2, and nothing written."""
    code, out, err = run(capsys, *(a.format(tmp=tmp_path, raw=raw) for a in arguments))
    assert code == 2 and out == "" and says in err and err.count("\n") == 1
    assert err.startswith("skeleton-data: error: ") and list(tmp_path.iterdir()) == []


def test_existing_output(raw, tmp_path, capsys):
    """An existing output is refused with the way out, and --force takes it."""
    (tmp_path / "a.h5").write_text("mine")
    code, _, err = run(capsys, "convert", "ntu60", raw, "-o", tmp_path / "a.h5")
    assert code == 2 and "--force" in err
    assert run(capsys, "convert", "ntu60", raw, "-o", tmp_path / "a.h5", "--force")[0] == 0


def test_format_options_are_flags(raw, tmp_path, capsys):
    """Fields of a format's dataclass are flags of its own and reach the conversion."""
    shutil.copytree(raw, tmp_path / "raw")
    shutil.copy(raw / f"{NAMES[0]}.skeleton", tmp_path / "raw" / "S001C002P005R002A008.skeleton")
    code, out, _ = run(capsys, "convert", "ntu60", tmp_path / "raw", "-o", tmp_path / "a.h5")
    assert code == 0 and "left out                    1      302  on the official list of missing skeletons" in out
    code, out, _ = run(capsys, "convert", "ntu60", tmp_path / "raw", "-o", tmp_path / "b.h5", "--keep-missing")
    assert code == 0 and "13 recordings" in out
    with pytest.raises(SystemExit) as caught:
        main(["convert", "pku1", "x", "-o", "y", "--cut", "sideways"])
    assert caught.value.code == 2 and "'exclusive', 'inclusive_1', 'inclusive'" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [[], ["convert"], ["convert", "ntu61", "x", "-o", "y"], ["convert", "ntu60", "x"]])
def test_usage_errors(wrong, capsys):
    """A wrong command line exits with 2 and shows the usage."""
    with pytest.raises(SystemExit) as caught:
        main(wrong)
    assert caught.value.code == 2 and "usage: skeleton-data" in capsys.readouterr().err


def test_synth_then_convert(tmp_path, capsys):
    """Synthetic recordings go through the converter like real ones."""
    code, out, _ = run(capsys, "synth", tmp_path / "raw", "--performances", "2", "--seed", "3")
    assert code == 0 and "6 recordings of 2 performances" in out
    code, _, err = run(capsys, "convert", "ntu60", tmp_path / "raw", "-o", tmp_path / "a.h5")
    assert code == 0 and err == ""
    assert [len(group) for group in Store.open(tmp_path / "a.h5").performances()] == [3, 3]


def run_python(*arguments):
    command = [sys.executable, *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_module_runs_as_the_command():
    """``python -m skeleton_data --version`` prints the version."""
    out, err = run_python("-m", "skeleton_data", "--version").communicate(timeout=60)
    assert out.startswith("skeleton-data ") and err == ""


SLOW = """
import sys, time
from skeleton_data.cli import main
from skeleton_data.formats.ntu import NTU60

def read(self, item):
    print("reading", flush=True)
    time.sleep(60)

NTU60.read = read
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_request_to_end_cleans_up(raw, tmp_path, number):
    """SIGTERM, as batch systems send it, and Ctrl-C end a conversion with 130, one line, and no file left."""
    process = run_python("-c", SLOW, "convert", "ntu60", raw, "-o", tmp_path / "a.h5", "--workers", "1")
    assert process.stdout.readline() == "reading\n"
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and err == "skeleton-data: stopped; nothing was written.\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX pipes")
def test_reader_that_goes_is_no_error(tmp_path, raw):
    """Behind ``| head`` the command ends without a word, as others do."""
    assert main(["convert", "ntu60", str(raw), "-o", str(tmp_path / "a.h5")]) == 0
    with run_python("-m", "skeleton_data", "info", tmp_path / "a.h5") as process:
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 141


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_completion(shell, capsys):
    """A script for the shell is printed, which knows the commands and their options."""
    pytest.importorskip("shtab", reason="completion needs the extra of that name")
    with pytest.raises(SystemExit) as stop:
        main(["--print-completion", shell])
    assert stop.value.code == 0
    script = capsys.readouterr().out
    assert "skeleton-data" in script and "repack" in script and "fill-gaps" in script


def test_completion_without_its_package(monkeypatch, capsys):
    """What to install is said."""
    monkeypatch.setitem(sys.modules, "shtab", None)
    with pytest.raises(SystemExit) as stop:
        main(["--print-completion", "bash"])
    assert stop.value.code == 2 and "skeleton-aug[completion]" in capsys.readouterr().err


def test_numbers_are_asked_for_in_words(capsys):
    """A count that is none is told apart from one that is too small in the same words."""
    for given in ("x", "0", "-1"):
        with pytest.raises(SystemExit):
            main(["synth", "nowhere", f"--performances={given}"])
        assert f"must be a whole number from 1 up, got '{given}'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("convert", "ntu60", "raw", "-o", "a.h5", "--chanels", "hands"), "--chanels hands. Did you mean --channels?"),
        (("info", "a.h5", "--jsno"), "--jsno. Did you mean --json?"),
        (("info", "a.h5", "b.h5"), "b.h5; every command tells its own with --help"),
    ],
)
def test_words_that_mean_nothing(capsys, words, says):
    """An option that is none is told, with the one that was likely meant."""
    with pytest.raises(SystemExit) as caught:
        main(list(words))
    assert caught.value.code == 2 and f"unrecognized arguments: {says}\n" in capsys.readouterr().err
