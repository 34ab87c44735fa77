import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from skeleton_aug import get_skeleton
from skeleton_data import RawBody, RawSequence, Store, convert_sequences
from skeleton_data.viewing.content import Augmentation, page_data
from skeleton_data.viewing.page import page_text
from skeleton_data.viewing.pipelines import named_pipeline
from tests.skeleton_data.made import odd_positions

NASTY = '</script><script>alert(1)</script><!-- & "quotes"'


class Elements(HTMLParser):
    """Gathers tags with their attributes, and the text of scripts."""

    def __init__(self):
        super().__init__()
        self.tags, self.data, self.inside = [], "", False

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.inside = ("id", "data") in attrs

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        self.data += data if self.inside else ""


def parse(text):
    parser = Elements()
    parser.feed(text)
    return parser


@pytest.fixture(scope="module")
def text(seen, pushing):
    pipeline = named_pipeline("aggressive", seen.skeleton)
    return page_text(page_data(seen, "S001P017R002A052", pushing, Augmentation("aggressive", pipeline, 2), 30.0))


def test_needs_nothing_else(text):
    """Nothing is loaded from anywhere: no address in the page, and a policy that forbids the browser to ask for any."""
    assert set(re.findall(r"\w+://[^\s\"'<]+", text)) == {"http://www.w3.org/2000/svg"}
    parsed = parse(text)
    assert not [attrs for _, attrs in parsed.tags if "src" in attrs]
    assert [attrs["href"] for tag, attrs in parsed.tags if tag == "link"] == ["data:,"]
    (policy,) = [a["content"] for t, a in parsed.tags if t == "meta" and "http-equiv" in a]
    assert policy.startswith("default-src 'none';") and "http" not in policy


def test_the_data_is_in_it(text, seen, pushing):
    """The page holds exactly the data that it was made of, and every mark of the template is filled."""
    pipeline = named_pipeline("aggressive", seen.skeleton)
    expected = page_data(seen, "S001P017R002A052", pushing, Augmentation("aggressive", pipeline, 2), 30.0)
    assert json.loads(parse(text).data) == expected
    assert "<!-- " not in text and "<title>S001P017R002A052: pushing other person</title>" in text


def test_names_are_never_markup(tmp_path):
    """Names from a store that look like HTML stay text."""
    skeleton = get_skeleton("kinect_v2")
    body = RawBody(1, np.arange(2, dtype=np.int32), odd_positions(np.random.default_rng(0), 2, tame=True))
    sequences = [RawSequence(NASTY, 2, [body], 0, NASTY)]
    convert_sequences(sequences, tmp_path / "a.h5", skeleton=skeleton, class_names=[NASTY])
    text = page_text(page_data(Store.open(tmp_path / "a.h5"), NASTY, [0], None, None))
    plain = page_text(page_data(Store.open(tmp_path / "a.h5"), "x", [0], None, None) | {"class": "x"})
    assert [tag for tag, _ in parse(text).tags] == [tag for tag, _ in parse(plain).tags]
    assert json.loads(parse(text).data)["class"] == NASTY and "alert(1)</script>" not in text
