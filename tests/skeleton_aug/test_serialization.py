import json
import re
from dataclasses import dataclass

import numpy as np
import pytest

import skeleton_aug
from skeleton_aug import (
    Compose,
    FitLength,
    Normalize,
    OneOf,
    Pipeline,
    Plan,
    Shear,
    SideDrop,
    Skeleton,
    SomeOf,
    TemporalShift,
    Transform,
    TwoViews,
    Views,
    get_skeleton,
    presets,
    transforms,
)
from skeleton_aug.operators import Affine, Custom
from skeleton_aug.settings import Settings
from skeleton_aug.testing import random_sample
from tests.skeleton_aug import frozen
from tests.skeleton_aug.frozen import OWN

ENTRIES = [(name, entry) for name in frozen.CASES for entry in frozen.read(name)]
SHEAR = {"class": "Shear", "p": 1.0, "factor_range": [-1.0, 1.0], "keep_orientation": False}
X = random_sample(np.random.default_rng(0), 1, 20)


@dataclass(frozen=True, kw_only=True)
class Wobble(Transform):
    """A user's own, with a function that no operator expresses."""

    strength: float = 0.1
    skeleton: Skeleton = OWN

    def sample(self, draws, batch):
        return Custom(self.bend, np.ones(batch.n, bool), {"factors": draws.uniform(-1, 1, size=3)})

    def bend(self, x, factors):
        return (x * (1 + self.strength * factors)).astype(x.dtype)


class Loose(Transform):
    """Its function is no method."""

    def sample(self, draws, batch):
        return Custom(np.copy, np.ones(batch.n, bool))


@dataclass(frozen=True, kw_only=True)
class Hook(Transform):
    """Its setting is no plain value."""

    function: object = np.copy

    def sample(self, draws, batch):
        return Affine.linear(np.tile(np.eye(3), (batch.n, 1, 1)))


def through_json(values):
    return json.loads(json.dumps(values, allow_nan=False))


def label(value):
    return value if isinstance(value, str) else value["saved"]["pipeline"]["class"]


@pytest.mark.parametrize(("name", "entry"), ENTRIES, ids=label)
def test_what_was_saved_is_read_and_gives_what_it_gave(name, entry):
    """Pipelines from files of earlier versions: the same settings, and the same results to rounding."""
    pipeline = Settings.from_dict(entry["saved"])
    assert repr(Settings.from_dict(through_json(pipeline.to_dict()))) == repr(pipeline)
    for found, then in zip(np.ravel(frozen.results(pipeline)), np.ravel(entry["results"]), strict=True):
        assert found["shape"] == then["shape"]
        np.testing.assert_allclose(found["values"], then["values"], rtol=1e-5, atol=1e-6)


def test_every_transform_and_preset_has_been_saved():
    """A new one is added by ``python -m tests.skeleton_aug.frozen``."""
    saved = {entry["saved"]["pipeline"]["class"] for entry in frozen.read("transforms")}
    assert saved == set(transforms.__all__)
    known = [Settings.from_dict(entry["saved"]) for entry in frozen.read("presets")]
    assert [p for p in frozen.CASES["presets"] if p not in known] == []


def test_a_plan_that_was_saved_gives_what_it_gave():
    """A plan from a file of an earlier version."""
    entry = frozen.read("plan")
    plan = Plan.from_dict(entry["saved"])
    for x, then in zip(plan.apply(frozen.samples()), entry["results"], strict=True):
        np.testing.assert_allclose(frozen.excerpt(x)["values"], then["values"], rtol=1e-5, atol=1e-6)


def test_the_form_of_a_saved_pipeline():
    """A version, class names, and all settings, those that are defaults too; skeletons by name where they are known."""
    pipeline = Compose([Shear(), SideDrop(skeleton=get_skeleton("kinect_v1"), p=0.5)])
    drop = {"class": "SideDrop", "p": 0.5, "skeleton": "kinect_v1"}
    expected = {"version": 1, "pipeline": {"class": "Compose", "transforms": [SHEAR, drop]}}
    assert pipeline.to_dict() == expected
    own = SideDrop(skeleton=OWN).to_dict()["pipeline"]["skeleton"]
    assert own == {"class": "Skeleton", **OWN.to_dict()}


