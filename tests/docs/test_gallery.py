"""The gallery has a picture for each transform, and each picture shows something."""

import pytest

pytest.importorskip("matplotlib", reason="pictures need the extra viz")

from docs.pictures.exhibits import EXHIBITS
from docs.pictures.gallery import draw_gallery
from skeleton_aug.transforms import __all__ as TRANSFORMS


def test_every_transform_is_shown():
    """A new transform needs an entry."""
    assert set(EXHIBITS) == set(TRANSFORMS)


@pytest.mark.parametrize("name", EXHIBITS)
def test_the_effect_is_seen(name):
    """Some result differs from what went in, and all are shown under a title of their own."""
    exhibit = EXHIBITS[name]
    results = exhibit.results()
    assert len(results) == len(exhibit.titles) == 4
    original = exhibit.original
    assert any(result.shape != original.shape or (result != original).any() for result in results)


def test_pictures_and_page_are_made(tmp_path):
    """One file a transform, and a page that shows them."""
    made = draw_gallery(tmp_path, ["Shear", "Resample", "Bones"])
    assert all(path.stat().st_size > 5000 for path in made)
    assert all(f"({path.name})" in (tmp_path / "index.md").read_text("utf-8") for path in made)
