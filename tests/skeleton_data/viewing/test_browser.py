"""The page in a real browser, without a network: it plays, scrubs, rotates, zooms and draws again."""

from base64 import b64decode

import numpy as np
import pytest

from skeleton_data import Store
from skeleton_data.viewing.content import TO_STAGE, Augmentation, page_data, unpack
from skeleton_data.viewing.page import page_text
from skeleton_data.viewing.pipelines import named_pipeline
from tests.skeleton_data.made import odd_store
from tests.skeleton_data.viewing.chromium import chromium, open_page, why_not

pytest.importorskip("selenium", reason="selenium (extra test) is not installed")
if why_not():
    pytest.skip(why_not(), allow_module_level=True)

from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.support.ui import WebDriverWait


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture(scope="module")
def pages(seen, pushing, tmp_path_factory):
    """Addresses of a page of a performance with views, and of one of a recording alone, and their data."""
    folder = tmp_path_factory.mktemp("pages")
    pipeline = named_pipeline("aggressive", seen.skeleton)
    made = {
        "performance": page_data(seen, "S001P017R002A052", pushing, Augmentation("aggressive", pipeline, 3), 30.0),
        "recording": page_data(seen, "S001C001P017R002A052", pushing[:1], None, None),
    }
    for name, data in made.items():
        (folder / f"{name}.html").write_text(page_text(data), "utf-8")
    return {name: ((folder / f"{name}.html").as_uri(), data) for name, data in made.items()}


def shown(browser):
    """All pictures, once everything that changed is drawn."""
    script = """
      const done = arguments[0];
      const all = () => [...document.querySelectorAll('canvas.view')].map((c) => c.toDataURL());
      requestAnimationFrame(() => requestAnimationFrame(() => done(all())));
    """
    return browser.execute_async_script(script)


def text(browser, selector):
    return browser.execute_script(f"return document.querySelector('{selector}').textContent")


def frame(browser):
    return int(browser.execute_script("return document.getElementById('frame').value"))


def press(browser, *keys):
    ActionChains(browser).send_keys(*keys).perform()


def complaints(browser):
    """Errors and warnings that the browser wrote down since it was asked last."""
    return [entry["message"] for entry in browser.get_log("browser")]


@pytest.fixture
def page(browser, pages, request):
    """The page of the performance, paused at frame 30."""
    open_page(browser, pages["performance"][0] + "#frame=30")
    shown(browser)
    yield browser
    assert complaints(browser) == []


def test_loads_without_a_network(page, pages):
    """Nothing is asked for but the page itself, and six pictures with names, legend and facts stand there."""
    assert page.execute_script("return navigator.onLine") is False
    assert page.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert page.title == "S001P017R002A052: pushing other person" and text(page, "h1") == "S001P017R002A052"
    assert "subject 17, setup 1, replication 2 · seen.h5 · 3 recordings" in text(page, "#facts")
    titles = page.execute_script("return [...document.querySelectorAll('.panel .what')].map((e) => e.textContent)")
    assert titles == [*(f"camera {c}" for c in (1, 2, 3)), *(f"camera {c}, aggressive" for c in (1, 2, 3))]
    assert len(set(shown(page))) == 6
    legend = text(page, "#legend")
    assert "body 2: left, middle, right" in legend and "inferred by the sensor" in legend


def test_positions_are_those_of_the_store(page, pages):
    """What the page's code unpacks is what was packed, turned to how it is seen, with missing joints marked."""
    script = """
      const data = JSON.parse(document.getElementById('data').textContent);
      const track = new Track(arguments[0] < 0 ? data.recordings[2].positions
                                               : data.augmentation.draws[arguments[0]][2].positions);
      return [...track.places].map((value) => Number.isNaN(value) ? null : value);
    """
    data = pages["performance"][1]
    for number, packed in [(-1, data["recordings"][2]["positions"])] + [
        (k, views[2]["positions"]) for k, views in enumerate(data["augmentation"]["draws"])
    ]:
        places = np.array(page.execute_script(script, number), np.float64).reshape(*packed["shape"], 3)
        expected = unpack(packed)
        missing = (expected == 0).all(-1)
        expected = expected @ np.array(TO_STAGE[packed["axes"]]).T
        np.testing.assert_array_equal(np.isnan(places).all(-1), missing)
        np.testing.assert_allclose(places[~missing], expected[~missing], atol=1e-6)


