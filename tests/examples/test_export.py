import json

import numpy as np
import pytest
import torch

from examples import export as module
from examples.classifiers import SavedClassifier, save_classifier
from examples.encoders import EncoderSettings, make_encoder, save_encoder
from examples.export import ExportConfig, FixedShapes, export, load_exported
from examples.run import InputError
from examples.stgcn import Classifier
from skeleton_aug import get_skeleton

LAYOUT = get_skeleton("kinect_v2")
SETTINGS = EncoderSettings(width=1 / 16, depth="four", n_frames=8, views="short")
NAMES = ("drink", "eat", "wave")


def views(n, bodies=2, seed=0):
    """Views with two bodies, with one, and with nobody."""
    x = torch.randn(n, 6, 8, 25, bodies, generator=torch.Generator().manual_seed(seed))
    x[1::3, ..., 1:] = 0
    x[2::3] = 0
    return x


@pytest.fixture(scope="module")
def classifier():
    """A classifier whose batch norms have seen something."""
    torch.manual_seed(0)
    model = Classifier(make_encoder(SETTINGS, LAYOUT), len(NAMES)).train()
    model(views(12))
    return model.eval()


@pytest.fixture(scope="module")
def checkpoint(classifier, tmp_path_factory):
    path = tmp_path_factory.mktemp("trained") / "classifier.pt"
    save_classifier(path, SavedClassifier(classifier, SETTINGS, LAYOUT, NAMES))
    return path


@pytest.fixture(scope="module")
def exported(checkpoint):
    """All three files of the classifier."""
    pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed (skeleton-aug[onnx])")
    pytest.importorskip("onnxscript", reason="onnxscript is not installed (skeleton-aug[onnx])")
    out = checkpoint.parent / "exported"
    export(ExportConfig(checkpoint=checkpoint, out=out))
    return out


@pytest.mark.parametrize("bodies", [1, 2, 3])
def test_fixed_shapes_change_nothing(classifier, bodies):
    """With absent bodies weighed by 0 in place of left out, logits and features are the same."""
    x = views(7, bodies)
    with torch.no_grad():
        torch.testing.assert_close(FixedShapes(classifier)(x), classifier(x))
        torch.testing.assert_close(FixedShapes(classifier.encoder)(x), classifier.encoder(x))


def test_fixed_shapes_of_all_bodies(classifier):
    """Where absent bodies count as bodies of zeros, they do in the export too."""
    settings = EncoderSettings(**{**vars(SETTINGS), "pooling": "all"})
    encoder = make_encoder(settings, LAYOUT).eval()
    encoder.load_state_dict(classifier.encoder.state_dict())
    with torch.no_grad():
        torch.testing.assert_close(FixedShapes(encoder)(views(7)), encoder(views(7)))


