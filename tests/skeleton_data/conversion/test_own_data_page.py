"""The commands that the page on one's own data shows do what it says, on the files that it makes."""

import re
import shlex
from pathlib import Path

from skeleton_data import Store
from skeleton_data.cli import main

PAGE = Path(__file__).parents[3] / "docs" / "own-data.md"


def test_commands(tmp_path, monkeypatch, capsys):
    """Python and shell blocks in order: the folder becomes a store with its names, classes and split."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "own_data"}
    for language, code in re.findall(r"```(python|sh)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL):
        if language == "python":
            exec(compile(code, str(PAGE), "exec"), names)
            continue
        for line in code.splitlines():
            program, *arguments = shlex.split(line, comments=True)
            assert program == "skeleton-data" and main(arguments) == 0
    store = Store.open("mine.h5")
    assert store.samples["name"].tolist() == ["walk", "fall", "hug", "wave"]
    assert store.class_names == ("falling", "hugging", "walking", "waving")
    assert [list(part) for part in store.split("given")] == [[0, 2], [1, 3]]
    assert store[2].positions.shape == (2, 80, 25, 3) and "4 recordings from 4 files" in capsys.readouterr().out