def test_plays_and_pauses(page):
    """Space plays and pauses; frames go on and the pictures change; the time is that of the frame."""
    before = shown(page)
    press(page, Keys.SPACE)
    WebDriverWait(page, 10).until(lambda _: frame(page) not in (30, 31))
    assert page.execute_script("return document.getElementById('play').getAttribute('aria-label')") == "Pause"
    press(page, Keys.SPACE)
    after = shown(page)
    stopped = frame(page)
    assert frame(page) == stopped and all(a != b for a, b in zip(before, after, strict=True))
    assert text(page, "#time") == f"frame {stopped} / 149 · {stopped / 30:.2f} / 4.97 s"


def test_steps_and_scrubs(page):
    """Arrows and page keys step, ends are ends, and the slider and the lanes below a picture go to a place."""
    for keys, expected in (
        ([Keys.ARROW_RIGHT], 31), ([Keys.ARROW_LEFT] * 2, 29), ([Keys.PAGE_DOWN], 39), ([Keys.PAGE_UP] * 2, 19),
        ([Keys.END], 149), ([Keys.ARROW_RIGHT], 149), ([Keys.HOME], 0),
    ):  # fmt: skip
        press(page, *keys)
        shown(page)
        assert frame(page) == expected
    slider = page.find_element("id", "frame")
    before = shown(page)
    ActionChains(page).move_to_element(slider).click().perform()
    middle = shown(page)
    assert 65 < frame(page) < 85 and middle[3] != before[3]
    lanes = page.find_elements("css selector", ".lanes")[4]
    ActionChains(page).move_to_element(lanes).click_and_hold().move_by_offset(40, 0).release().perform()
    shown(page)
    assert frame(page) > 85


def test_recordings_stay_side_by_side_and_end(page, pages):
    """All cameras show the same frame; one that is over says so, and a view says which moment it shows."""
    at = "return [...document.querySelectorAll('.panel .at')].map((e) => e.textContent)"
    lengths = [one["positions"]["shape"][1] for one in pages["performance"][1]["recordings"]]
    told = page.execute_script(at)
    assert told[:3] == [f"30 / {n - 1}" for n in lengths]
    source = pages["performance"][1]["augmentation"]["draws"][0][1]["source"][30]
    assert told[4] == f"30 / 149, from {source:g}"
    press(page, Keys.END)
    shown(page)
    assert page.execute_script(at)[:3] == [f"ended at {n - 1}" for n in lengths]


def test_matches_moments(page, pages):
    """If asked, a recording shows the moment that its view shows."""
    page.find_element("id", "match").click()
    shown(page)
    told = page.execute_script("return [...document.querySelectorAll('.panel .at')].map((e) => e.textContent)")
    views = pages["performance"][1]["augmentation"]["draws"][0]
    assert [int(one.split(" /")[0]) for one in told[:3]] == [int(view["source"][30] + 0.5) for view in views]


def test_missing_is_told(page, pages):
    """A body that is not there yet, and joints that a view lost, are named."""
    press(page, Keys.HOME)
    shown(page)
    missing = "return [...document.querySelectorAll('.panel .missing')].map((e) => e.textContent)"
    told = page.execute_script(missing)
    x = unpack(pages["performance"][1]["recordings"][2]["positions"])
    assert not x[0, 0].any() and told[2] == "missing: body 1" and told[0] == ""
    words = [
        next(step["words"] for step in view["steps"] if step["transform"] == "SideDrop")
        for view in pages["performance"][1]["augmentation"]["draws"][0]
    ]
    assert [bool(word) for word in words] == ["10 joints of body" in one for one in told[3:]]