def test_a_changed_default_does_not_change_a_saved_pipeline(monkeypatch):
    """Everything is written, so nothing is taken from today's defaults."""
    saved = through_json(Shear().to_dict())
    monkeypatch.setitem(Shear.__init__.__kwdefaults__, "factor_range", (-9.0, 9.0))
    assert Shear().factor_range == (-9.0, 9.0)
    assert Pipeline.from_dict(saved).factor_range == (-1.0, 1.0)


@pytest.mark.parametrize(
    "pipeline",
    [
        Wobble(),
        Compose([Wobble(strength=0.5), OneOf([Wobble(), Shear()], weights=(1, 2))]),
        TwoViews(Shear(), Compose([SideDrop(skeleton=OWN)])),
        Views([Shear(), SomeOf([Shear(), TemporalShift()], count_range=[0, 1], p=0.5)]),
        Shear(factor_range=np.array([-0.5, 0.5])),
        Shear(p=np.float64(0.5)),
        presets.aggressive(get_skeleton("kinect_v1")),
    ],
    ids=lambda p: type(p).__name__,
)
def test_round_trips(pipeline):
    """One's own transforms and skeletons, views, and NumPy's numbers come back equal from JSON and from the repr."""
    again = Settings.from_dict(through_json(pipeline.to_dict()))
    assert again == pipeline and hash(again) == hash(pipeline) and repr(again) == repr(pipeline)
    names = {**vars(skeleton_aug), "Wobble": Wobble}
    assert eval(repr(pipeline), names) == pipeline


def test_settings_that_differ_make_pipelines_that_differ():
    """Equality and hashes see every setting and the order."""
    kinds = [Shear(), Shear(p=0.5), Shear(factor_range=(-0.5, 0.5)), SideDrop(), TwoViews(Shear(), SideDrop())]
    kinds += [Compose([Shear(), SideDrop()]), Compose([SideDrop(), Shear()]), OneOf([Shear(), SideDrop()])]
    assert len(set(kinds)) == len(kinds)
    assert Shear(factor_range=[-1, 1]) == Shear() and hash(Shear(factor_range=[-1, 1])) == hash(Shear())


UNREADABLE = {
    "unknown class": (
        {"version": 1, "pipeline": {"class": "Sheer", "p": 1.0}},
        "unknown class 'Sheer': did you mean 'Shear'? Known are ",
    ),
    "an own class": (
        {"version": 1, "pipeline": {"class": "Nowhere"}},
        "one of your own is found once the module that defines it is imported",
    ),
    "unknown setting": (
        {"version": 1, "pipeline": {**SHEAR, "angle": 1}},
        "Shear: unknown setting 'angle'. Its settings are p, factor_range, keep_orientation",
    ),
    "wrong setting": ({"version": 1, "pipeline": {**SHEAR, "p": 3}}, "Shear: p must lie in [0, 1], got 3"),
    "newer": ({"version": 2, "pipeline": SHEAR}, "have version 2, and this package reads versions 1 to 1"),
    "no version": (SHEAR, "Pipeline: expected a dict with 'version' and 'pipeline'"),
    "text": ("Shear", "Pipeline: expected a dict with 'version' and 'pipeline'"),
    "views": (
        {"version": 1, "pipeline": {"class": "Views", "pipelines": [SHEAR]}},
        "describe Views, which is not a Pi",
    ),
}


