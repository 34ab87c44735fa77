import tracemalloc

import h5py
import numpy as np
import pytest

from skeleton_aug.skeletons import KINECT_V2
from skeleton_data import convert
from skeleton_data.conversion import first_seen, spills
from skeleton_data.conversion.encode import Counts
from skeleton_data.conversion.journal import Entry, SampleEntry, TrackEntry
from skeleton_data.conversion.tables import Tables
from skeleton_data.packed import Packed
from skeleton_data.raw import Listing, RawBody, RawItem, RawSequence
from skeleton_data.storage.schema import store_digest


def entry(number):
    """A file of two recordings, every third one a copy, with names of several lengths and alphabets."""
    samples = [
        SampleEntry(f"{'äb'[half] * (number % 5)}{number}-{half}", 1, f"P{number // 2}", 2, 3, 4, 5, 6, 1, mark, tracks)
        for half, (mark, tracks) in enumerate(
            [(f"{number // 3:032x}", [TrackEntry(7, 0, 6, True)]), (f"{1 << 90 | number:032x}", [])]
        )
    ]
    return Entry("n", f"raw/{'x' * (number % 7)}{number}", number, 0, "", "0" * 32, samples, [], None, Counts())


@pytest.mark.parametrize("piece", [3, 1 << 14])
def test_tables_are_those_that_were_added(tmp_path, monkeypatch, piece):
    """What is read back and what stands in the file is what came, whatever the size of a piece."""
    monkeypatch.setattr(spills, "PIECE", piece)
    entries = [entry(number) for number in range(20)]
    tables = Tables(tmp_path)
    for one in entries:
        tables.add(one)
    names = [sample.name for one in entries for sample in one.samples]
    samples = tables.samples()
    assert len(tables) == 40 and samples["name"].tolist() == names and names[3] in tables and "none" not in tables
    assert samples["source"].tolist() == [at // 2 for at in range(40)]
    assert samples["performance"].tolist() == [at // 4 for at in range(40)]
    assert samples["duplicate_of"][::2].tolist() == [-1 if at % 3 == 0 else 2 * (at - at % 3) for at in range(20)]
    assert tables.digest() == store_digest(names, samples["checksum"])
    with h5py.File(tmp_path / "a.h5", "w") as file:
        tables.write(file)
        assert [name.decode() for name in file["samples"]["name"]] == names
        assert [path.decode() for path in file["sources"]["path"]] == [one.path for one in entries]
        assert [name.decode() for name in file["performances"]] == [f"P{at}" for at in range(10)]
        assert file["tracks"]["row"].tolist() == [6 * at for at in range(20)] and tables.n_tracks == 20
        assert file["samples"].dtype[0].itemsize == max(len(name.encode()) for name in names)
    tables.close()


class Tiny:
    """Recordings of one frame, as many as one likes."""

    name, skeleton, class_names = "tiny", KINECT_V2, ("a",)

    def __init__(self, n):
        self.n = n

    def find(self, source):
        return Listing(Packed(RawItem(f"R{at:06}", source / f"{at:06}.txt", size=9) for at in range(self.n)))

    def read(self, item):
        body = RawBody(1, np.zeros(1, np.int32), np.full((1, 25, 3), 1 + int(item.name[1:]), np.float32))
        return [RawSequence(item.name, 1, [body], 0, item.name, camera=1, source_digest="0" * 32)]

    def splits(self, samples):
        return {"xview": (np.flatnonzero(samples["camera"] == 1), np.flatnonzero(samples["camera"] != 1))}


def test_memory_hardly_grows_with_the_recordings(tmp_path, monkeypatch):
    """From one size to three times as many, a conversion takes less than 400 bytes more a recording."""
    monkeypatch.setattr(first_seen, "_RECENT", 200)
    monkeypatch.setattr(spills, "PIECE", 200)
    convert(Tiny(10), tmp_path, tmp_path / "first.h5")
    peaks = {}
    for n in (1000, 3000):
        tracemalloc.start()
        try:
            convert(Tiny(n), tmp_path, tmp_path / f"{n}.h5")
            peaks[n] = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert (peaks[3000] - peaks[1000]) / 2000 < 400
