import importlib.util

import numpy as np
import pytest

from skeleton_data import SkeletonDataError
from skeleton_data.viewing import pictures
from skeleton_data.viewing.content import Augmentation, page_data
from skeleton_data.viewing.pictures import draw_animation, draw_picture
from skeleton_data.viewing.pipelines import named_pipeline

matplotlib = pytest.importorskip("matplotlib", reason="matplotlib (extra viz) is not installed")
Image = pytest.importorskip("PIL.Image")


def data(seen, samples, augment=True, fps=30.0):
    pipeline = named_pipeline("conservative", seen.skeleton)
    return page_data(seen, "pushing", samples, Augmentation("conservative", pipeline, 1) if augment else None, fps)


def opened(path):
    """All frames of a picture, and the picture, its file closed."""
    with Image.open(path) as image:
        frames = []
        for number in range(image.n_frames if image.format == "GIF" else 1):
            image.seek(number)
            frames.append(image.convert("RGB"))
        return frames, image


def share(image, colour):
    """Share of pixels of about this colour."""
    wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return float((np.abs(np.asarray(image, int) - wanted).max(-1) < 30).mean())


def test_picture(seen, pushing, tmp_path):
    """A PNG with a row for each recording and view, in the colours of two bodies; the same bytes again."""
    draw_picture(data(seen, pushing), tmp_path / "a.png")
    draw_picture(data(seen, pushing, augment=False), tmp_path / "b.png")
    ((both,), image), ((alone,), _) = opened(tmp_path / "a.png"), opened(tmp_path / "b.png")
    assert image.format == "PNG" and both.width == alone.width and both.height > 1.7 * alone.height
    for body in pictures.body_colours("light")[:2]:
        assert share(both, body["left"]) > 1e-3 and share(both, body["right"]) > 1e-3
    draw_picture(data(seen, pushing), tmp_path / "again.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "again.png").read_bytes()


def test_animation(seen, pushing, tmp_path, monkeypatch):
    """A GIF that repeats, whose frames differ; of many frames every third is shown, in the same time."""
    monkeypatch.setattr(pictures, "MOST_FRAMES", 40)
    draw_animation(data(seen, pushing[:1], augment=False), tmp_path / "a.gif")
    frames, image = opened(tmp_path / "a.gif")
    n = seen[pushing[0]].positions.shape[1]
    assert image.format == "GIF" and len(frames) == -(-n // 3) and image.info["loop"] == 0
    assert image.info["duration"] == 100
    first, middle = (np.asarray(frames[number], int) for number in (0, len(frames) // 2))
    assert np.abs(first - middle).max() > 100
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.gif"]


def test_nothing_is_mirrored(seen, pushing):
    """Seen from the front, a body's left hand is on the right of the picture, as a camera sees it."""
    shown = data(seen, pushing)
    left, right = (seen.skeleton.joints.index(f"{side}_shoulder") for side in ("left", "right"))
    for sequence in pictures._sequences(shown)[len(pushing) :]:
        first = sequence.places[0][~np.isnan(sequence.places[0]).any((1, 2))][0]
        assert first[left, 0] > first[right, 0]
    recorded = pictures._sequences(shown)[1]
    x = seen[pushing[1]].positions
    across, up = recorded.places[0, :, :, 0], recorded.places[0, :, :, 1]
    np.testing.assert_allclose(np.diff(across, axis=0), -np.diff(x[0, :, :, 0], axis=0), atol=3e-4)
    np.testing.assert_allclose(np.diff(up, axis=0), np.diff(x[0, :, :, 1], axis=0), atol=3e-4)


def test_existing_file(seen, pushing, tmp_path):
    """An existing picture is kept unless force is said."""
    (tmp_path / "a.png").write_text("mine")
    with pytest.raises(SkeletonDataError, match="exists already"):
        draw_picture(data(seen, pushing[:1], augment=False), tmp_path / "a.png")
    assert (tmp_path / "a.png").read_text() == "mine"
    draw_picture(data(seen, pushing[:1], augment=False), tmp_path / "a.png", force=True)
    assert opened(tmp_path / "a.png")[1].format == "PNG"


@pytest.mark.parametrize("write", [draw_picture, draw_animation])
def test_without_matplotlib(seen, pushing, tmp_path, monkeypatch, write):
    """Where matplotlib is not installed, one line says what to install."""
    found = importlib.util.find_spec
    monkeypatch.setattr(pictures, "find_spec", lambda name: None if name == "matplotlib" else found(name))
    with pytest.raises(SkeletonDataError, match=r"pip install 'skeleton-aug\[viz\]'"):
        write(data(seen, pushing[:1], augment=False), tmp_path / "a")
    assert list(tmp_path.iterdir()) == []
