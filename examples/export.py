"""A trained network for other programs: ONNX, checked against PyTorch, and safetensors with its settings as JSON.

    python -m examples.export --checkpoint runs/ntu60-supervised/classifier.pt --out exported

An encoder.pt gives features, a classifier.pt logits. The input is a batch of views as the settings describe them:
(N, C, T, V, M) float32, absent bodies all zeros. N is free, the other axes are fixed.
"""

from __future__ import annotations

import json
import logging
import warnings
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
import tyro
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

import skeleton_aug
from examples import classifiers, encoders
from examples.classifiers import load_classifier
from examples.encoders import EncoderSettings, load_encoder, make_encoder
from examples.run import InputError, load_checkpoint, run_command, write_atomically
from examples.stgcn import STGCN, Classifier
from skeleton_aug import Skeleton

OPSET = 20
TOLERANCE = 1e-4
"""Largest difference between ONNX Runtime and PyTorch, as a share of the largest output (or of 1)."""


@dataclass(frozen=True)
class ExportConfig:
    """Settings.

    Parameters
    ----------
    checkpoint : Path
        encoder.pt or classifier.pt of a run.
    out : Path
        Folder for network.onnx, network.safetensors and network.json.
    onnx : bool
        Write network.onnx; needs the packages of skeleton-aug[onnx].
    bodies : int
        Bodies of a view, M, in the ONNX input.
    """

    checkpoint: Path
    out: Path
    onnx: bool = True
    bodies: int = 2


CONFIGS = {"default": ("", ExportConfig(checkpoint=tyro.MISSING, out=tyro.MISSING))}


class FixedShapes(nn.Module):
    """The network in evaluation mode, with shapes that do not depend on who is present.

    Absent bodies go through the blocks too and are weighed with 0, which in evaluation mode gives the same numbers.
    """

    def __init__(self, network: STGCN | Classifier) -> None:
        super().__init__()
        self.encoder = network.encoder if isinstance(network, Classifier) else network
        self.head = network.head if isinstance(network, Classifier) else nn.Identity()

    def forward(self, views: Tensor) -> Tensor:
        """(N, C, T, V, M) -> (N, features) or (N, classes)."""
        n, c, t, v, m = views.shape
        bodies = views.permute(0, 4, 1, 2, 3).reshape(n * m, c, t, v)
        present = (bodies.flatten(1).abs().amax(1) > 0).view(n, m).to(views.dtype)
        if self.encoder.pooling == "all":
            present = torch.ones_like(present)
        # A sample without anybody is represented by its first (empty) body, as in training.
        nobody = 1 - present.amax(1, keepdim=True)
        weights = torch.cat([present[:, :1] + nobody, present[:, 1:]], dim=1)
        features = self.encoder.encode_bodies(bodies).view(n, m, -1)
        return self.head((features * weights[..., None]).sum(1) / weights.sum(1, keepdim=True))


@dataclass(frozen=True)
class Network:
    """A trained network with what it takes; ``class_names`` is None for an encoder."""

    model: STGCN | Classifier
    settings: EncoderSettings
    skeleton: Skeleton
    class_names: tuple[str, ...] | None

    @property
    def encoder(self) -> STGCN:
        """The network without a classifier's head."""
        return self.model.encoder if isinstance(self.model, Classifier) else self.model

    def view_shape(self, n: int, bodies: int) -> tuple[int, int, int, int, int]:
        """Shape of a batch of n views."""
        return n, self.encoder.in_channels, self.settings.n_frames, self.skeleton.n_joints, bodies


def export(config: ExportConfig) -> None:
    """Write the files, each in one step, and say how far ONNX Runtime is from PyTorch."""
    if config.bodies < 1:
        raise InputError(f"--bodies must be at least 1, got {config.bodies}.")
    network = load_network(config.checkpoint)
    if config.onnx:
        require_onnx()
    try:
        config.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{config.out}: cannot be a folder ({error.strerror}). Give another --out.") from None
    weights = {name: value.contiguous() for name, value in network.model.state_dict().items()}
    write_atomically(config.out / "network.safetensors", lambda part: part.write_bytes(save(weights)))
    described = json.dumps(describe(network, config), indent=2) + "\n"
    write_atomically(config.out / "network.json", lambda part: part.write_text(described))
    print(f"Weights: {config.out / 'network.safetensors'}, settings: {config.out / 'network.json'}")
    if config.onnx:
        differences: dict[int, float] = {}
        write_atomically(
            config.out / "network.onnx", lambda part: differences.update(write_onnx(network, config, part))
        )
        told = ", ".join(f"{value:.1e} at batch {n}" for n, value in differences.items())
        print(f"ONNX: {config.out / 'network.onnx'}; largest difference from PyTorch: {told}")


