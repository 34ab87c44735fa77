from benchmarks.reliability import kill_conversions, measure_memory
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