@pytest.mark.parametrize(("values", "message"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_says_why(values, message):
    """With what was found and what is known."""
    with pytest.raises(ValueError, match=re.escape(message)):
        Pipeline.from_dict(values)


def test_settings_that_cannot_be_saved_say_so():
    """Functions, say: where they stand, and what could be saved."""
    with pytest.raises(TypeError, match=r"Hook: function is a .*, which cannot be saved: expected numbers"):
        Compose([Hook()]).to_dict()


def test_names_that_two_modules_give_are_refused():
    """Rather than one of both being taken; a module that is run again replaces its own."""
    saved = Wobble().to_dict()
    again = type("Wobble", (Wobble,), {"__module__": Wobble.__module__})
    assert type(Pipeline.from_dict(saved)) is again
    other = type("Wobble", (Transform,), {"__module__": "elsewhere"})
    with pytest.raises(ValueError, match=r"there is a Wobble in each of elsewhere, .*; rename all but one"):
        Pipeline.from_dict(saved)
    other.__name__ = again.__name__ = "Gone"


def test_names_of_the_package_stay_its_own():
    """A class of one's own with such a name is refused when it is saved, and does not get in the way of files."""
    saved = Shear().to_dict()
    own = type("Shear", (Shear,), {"__module__": "elsewhere"})
    assert type(Pipeline.from_dict(saved)) is Shear
    with pytest.raises(ValueError, match=r"rename elsewhere.Shear: skeleton_aug.transforms.shear has one too"):
        Compose([own()]).to_dict()


def test_plans_of_functions_replay():
    """A method of a transform is saved with its settings and what was drawn, bit for bit."""
    arrays = [random_sample(np.random.default_rng(i), 1, 9 + i) for i in range(3)]
    plan = Compose([Shear(), Wobble(p=0.5), Normalize(), FitLength(n_frames=8)]).plan(arrays, seed=1)
    again = Plan.from_dict(through_json(plan.to_dict()))
    assert plan.apply(arrays, layout="model").tobytes() == again.apply(arrays, layout="model").tobytes()
    for part in (plan.part(slice(1, 2)), again.part(slice(1, 2))):
        assert part.apply(arrays[1:2]).tobytes() == plan.apply(arrays)[1:2].tobytes()


def test_plans_of_loose_functions_are_refused():
    """A file cannot hold them; the message says what it can hold."""
    with pytest.raises(TypeError, match=r"Custom: cannot save <.*: expected a method of a transform"):
        Loose().plan([X], seed=0).to_dict()


def test_plans_on_disk(tmp_path):
    """``save`` and ``load`` are a JSON file."""
    plan = presets.aggressive(n_frames=10).plan([X], seed=1)
    plan.save(tmp_path / "plan.json")
    assert json.loads((tmp_path / "plan.json").read_text()) == plan.to_dict()
    assert Plan.load(tmp_path / "plan.json").apply([X]).tobytes() == plan.apply([X]).tobytes()


def test_plans_that_cannot_be_read_say_why():
    """Other values, an unknown operator, a method that is gone, a newer version."""
    values = Wobble().plan([X], seed=0).to_dict()
    custom = values["stages"][0]["alone"]
    for wrong, message in [
        ({"version": 1}, "Plan: expected a dict with channels, n_channels"),
        ({**values, "version": 9}, "Plan: these values have version 9"),
        ({**values, "stages": [{"alone": {"operator": "Twist"}}]}, "Plan: unknown class 'Twist'"),
        ({**values, "stages": [{"alone": {**custom, "method": "twist"}}]}, "Custom: Wobble has no method 'twist'"),
    ]:
        with pytest.raises(ValueError, match=re.escape(message)):
            Plan.from_dict(wrong)


REPRS = [
    (Shear(), "Shear()"),
    (Shear(factor_range=(-0.5, 0.5), p=0.5), "Shear(p=0.5, factor_range=(-0.5, 0.5))"),
    (Compose([]), "Compose([])"),
    (
        OneOf([Shear(), FitLength(n_frames=9)], weights=[1, 2]),
        "OneOf([Shear(), FitLength(n_frames=9)], weights=(1, 2))",
    ),
    (TwoViews(Shear(), Compose([SideDrop()])), "TwoViews(Shear(), Compose([SideDrop()]))"),
    (
        Compose(
            [Normalize(), OneOf([Shear(factor_range=(-0.5, 0.5)), Compose([TemporalShift(), SideDrop(p=0.5)])], p=0.5)]
        ),
        """\
Compose([
    Normalize(),
    OneOf([Shear(factor_range=(-0.5, 0.5)), Compose([TemporalShift(), SideDrop(p=0.5)])], p=0.5),
])""",
    ),
    (
        SomeOf(
            [Shear(factor_range=(-0.5, 0.5)), Shear(factor_range=(-0.25, 0.25), p=0.5), SideDrop()], count_range=(1, 2)
        ),
        """\
SomeOf(
    [Shear(factor_range=(-0.5, 0.5)), Shear(p=0.5, factor_range=(-0.25, 0.25)), SideDrop()],
    count_range=(1, 2),
)""",
    ),
]


@pytest.mark.parametrize(("pipeline", "expected"), REPRS, ids=lambda x: x if isinstance(x, str) else "")
def test_reprs_read_as_code(pipeline, expected):
    """Settings that are not defaults, on one line where they fit."""
    assert repr(pipeline) == expected
