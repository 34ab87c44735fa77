import json

import numpy as np
import pytest

from benchmarks.data import SECTIONS, main, speed_table
from benchmarks.line_reader import read_lines
from benchmarks.measure import Timing
from skeleton_data.formats.ntu_text import parse
from skeleton_data.synthetic import performance_list, simulate
from skeleton_data.synthetic.ntu_text import ntu_text


def test_line_reader_reads_what_we_read():
    """The yardstick does the whole work: the same positions, to float32."""
    text = ntu_text(simulate(performance_list(1)[0], 1, 0), 0)
    frames, read = read_lines(text), parse(text, "file")
    assert len(frames) == read.n_frames
    joints = [[joint["x"], joint["y"], joint["z"]] for bodies in frames for body in bodies for joint in body["joints"]]
    np.testing.assert_array_equal(np.array(joints, np.float32).reshape(-1, 25, 3), read.positions)


def test_quick_run_prints_every_section_and_saves_it(tmp_path, capsys):
    """The command runs, prints tables and writes finite numbers for all that it measures."""
    main(["--quick", "--json", str(tmp_path / "r.json")])
    saved = json.loads((tmp_path / "r.json").read_text())["sections"]
    printed = capsys.readouterr().out
    assert list(saved) == list(SECTIONS)
    for section, timings in saved.items():
        assert f"### {section.capitalize()}\n\n|" in printed
        assert all(np.isfinite(t["median_us"]) and t["median_us"] >= 0 for t in timings.values())
        assert sum(t["ratio"] is None for t in timings.values()) == 1


def test_only_one_section_in_the_time_of_the_thread(capsys):
    """--only and --cpu-time are obeyed."""
    main(["--quick", "--cpu-time", "--only", "parse"])
    printed = capsys.readouterr().out
    assert "CPU time" in printed and printed.count("###") == 1


@pytest.mark.parametrize(("ratio", "marked"), [(0.2, True), (0.1, False)])
def test_stars_mark_missed_targets(ratio, marked):
    """Speed is bytes over time; too few times the floor, or too few megabytes, gets a star."""
    timings = {"floor": Timing(10, 0), "ours": Timing(10 * ratio, 0.0, ratio)}
    rows = speed_table("", 1000, timings, {"ours": 6.0, "floor, MB/s": 101.0}).splitlines()[2:]
    assert rows[0] == "| floor * | 100.0 | 0.0 |  |"
    assert rows[1] == f"| ours{' *' if marked else ''} | {100 / ratio:.1f} | 0.0 | {1 / ratio:.1f} |"
