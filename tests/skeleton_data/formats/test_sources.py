import tracemalloc
import zipfile

import pytest

from skeleton_data.formats import sources
from skeleton_data.formats.sources import close_archives, digest, find_files, read_bytes
from skeleton_data.raw import RawFileError, RawItem


@pytest.fixture(autouse=True)
def _closed():
    yield
    close_archives()


def everything(name):
    return True


@pytest.mark.parametrize(
    "member", ["../../evil.json", "/etc/evil.json", "a/../../evil.json", "C:\\evil.json", "..\\e.json"]
)
def test_members_that_leave_the_archive_are_refused(tmp_path, member):
    """A member with an absolute path or one that climbs out is rejected by name, the others are found."""
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo(member), b"{}")
        archive.writestr("good.json", b"{}")
    found = find_files(path, everything)
    assert [item.member for item in found.items] == ["good.json"]
    assert "refused" in found.rejected[0].reason and len(found.rejected) == 1


def test_bomb_is_refused_unread(tmp_path, monkeypatch):
    """A member that would unpack to more than any recording has is refused by its announced size."""
    monkeypatch.setattr(sources, "MAX_RECORDING_BYTES", 1 << 20)
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("small.json", b"{}")
        archive.writestr("bomb.json", bytes((1 << 20) + 1))
    found = find_files(path, everything)
    assert [item.name for item in found.items] == ["small.json"]
    assert "bytes where one recording has at most" in found.rejected[0].reason


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_bomb_that_lies_about_its_size(tmp_path, method):
    """A member that holds far more than its archive announces is refused without unpacking it."""
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("a.json", bytes(64 << 20))
    content = bytearray(path.read_bytes())
    size = content.rindex(b"PK\x01\x02") + 24
    content[size : size + 4] = (100).to_bytes(4, "little")
    path.write_bytes(content)
    (item,) = find_files(path, everything).items
    tracemalloc.start()
    with pytest.raises(RawFileError, match=r"bomb\.zip!a\.json: cannot be read"):
        read_bytes(item)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert item.size == 100 and peak < 4 << 20


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packing_that_bounds_no_memory(tmp_path, method):
    """Members packed by methods that cannot be unpacked piece by piece are refused with the way out."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w", method) as archive:
        archive.writestr("a.json", b"{}")
    found = find_files(tmp_path, everything)
    assert not found.items and "Extract the archive first" in str(found.rejected[0])


def test_file_that_grew(tmp_path, monkeypatch):
    """A file that has grown past any recording since it was listed is refused, and not read to its end."""
    path = tmp_path / "a.json"
    path.write_bytes(b"{}")
    (item,) = find_files(tmp_path, everything).items
    monkeypatch.setattr(sources, "MAX_RECORDING_BYTES", 1 << 20)
    path.write_bytes(bytes(8 << 20))
    with pytest.raises(RawFileError, match="has grown past"):
        read_bytes(item)


def test_damaged_archive_and_member(tmp_path):
    """A zip that is none is rejected as a whole; a member whose bytes changed is an error of that member."""
    (tmp_path / "no.zip").write_bytes(b"PK but no zip")
    with zipfile.ZipFile(tmp_path / "yes.zip", "w") as archive:
        archive.writestr("a.json", b"0123456789" * 9)
    content = bytearray((tmp_path / "yes.zip").read_bytes())
    content[60] ^= 1
    (tmp_path / "yes.zip").write_bytes(bytes(content))
    found = find_files(tmp_path, everything)
    assert [error.file for error in found.rejected] == [str(tmp_path / "no.zip")]
    with pytest.raises(RawFileError, match=r"yes\.zip!a\.json: cannot be read .*CRC"):
        read_bytes(found.items[0])


def test_file_that_went_away(tmp_path):
    """A file lost between listing and reading is an error with its name."""
    with pytest.raises(RawFileError, match=r"gone\.json: cannot be read"):
        read_bytes(RawItem("gone.json", tmp_path / "gone.json"))


def test_circular_links_end(tmp_path):
    """A folder that links to its own parent is searched once."""
    (tmp_path / "a.json").write_text("{}")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert len(find_files(tmp_path, everything).items) == 1


def test_digest_tells_contents_apart():
    """The digest is 128 bits in hexadecimal and depends on the content."""
    assert len(digest(b"")) == 32 and digest(b"a") != digest(b"b")


def test_archive_with_a_damaged_name(tmp_path):
    """A member's name that is marked as UTF-8 and is none rejects the archive, with its name, and nothing else."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("é.json", b"{}")
    content = path.read_bytes()
    at = content.rindex("é".encode())
    path.write_bytes(content[:at] + b"\x83" + content[at + 1 :])
    (tmp_path / "good.json").write_text("{}")
    found = find_files(tmp_path, everything)
    assert [error.file for error in found.rejected] == [str(path)] and [i.name for i in found.items] == ["good.json"]


def test_member_without_a_name(tmp_path):
    """A member whose name is empty is no recording, and no failure."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo(""), b"{}")
        archive.writestr("good.json", b"{}")
    assert [item.name for item in find_files(tmp_path, everything).items] == ["good.json"]
