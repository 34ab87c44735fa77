"""Code blocks of the README and of the documentation do what the pages say, in an empty folder."""

import json
import warnings

import pytest

from tests.docs import blocks, prepared

ROOT = blocks.ROOT
PREPARED = {"howto/ntu": prepared.ntu_archives, "howto/pku": prepared.pku_folders}
"""What must stand in a reader's folder before the blocks run."""
NEED_REAL_DATA = {
    "benchmarks",
    "reliability",
    "converting",
    "interchange",
    "reproducing",
    "experiments",
    "results",
    "viewing",
}
"""Pages whose shell commands are parsed and not run: for real data, or for hours."""
ELSEWHERE = {"store-format", "viewing"}
"""Pages with tests of their own, which have what they read."""
NOT_EVERYWHERE = {"howto/lightning": "lightning", "howto/huggingface": "datasets"}
"""Pages on packages that are no dependency, and are run where these are installed."""


def pages():
    found = {path.relative_to(ROOT / "docs").with_suffix("").as_posix(): path for path in (ROOT / "docs").rglob("*.md")}
    found["README"] = ROOT / "README.md"
    made = ("gallery/", "_build/")
    return {name: path for name, path in sorted(found.items()) if not name.startswith(made) and blocks.blocks_of(path)}


def parsed_only(name, block):
    return block.language == "sh" and (block.parsed_only or name in NEED_REAL_DATA)


def is_shell(block):
    return block.language == "sh"


def run_tests_of(names):
    for test in [value for name, value in names.items() if name.startswith("test_")]:
        cases = [{mark.args[0]: case} for mark in getattr(test, "pytestmark", ()) for case in mark.args[1]]
        for case in cases or [{}]:
            test(**case)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", [name for name in pages() if name not in ELSEWHERE])
def test_blocks_run(name, tmp_path, monkeypatch):
    """One block after the other, as a reader would, and then the tests that a page defines."""
    if package := NOT_EVERYWHERE.get(name):
        pytest.importorskip(package, reason=f"{package} is no dependency of this project")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    prepare = PREPARED.get(name)
    if prepare:
        prepare(tmp_path)
    found = blocks.blocks_of(pages()[name])
    names = {"__name__": f"docs_{name.replace('-', '_').replace('/', '_')}"}
    with warnings.catch_warnings():
        if package:
            warnings.simplefilter("ignore")  # those of other packages about each other
        blocks.run([block for block in found if not parsed_only(name, block)], names)
    run_tests_of(names)


@pytest.mark.parametrize("name", [name for name, path in pages().items() if any(map(is_shell, blocks.blocks_of(path)))])
def test_commands_parse(name):
    """Where commands are not run, their options are at least those that there are."""
    for block in blocks.blocks_of(pages()[name]):
        if parsed_only(name, block):
            blocks.parse(block)


def test_wrong_output_is_noticed(tmp_path):
    """A block that prints something else than the page says fails, and the page's line is named."""
    block = blocks.Block("docs/page.md", 7, "python", "print(1 + 1)\n", "3\n", parsed_only=False)
    with pytest.raises(AssertionError, match=r"docs/page\.md, line 7: expected\n3"):
        blocks.run([block], {})


@pytest.mark.parametrize(
    "command",
    ["skeleton-data convert ntu61 a -o b.h5", "python -m examples.pretrain paper --stor a.h5", "make nothing"],
)
def test_wrong_command_is_noticed(command):
    """Commands that are only parsed are held to our parsers."""
    with pytest.raises(AssertionError, match="no command line of ours"):
        blocks.parse(blocks.Block("docs/page.md", 7, "sh", command + "\n", None, parsed_only=True))


def test_the_notebook_is_the_tutorial():
    """Its cells are the page's blocks, one for one; `python -m docs.notebook` writes it anew."""
    cells = json.loads((ROOT / "docs/tutorial.ipynb").read_text("utf-8"))["cells"]
    code = ["".join(cell["source"]).removeprefix("%%sh\n").strip() for cell in cells if cell["cell_type"] == "code"]
    run = [block for block in blocks.blocks_of(ROOT / "docs/tutorial.md") if not block.parsed_only]
    assert code == [block.code.strip() for block in run]


def test_pages_that_need_packages_say_so():
    """No page is skipped for a package that its blocks do not import."""
    for name, package in NOT_EVERYWHERE.items():
        assert package in blocks.needed_packages(blocks.blocks_of(pages()[name]))
