"""What the commands share."""

import time

from skeleton_data.commands import patience


def test_long_work_says_why(capsys):
    """The reason comes once, and only where it takes longer than that."""
    with patience("a reason.", seconds=0.01):
        time.sleep(0.3)
    assert capsys.readouterr().err == "skeleton-data: a reason.\n"
    with patience("a reason.", seconds=60):
        pass
    assert capsys.readouterr().err == ""