def test_rotates_and_zooms(page):
    """Dragging turns all pictures, and the wheel, keys and buttons zoom; R brings the first look back."""
    before = shown(page)
    canvas = page.find_elements("css selector", "canvas.view")[1]
    ActionChains(page).move_to_element(canvas).click_and_hold().move_by_offset(60, 10).release().perform()
    turned = shown(page)
    assert all(a != b for a, b in zip(before, turned, strict=True))
    press(page, "r")
    assert shown(page) == before
    ActionChains(page).scroll_from_origin(_origin(canvas), 0, -200).perform()
    assert all(a != b for a, b in zip(before, shown(page), strict=True))
    press(page, "r", "+")
    closer = shown(page)
    press(page, "-")
    assert closer != before and shown(page) == before
    page.find_element("id", "farther").click()
    assert shown(page) not in (before, closer)
    page.find_element("id", "reset").click()
    assert shown(page) == before


def _origin(element):
    from selenium.webdriver.common.actions.wheel_input import ScrollOrigin

    return ScrollOrigin.from_element(element)


def test_nothing_is_mirrored(page):
    """A point at the sensor's left comes out at the left, one above at the top, and a nearer one larger."""
    script = """
      const camera = new Camera({yaw: 0, pitch: 0, zoom: 1}, {middle: [0, 0, 0]}, 1, 200, 200);
      return [[-0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]].map((place) => camera.project(...place));
    """
    left, above, near = page.execute_script(script)
    assert left[0] < 100 and left[1] == 100
    assert above[0] == 100 and above[1] < 100
    assert near[3] > left[3] == 1


def test_draws_again(page, pages):
    """The button steps through the draws, round and back: pictures of views change, and what was drawn is listed."""
    draws = pages["performance"][1]["augmentation"]["draws"]

    def listed():
        return page.execute_script("return document.getElementById('steps').innerText")

    before, first = shown(page), listed()
    assert text(page, "#which") == "draw 1 of 3"
    for number in (1, 2):
        page.find_element("id", "again").click()
        after = shown(page)
        assert text(page, "#which") == f"draw {number + 1} of 3"
        assert after[:3] == before[:3] and all(a != b for a, b in zip(after[3:], before[3:], strict=True))
        assert listed() != first
        for view in draws[number]:
            for step in view["steps"]:
                assert all(line in listed() for line in [step["transform"], *step["words"]])
        assert f"seed=0, epoch={number}, index=1" in listed()
    press(page, "d")
    assert shown(page) == before and listed() == first
    press(page, "D")
    shown(page)
    assert text(page, "#which") == "draw 3 of 3"


def test_speed_and_help(page):
    """Arrows up and down change the speed, a question mark shows the keys, and T changes light and dark."""
    press(page, Keys.ARROW_UP)
    assert page.execute_script("return document.getElementById('speed').value") == "2"
    press(page, Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    assert page.execute_script("return document.getElementById('speed').value") == "0.5"
    before = shown(page)
    press(page, "t")
    assert shown(page) != before
    assert page.execute_script("return document.documentElement.dataset.theme") == "dark"
    press(page, "?")
    assert page.execute_script("return document.getElementById('keys').open")
    press(page, Keys.ESCAPE)
    assert not page.execute_script("return document.getElementById('keys').open")


def test_follows_the_preferred_scheme(browser, pages):
    """Who prefers dark gets dark."""
    open_page(browser, pages["performance"][0] + "#frame=30")
    light = shown(browser)
    open_page(browser, pages["performance"][0] + "#frame=30", scheme="dark")
    assert shown(browser) != light and complaints(browser) == []
    background = "return getComputedStyle(document.body).backgroundColor"
    assert max(map(int, browser.execute_script(background)[4:-1].split(","))) < 60


def test_link_to_a_place(browser, pages):
    """An address may name the frame, the draw and the look."""
    open_page(browser, pages["performance"][0] + "#frame=12&draw=2")
    plain = shown(browser)
    open_page(browser, pages["performance"][0] + "#frame=12&draw=2&yaw=30&zoom=1.5")
    assert frame(browser) == 12 and text(browser, "#which") == "draw 2 of 3" and shown(browser) != plain
    open_page(browser, pages["performance"][0] + "#frame=x&draw=&zoom=-1")
    shown(browser)
    assert text(browser, "#which") == "draw 1 of 3" and complaints(browser) == []


def touch(browser, *moves):
    """Fingers down at the places of the first move, along the others, and up."""
    for number, places in enumerate(moves):
        points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(places)]
        kind = "touchMove" if number else "touchStart"
        browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


