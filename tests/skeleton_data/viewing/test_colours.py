import re

import pytest

from skeleton_data.viewing.colours import body_colours


def lightness(colour):
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_sides_differ_in_lightness(theme):
    """Left and right of every body can be told apart without seeing hues, and no colour comes twice."""
    bodies = body_colours(theme)
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for body in bodies for colour in body.values())
    assert all(lightness(body["left"]) > lightness(body["right"]) + 40 for body in bodies)
    assert len({colour for body in bodies for colour in body.values()}) == 3 * len(bodies)
