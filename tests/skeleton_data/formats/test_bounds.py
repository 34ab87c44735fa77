"""Files made to cost time or memory: each is refused, or read within bounds that its own size sets."""

import time
import tracemalloc

import pytest

from skeleton_data.formats import ntu_text as ntu_parser
from skeleton_data.formats import nucla, pku, pku_labels, pku_splits
from skeleton_data.formats.pku_labels import Annotation, name_instances
from skeleton_data.raw import RawFileError, RawItem


def peak_of(call):
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_ntu_text_of_odd_numbers(ntu_text, ntu_frames, monkeypatch):
    """A recording all of whose numbers need the slow reader takes memory by its size, and one too large is refused."""
    lines = ntu_text(ntu_frames(0, 300)).split(b"\n")
    text = b"\n".join(b" ".join([b"nan"] * 12) if line.count(b" ") == 11 else line for line in lines)
    parse = ntu_parser.parse
    parse(text, "x")
    assert peak_of(lambda: parse(text, "x")) < 20 * len(text)
    monkeypatch.setattr(ntu_parser, "MAX_BYTES", 1000)
    with pytest.raises(RawFileError, match="bytes where one recording has at most 1,000"):
        parse(text, "x")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"1 2 3\n" * 2_000_000, "line 1: expected 150 numbers"),
        (b"\n" * 8_000_000, "no frames"),
        (b"9" * 8_000_000, "line 1: expected 150 numbers"),
        (bytes((64 << 20) + 1), "refused: more than"),
    ],
    ids=["narrow", "blank", "one number", "too large"],
)
def test_pku_text(tmp_path, content, says):
    """Text that is no recording is refused without building numbers from it."""
    (tmp_path / "0002-L.txt").write_bytes(content)
    began = time.process_time()
    with pytest.raises(RawFileError, match=says):
        pku.read_frames(tmp_path / "0002-L.txt")
    assert time.process_time() - began < 5


def test_labels(tmp_path):
    """Neither a large label file nor one of many annotations is matched; the most that are take a second or two."""
    path = tmp_path / "0002-L.txt"
    for content, says in ((b"1,1,1\n" * 401, "401 annotations"), (b"1,1,1\n" * 20_000, "more than 65,536 bytes")):
        path.write_bytes(content)
        with pytest.raises(RawFileError, match=says):
            pku_labels.read_labels(path)
    path.write_bytes(b"1," + b"9" * 5000 + b",1\n")
    with pytest.raises(RawFileError, match="whole numbers"):
        pku_labels.read_labels(path)
    annotations = [Annotation(0, 0, 9, n, False) for n in range(pku_labels.MAX_ANNOTATIONS)]
    began = time.process_time()
    name_instances("0002", dict.fromkeys("LMR", annotations))
    assert time.process_time() - began < 10


def test_splits_and_json(tmp_path):
    """A split file and a JSON recording that are far too large are refused unread."""
    (tmp_path / "split.txt").write_bytes(b"0002-L," * 200_000)
    with pytest.raises(RawFileError, match="more than 1,048,576 bytes"):
        pku_splits.read_split_file(tmp_path / "split.txt", 1)
    (tmp_path / "a01_s01_e00_v01.json").write_bytes(b"[" + b"[]," * 3_000_000)
    item = RawItem("a01_s01_e00_v01", tmp_path / "a01_s01_e00_v01.json")
    with pytest.raises(RawFileError, match="where one recording has at most 8,388,608"):
        nucla.NUCLA().read(item)
