import json
import subprocess
import sys

from benchmarks.reliability import (
    OTHERS,
    kill_conversions,
    measure_files,
    measure_memory,
    measure_others,
    write_short_files,
)
from skeleton_data.synthetic import synthesize


def test_kills_are_counted(tmp_path):
    """Each killed conversion ends with a whole store of the same bytes, and each is counted once."""
    synthesize(tmp_path / "raw", performances=2)
    done = kill_conversions(tmp_path / "raw", tmp_path, kills=1, seed=0, workers=1)
    assert (done.kills, done.files, done.wrong) == (1, 6, 0) and done.whole + done.none == 1
    assert len(done.resumed) == done.none


def test_memory_is_measured():
    """The peak covers the process and not the store, of which most is on the disk."""
    found = measure_memory(1000)
    assert found["recordings"] == 1000 and found["store MiB"] > 25
    assert 50 < found["peak MiB"] < 600


def test_files_are_converted(tmp_path):
    """Short files have names of the data set, differ from each other, and are converted as a folder or archive."""
    write_short_files(tmp_path / "raw", 400)
    files = sorted((tmp_path / "raw").iterdir())
    assert len(files) == 400 == len({path.read_bytes() for path in files})
    assert files[0].name == "S001C001P001R001A001.skeleton"
    for source, what in (("raw", "files"), ("raw.zip", "members")):
        found = measure_files(20, source)
        assert found[what] == 20 and 50 < found["peak MiB"] < 600


def test_other_formats_are_converted():
    """Each format of other people is written, and read in a process of its own."""
    found = measure_others(30)
    assert found.pop("recordings") == 30 and set(found) == set(OTHERS)
    assert all(50 < peak < 600 for peak in found.values())


def test_tables_are_kept_in_little_memory():
    """Listing and tables of three times as many recordings take less than 400 bytes more for each."""
    command = [sys.executable, "-m", "benchmarks.reliability", "--kills", "0", "--memory", "--tables", "20000", "60000"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    few, many = (json.loads(line)["peak MiB"] for line in done.stdout.splitlines())
    assert (many - few) * (1 << 20) / 40_000 < 400