@pytest.mark.parametrize("n", [1, 4])
def test_onnx_equals_torch(exported, classifier, n):
    """ONNX Runtime gives PyTorch's logits for one view and for four, with bodies absent or not."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(exported / "network.onnx"), providers=["CPUExecutionProvider"])
    x = views(n, seed=5)
    (found,) = session.run(["logits"], {"views": x.numpy()})
    with torch.no_grad():
        np.testing.assert_allclose(found, classifier(x).numpy(), rtol=1e-4, atol=1e-5)


def test_files(exported, checkpoint):
    """The settings say what goes in and what comes out; nothing else is left in the folder."""
    assert sorted(p.name for p in exported.iterdir()) == ["network.json", "network.onnx", "network.safetensors"]
    described = json.loads((exported / "network.json").read_text())
    assert described["input"]["shape"] == ["N", 6, 8, 25, 2] and described["output"]["shape"] == ["N", 3]
    assert (described["output"]["name"], described["class_names"]) == ("logits", list(NAMES))
    assert described["settings"] == vars(SETTINGS) and described["kind"] == "skeleton classifier"
    assert len(described["checkpoint"]["sha256"]) == 64 and described["checkpoint"]["name"] == checkpoint.name


def test_loading_back(checkpoint, classifier, tmp_path):
    """From safetensors and JSON alone comes the same network, to the bit."""
    export(ExportConfig(checkpoint=checkpoint, out=tmp_path, onnx=False))
    found = load_exported(tmp_path)
    assert (found.settings, found.skeleton, found.class_names) == (SETTINGS, LAYOUT, NAMES)
    with torch.no_grad():
        assert torch.equal(found.model(views(5)), classifier(views(5)))


def test_encoders_too(classifier, tmp_path):
    """An encoder is exported with its features as output."""
    save_encoder(tmp_path / "encoder.pt", classifier.encoder, SETTINGS, LAYOUT)
    export(ExportConfig(checkpoint=tmp_path / "encoder.pt", out=tmp_path / "out", onnx=False))
    described = json.loads((tmp_path / "out" / "network.json").read_text())
    assert described["output"] == {"name": "features", "shape": ["N", 16]} and described["class_names"] is None
    with torch.no_grad():
        assert torch.equal(load_exported(tmp_path / "out").model(views(5)), classifier.encoder(views(5)))


def cut(path):
    path.write_bytes(path.read_bytes()[:200])


def change(path):
    path.write_text(path.read_text().replace('"width": 0.0625', '"width": 0.125'))


@pytest.mark.parametrize(
    ("name", "damage", "message"),
    [
        ("network.json", lambda path: path.unlink(), "network.json: no such file"),
        ("network.safetensors", lambda path: path.unlink(), "network.safetensors: no such file"),
        ("network.json", cut, "holds no whole export"),
        ("network.safetensors", cut, "holds no whole export"),
        ("network.json", change, "holds no whole export"),
    ],
)
def test_damaged_exports_are_named(checkpoint, tmp_path, name, damage, message):
    """What is missing, cut short, or does not fit, gives one clear error."""
    export(ExportConfig(checkpoint=checkpoint, out=tmp_path, onnx=False))
    damage(tmp_path / name)
    with pytest.raises(InputError, match=message):
        load_exported(tmp_path)


def test_wrong_onnx_is_not_kept(exported, checkpoint, classifier, tmp_path, monkeypatch):
    """Where ONNX Runtime computes something else the command fails and leaves no ONNX file."""
    network = module.load_network(checkpoint)
    with torch.no_grad():
        network.model.head.bias += 1
    with pytest.raises(InputError, match="outputs differ from PyTorch's by 1"):
        module.check_onnx(network, exported / "network.onnx", 4, 2)
    fail = lambda network, config, part: module.check_onnx(network, exported / "network.onnx", 4, 3)  # noqa: E731
    monkeypatch.setattr(module, "write_onnx", fail)
    with pytest.raises(Exception, match="views"):
        export(ExportConfig(checkpoint=checkpoint, out=tmp_path))
    assert not list(tmp_path.glob("*.onnx*"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--checkpoint", "absent.pt"], "absent.pt: no such checkpoint"),
        (["--bodies", "0"], "--bodies must be at least 1"),
    ],
)
def test_bad_options(refusal, checkpoint, tmp_path, options, message):
    """What cannot be exported is refused in one line, and nothing is written."""
    arguments = ["--checkpoint", checkpoint, "--out", tmp_path / "out", *options]
    assert message in refusal(module, export, arguments) and not (tmp_path / "out").exists()


def test_out_that_is_a_file(refusal, checkpoint, tmp_path):
    """A path that cannot be a folder is named."""
    (tmp_path / "file").write_text("mine")
    line = refusal(module, export, ["--checkpoint", checkpoint, "--out", tmp_path / "file", "--no-onnx"])
    assert "file: cannot be a folder" in line and (tmp_path / "file").read_text() == "mine"


def test_missing_packages_are_named(refusal, checkpoint, tmp_path, monkeypatch):
    """Without the optional packages the command says what to install, before it writes."""
    import sys

    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    line = refusal(module, export, ["--checkpoint", checkpoint, "--out", tmp_path / "out"])
    assert "onnxruntime" in line and "skeleton-aug[onnx]" in line and not (tmp_path / "out").exists()
