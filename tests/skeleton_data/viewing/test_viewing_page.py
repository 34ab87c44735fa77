"""The commands that the page on looking at recordings shows do what it says, on recordings that they simulate."""

import re
import shlex
from pathlib import Path

import pytest

from skeleton_data.cli import main

PAGE = Path(__file__).parents[3] / "docs" / "viewing.md"


def test_commands(tmp_path, monkeypatch, capsys):
    """Python and shell blocks in order: three pages and two pictures."""
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "viewing"}
    for language, code in re.findall(r"```(python|sh)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL):
        if language == "python":
            exec(compile(code, str(PAGE), "exec"), names)
            continue
        for line in code.splitlines():
            program, *arguments = shlex.split(line, comments=True)
            assert program == "skeleton-data" and main(arguments) == 0
    made = {path.name for path in tmp_path.iterdir()}
    assert {"pushing.html", "mine.html", "three.html", "pushing.png", "pushing.gif"} < made
    said = capsys.readouterr().out
    assert "pushing.html: 3 recordings, 8 draws of aggressive each, 1.65 MB." in said
    assert main(["view", "seen.h5", "--performance", "S001P017R002A052", "-o", "plain.html"]) == 0
    assert "plain.html: 3 recordings, 0.17 MB." in capsys.readouterr().out
