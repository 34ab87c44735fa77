from skeleton_data import get_format
from skeleton_data.conversion.encode import Treatment, encode_item
from skeleton_data.raw import RawItem


def test_rejected_files_hold_nothing_but_their_errors(tmp_path):
    """No traceback, whose frames would keep the text of every file that cannot be read."""
    path = tmp_path / "S001C001P001R001A001.skeleton"
    path.write_text("2\n1\nno body\n")
    raw_format = get_format("ntu60")
    encoded = encode_item(raw_format, RawItem(path.stem, path), Treatment())
    assert encoded.rejected is not None
    assert encoded.rejected.__traceback__ is None
    assert encoded.rejected.__cause__ is None and encoded.rejected.__context__ is None
