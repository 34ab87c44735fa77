"""Code blocks of a page of documentation: found, run as a reader would run them, or parsed where they need real data.

A fenced block that is marked ``python`` or ``sh`` is code. A ``text`` block right behind it is what it prints, where
``...`` stands for anything. The comment ``<!-- parsed only -->`` before a ``sh`` block says that its commands are held
to the command lines' own parsers, but not run.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import re
import runpy
import shlex
import subprocess
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PARSED_ONLY = "<!-- parsed only -->\n"
_BLOCK = re.compile(
    rf"(?P<note>{PARSED_ONLY})?^```(?P<language>\w+)\n(?P<code>.*?)^```\n(?:\n```text\n(?P<output>.*?)^```$)?",
    re.MULTILINE | re.DOTALL,
)
_ALONE = re.compile(r"skeleton-data [^|&;<>$\\]*")
"""A command of ours by itself, without anything that a shell would do."""
_PLACEHOLDER = re.compile(r"[A-Z]{3,}")
_FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
_COMMAND = f'skeleton-data() {{ {shlex.quote(sys.executable)} -m skeleton_data "$@"; }}\n'
_LINE_OF_PYTHON = f'python() {{ {shlex.quote(sys.executable)} "$@"; }}\n'


@dataclass(frozen=True)
class Block:
    """A block of code, and what it should print, if the page says."""

    page: str
    line: int
    language: str
    code: str
    output: str | None
    parsed_only: bool

    @property
    def place(self) -> str:
        """Where the code begins, for messages."""
        return f"{self.page}, line {self.line}"


def blocks_of(path: Path) -> list[Block]:
    """All blocks of Python and of shell commands, in order."""
    text = path.read_text("utf-8")
    return [
        Block(
            path.relative_to(ROOT).as_posix(),
            text.count("\n", 0, match.start("code")) + 1,
            match["language"],
            match["code"],
            match["output"],
            bool(match["note"]),
        )
        for match in _BLOCK.finditer(text)
        if match["language"] in ("python", "sh")
    ]


def needed_packages(blocks: Sequence[Block]) -> set[str]:
    """Top-level modules that the Python blocks import."""
    code = "\n".join(block.code for block in blocks if block.language == "python")
    return set(re.findall(r"^\s*(?:import|from) (\w+)", code, re.MULTILINE))


def run(blocks: Sequence[Block], names: dict[str, Any]) -> None:
    """Run the blocks one after the other in this folder, and compare what they print."""
    for block in blocks:
        printed = _run_python(block, names) if block.language == "python" else _run_shell(block)
        if block.output is None or doctest.OutputChecker().check_output(block.output, printed, _FLAGS):
            continue
        raise AssertionError(f"{block.place}: expected\n{block.output}\nbut got\n{printed}")


def _run_python(block: Block, names: dict[str, Any]) -> str:
    # Empty lines before the code let tracebacks name the line of the page.
    code = compile("\n" * (block.line - 1) + block.code, str(ROOT / block.page), "exec", dont_inherit=True)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(code, names)
    return printed.getvalue()


def _run_shell(block: Block) -> str:
    lines = [line for line in block.code.splitlines() if line and not line.startswith("#")]
    if all(_ALONE.fullmatch(line) for line in lines):
        return "".join(_run_here(shlex.split(line, comments=True)[1:], block) for line in lines)
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(
        ["bash", "-ec", _COMMAND + _LINE_OF_PYTHON + block.code],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=500,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "COLUMNS": "80"},
    )  # fmt: skip
    if done.returncode != 0:
        raise AssertionError(f"{block.place}: exit code {done.returncode}\n{done.stdout}")
    return done.stdout


def _run_here(arguments: Sequence[str], block: Block) -> str:
    """Run ``skeleton-data`` in this process, which saves the time to start one."""
    from skeleton_data.cli import main

    with contextlib.redirect_stdout(io.StringIO()) as printed, contextlib.redirect_stderr(printed):
        code = main(arguments)
    if code != 0:
        raise AssertionError(f"{block.place}: exit code {code}\n{printed.getvalue()}")
    return printed.getvalue()


def parse(block: Block) -> None:
    """Hold every command of ours in a block of shell commands to the parser of its command line."""
    for words in _commands(block.code):
        if any(map(_PLACEHOLDER.fullmatch, words)):
            continue
        try:
            _parse_command(words)
        except (SystemExit, AssertionError, ImportError) as error:
            if isinstance(error, SystemExit) and not error.code:
                continue  # --help and the like are done with once they are parsed
            raise AssertionError(f"{block.place}: {shlex.join(words)!r} is no command line of ours: {error}") from error


def _commands(code: str) -> Iterator[list[str]]:
    for line in code.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|")
        lexer.whitespace_split = True
        words: list[str] = []
        for word in [*lexer, ";"]:
            if set(word) <= set(";&|"):
                if words:
                    yield words
                words = []
            elif words or not re.fullmatch(r"\w+=.*", word):
                words.append(word)


def _parse_command(words: Sequence[str]) -> None:
    if words[0] == "skeleton-data":
        from skeleton_data.cli import make_parser

        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            make_parser().parse_args(words[1:])
    elif words[0] == "make":
        targets = [word for word in words[1:] if "=" not in word]
        assert all(f"\n{target}:" in (ROOT / "Makefile").read_text() for target in targets), "no such target"
    elif words[0] == "sh":
        assert (ROOT / words[1]).is_file(), "no such script"
    elif "-m" in words and words[words.index("-m") + 1].startswith("examples."):
        place = words.index("-m") + 1
        _parse_example(words[place], words[place + 1 :])


def _parse_example(module: str, arguments: Sequence[str]) -> None:
    """Let a module of the examples parse its arguments as it would, without doing anything after that."""
    import tyro

    import examples.run

    def only_parse(task: object, configs: dict[str, tuple[str, Any]], description: str) -> None:
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            if len(configs) == 1:
                ((_, default),) = configs.values()
                tyro.cli(type(default), default=default, args=list(arguments))
            else:
                tyro.extras.overridable_config_cli(dict(configs), args=list(arguments))

    assert (ROOT / module.replace(".", "/")).with_suffix(".py").is_file(), "no such module"
    before, examples.run.run_command = examples.run.run_command, only_parse
    try:
        with warnings.catch_warnings():
            # A module that has been imported is run anew, of which Python warns.
            warnings.simplefilter("ignore", RuntimeWarning)
            runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        examples.run.run_command = before