@pytest.mark.parametrize("name", ["performance", "recording"])
@pytest.mark.parametrize(("width", "height"), [(320, 568), (390, 844), (844, 390)])
def test_on_a_phone(browser, pages, name, width, height):
    """Nothing is wider than the screen, buttons can be hit, and fingers turn and pinch."""
    open_page(browser, pages[name][0] + "#frame=30", width=width, height=height, phone=True)
    before = shown(browser)
    assert browser.execute_script("return [document.documentElement.scrollWidth, innerWidth]") == [width, width]
    wide = """
      const seen = (e) => e.getClientRects().length > 0 && getComputedStyle(e).display !== 'none';
      return [...document.querySelectorAll('body *')].filter(seen)
        .filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.tagName + e.className);
    """
    assert browser.execute_script(wide) == []
    box = browser.execute_script(
        "const {left, top, width, height} = document.querySelector('canvas.view').getBoundingClientRect();"
        "return [left + width / 2, top + height / 2]"
    )
    x, y = box
    touch(browser, [(x, y)], *([(x + step, y)] for step in range(5, 60, 5)))
    turned = shown(browser)
    assert all(a != b for a, b in zip(before, turned, strict=True))
    touch(browser, [(x - 10, y), (x + 10, y)], *([(x - 10 - s, y), (x + 10 + s, y)] for s in range(5, 40, 5)))
    assert all(a != b for a, b in zip(turned, shown(browser), strict=True))
    sizes = browser.execute_script(
        "return [...document.querySelectorAll('footer button')].map((e) => e.getBoundingClientRect())"
        ".filter((r) => r.width > 0).map((r) => Math.min(r.width, r.height))"
    )
    assert min(sizes) >= 34 and complaints(browser) == []


def test_recording_alone(browser, pages):
    """Without augmentation there is nothing to draw again; without a frame rate there is no time."""
    open_page(browser, pages["recording"][0] + "#frame=3")
    shown(browser)
    hidden = "return ['drawn', 'draw-again'].map((id) => document.getElementById(id).hidden)"
    assert browser.execute_script(hidden) == [True, True]
    n = pages["recording"][1]["recordings"][0]["positions"]["shape"][1]
    assert text(browser, "#time") == f"frame 3 / {n - 1}" and "frame rate not known" in text(browser, "#facts")
    press(browser, "d", "D")
    assert complaints(browser) == []


def test_inferred_joints_look_different(browser, pages, tmp_path):
    """The same recording without what the sensor tells of its joints makes another picture, and says so."""
    open_page(browser, pages["recording"][0] + "#frame=30")
    told = shown(browser)
    data = pages["recording"][1]
    (recording,) = data["recordings"]
    states = np.frombuffer(b64decode(recording["states"]), np.uint8).reshape(recording["positions"]["shape"])
    assert (states[:, 30] == 1).any()
    (tmp_path / "a.html").write_text(page_text({**data, "recordings": [{**recording, "states": None}]}), "utf-8")
    open_page(browser, (tmp_path / "a.html").as_uri() + "#frame=30")
    assert shown(browser) != told and "is not in this store" in text(browser, "#legend")


def test_odd_recordings(browser, tmp_path):
    """Huge numbers, gaps, three bodies and one frame are shown without an error."""
    store: Store = odd_store(tmp_path / "odd.h5", 0)
    data = page_data(store, "odd", range(len(store)), None, None)
    (tmp_path / "a.html").write_text(page_text(data), "utf-8")
    open_page(browser, (tmp_path / "a.html").as_uri() + "#frame=0")
    assert len(shown(browser)) == len(store)
    press(browser, Keys.SPACE)
    WebDriverWait(browser, 10).until(lambda _: frame(browser) > 0)
    assert complaints(browser) == []