def load_network(path: Path) -> Network:
    """Load an encoder or a classifier, whichever the file holds."""
    state = load_checkpoint(path, encoders.KIND, classifiers.KIND)
    if state["kind"] == classifiers.KIND:
        saved = load_classifier(path)
        return Network(saved.model.eval(), saved.settings, saved.skeleton, saved.class_names)
    encoder, settings = load_encoder(path)
    return Network(encoder.eval(), settings, Skeleton.from_dict(state["skeleton"]), None)


def describe(network: Network, config: ExportConfig) -> dict[str, Any]:
    """All that is needed to feed the network and to build it again, as JSON values."""
    names = network.class_names
    n_outputs = len(names) if names else network.encoder.n_features
    return {
        "kind": encoders.KIND if names is None else classifiers.KIND,
        "settings": vars(network.settings),
        "skeleton": network.skeleton.to_dict(),
        "class_names": None if names is None else list(names),
        "input": {"name": "views", "axes": "N C T V M", "shape": ["N", *network.view_shape(1, config.bodies)[1:]]},
        "output": {"name": "features" if names is None else "logits", "shape": ["N", n_outputs]},
        "parameters": sum(p.numel() for p in network.model.parameters()),
        "checkpoint": {"name": config.checkpoint.name, "sha256": sha256(config.checkpoint.read_bytes()).hexdigest()},
        "versions": {"skeleton_aug": skeleton_aug.__version__, "torch": torch.__version__, "opset": OPSET},
    }


def require_onnx() -> None:
    """Make sure that the optional packages are there before anything is written."""
    try:
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise InputError(
            f"ONNX needs the package {error.name}: 'pip install skeleton-aug[onnx]', or pass --no-onnx."
        ) from None


def write_onnx(network: Network, config: ExportConfig, path: Path) -> dict[int, float]:
    """Write the ONNX file, and return its largest difference from PyTorch for batches of 1 and 4.

    Raises
    ------
    InputError
        When the two differ by more than rounding explains.
    """
    model = FixedShapes(network.model).eval()
    example = torch.randn(network.view_shape(2, config.bodies), generator=torch.Generator().manual_seed(0))
    # The exporter tells of every optional library that it does without.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            model, (example,), dynamo=True, opset_version=OPSET, verbose=False, input_names=["views"],
            output_names=["features" if network.class_names is None else "logits"],
            dynamic_shapes={"views": {0: torch.export.Dim("N")}},
        )  # fmt: skip
    cast(torch.onnx.ONNXProgram, program).save(str(path), external_data=False)
    return {n: check_onnx(network, path, n, config.bodies) for n in (1, 4)}


def check_onnx(network: Network, path: Path, n: int, bodies: int) -> float:
    """Largest difference from PyTorch's own forward pass on n random views, in some of which bodies are absent."""
    import onnxruntime

    views = torch.randn(network.view_shape(n, bodies), generator=torch.Generator().manual_seed(n))
    views[::2, ..., 1:] = 0
    views[3:] = 0
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"views": views.numpy()})
    with torch.no_grad():
        expected = network.model(views).numpy()
    difference = float(np.abs(found - expected).max())
    if not difference <= TOLERANCE * max(1.0, float(np.abs(expected).max())):
        raise InputError(f"{path.name}: ONNX Runtime's outputs differ from PyTorch's by {difference:.2g}; not kept.")
    return difference


def load_exported(folder: Path) -> Network:
    """Build the network again from ``network.json`` and ``network.safetensors``, in evaluation mode.

    Raises
    ------
    InputError
        When a file is missing, damaged, or does not fit the other.
    """
    for name in ("network.json", "network.safetensors"):
        if not (folder / name).is_file():
            raise InputError(f"{folder / name}: no such file. Make it with 'python -m examples.export'.")
    try:
        described = json.loads((folder / "network.json").read_text())
        weights = load_file(folder / "network.safetensors")
        settings, skeleton = EncoderSettings(**described["settings"]), Skeleton.from_dict(described["skeleton"])
        names = described["class_names"]
        encoder = make_encoder(settings, skeleton)
        model = encoder if names is None else Classifier(encoder, len(names))
        model.load_state_dict(weights)
    except (SafetensorError, InputError, OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"{folder}: holds no whole export ({str(error).splitlines()[0]}). Export again.") from None
    return Network(model.eval(), settings, skeleton, None if names is None else tuple(names))


if __name__ == "__main__":
    run_command(export, CONFIGS, __doc__)
