"""What a trained classifier sees in recordings, window by window.

    python -m examples.predict --checkpoint runs/ntu60-supervised/classifier.pt --data recordings --out predictions

The data are a .skeleton file, a folder of them, or a store. predictions.csv has a line for each window with the
probability of every class, predictions.json the same and more, and a picture of each recording shows them over time.
Ends with exit code 3 when some of the files could not be read; they are named on the screen and in the JSON.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import tyro
from numpy.typing import NDArray
from tqdm import tqdm

from examples.classifiers import SavedClassifier, load_classifier
from examples.prediction_pictures import prediction_picture
from examples.recordings import Recording, find_recordings
from examples.run import InputError, Precision, autocast, pick_device, run_command, write_atomically
from examples.views import make_pipelines
from skeleton_aug import Compose

SHORT_WINDOW = 64
"""Frames of a window by default, about two seconds, for networks whose views stretch whatever they get."""
BATCH = 64


@dataclass(frozen=True)
class PredictConfig:
    """Settings.

    Parameters
    ----------
    checkpoint : Path
        classifier.pt of a run.
    data : Path
        A .skeleton file, a folder of them (searched through), or a store.
    out : Path
        Folder for predictions.csv, predictions.json and pictures.
    window : int, optional
        Frames of a window. By default the network's own number of frames where its views are cropped, else 64.
    stride : int, optional
        Frames from one window to the next; half a window by default. The last window ends with the recording.
    split : str, optional
        Of a store: only the test half of this split.
    bodies : str
        Which bodies of a .skeleton file are looked at, as `skeleton-data convert --bodies` has it.
    pictures : int
        Recordings to draw, from the first on; 0 for none.
    top : int
        Classes to draw and to print.
    device : str
        "auto", "cpu", "cuda", "cuda:1" ...
    precision : str
        "auto" is bfloat16 on a GPU and float32 on a CPU.
    """

    checkpoint: Path
    data: Path
    out: Path
    window: int | None = None
    stride: int | None = None
    split: str | None = None
    bodies: Literal["motion", "energy", "first"] = "motion"
    pictures: int = 20
    top: int = 5
    device: str = "auto"
    precision: Precision = "auto"


CONFIGS = {"default": ("", PredictConfig(checkpoint=tyro.MISSING, data=tyro.MISSING, out=tyro.MISSING))}


@dataclass(frozen=True)
class Prediction:
    """What was seen in one recording.

    Attributes
    ----------
    recording : Recording
    windows : (W, 2) int array
        First frame of each window, and the frame after its last.
    bodies : (W,) int array
        Bodies present in each window.
    probabilities : (W, classes) float array
        NaN for windows without anybody.
    """

    recording: Recording
    windows: NDArray[np.int64]
    bodies: NDArray[np.int64]
    probabilities: NDArray[np.float64]

    @property
    def mean(self) -> NDArray[np.float64] | None:
        """Mean over the windows with somebody in them; None where there are none."""
        return self.probabilities[self.bodies > 0].mean(0) if self.bodies.any() else None


def predict(config: PredictConfig) -> None:
    """Predict every recording, and write what was seen."""
    if any(value is not None and value < 1 for value in (config.window, config.stride)) or config.top < 1:
        raise InputError("--window, --stride and --top must be at least 1.")
    device = pick_device(config.device)
    classifier = load_classifier(config.checkpoint)
    recordings = find_recordings(config.data, classifier.skeleton, config.split, config.bodies)
    settings = classifier.settings
    window = config.window or (settings.n_frames if settings.views == "paper" else SHORT_WINDOW)
    stride = config.stride or max(window // 2, 1)
    pipeline = make_pipelines(settings, classifier.skeleton).evaluation
    classifier.model.to(device).eval()
    predictions = [
        predict_recording(classifier, recording, pipeline, window, stride, device, config.precision)
        for recording in tqdm(recordings, desc="predict", unit="recording", leave=False, disable=None)
    ]
    if not predictions:
        raise InputError(str(recordings.rejected[0]))
    write_predictions(config, classifier, predictions, window, stride, [str(error) for error in recordings.rejected])
    for prediction in predictions[:3]:
        print(f"{prediction.recording.name}: {told(prediction, classifier.class_names, config.top)}")
    print(f"{len(predictions)} recordings, {sum(len(p.windows) for p in predictions)} windows: {config.out}")
    if recordings.rejected:
        print(f"{len(recordings.rejected)} files could not be read:", *recordings.rejected, sep="\n  ", file=sys.stderr)
        raise SystemExit(3)


def window_frames(n_frames: int, window: int, stride: int) -> NDArray[np.int64]:
    """First frame of each window and the frame after its last, (W, 2); the last window ends with the recording."""
    last = max(n_frames - window, 0)
    starts = np.unique(np.append(np.arange(0, last, stride), last))
    return np.stack([starts, np.minimum(starts + window, n_frames)], axis=1)


@torch.no_grad()
def predict_recording(
    classifier: SavedClassifier,
    recording: Recording,
    pipeline: Compose,
    window: int,
    stride: int,
    device: torch.device,
    precision: Precision,
) -> Prediction:
    """Probabilities of the classes in every window in which somebody is."""
    windows = window_frames(recording.positions.shape[1], window, stride)
    pieces = [recording.positions[:, first:end] for first, end in windows]
    bodies = np.array([int(piece.any((1, 2, 3)).sum()) for piece in pieces])
    probabilities = np.full((len(windows), len(classifier.class_names)), np.nan)
    occupied = np.flatnonzero(bodies)
    for some in np.split(occupied, range(BATCH, len(occupied), BATCH)):
        if len(some):
            views = torch.from_numpy(np.asarray(pipeline([pieces[i] for i in some], layout="model"))).to(device)
            with autocast(device, precision):
                logits = classifier.model(views)
            probabilities[some] = logits.double().softmax(1).cpu().numpy()
    return Prediction(recording, windows, bodies, probabilities)


def told(prediction: Prediction, names: Sequence[str], top: int) -> str:
    """The most probable classes of a recording in words."""
    mean = prediction.mean
    if mean is None:
        return "nobody is in it"
    return ", ".join(f"{names[c]} {mean[c]:.0%}" for c in np.argsort(-mean, kind="stable")[:top])


def write_predictions(
    config: PredictConfig,
    classifier: SavedClassifier,
    predictions: Sequence[Prediction],
    window: int,
    stride: int,
    rejected: Sequence[str],
) -> None:
    """Write the table, the JSON and the pictures, each file in one step."""
    names, out = classifier.class_names, config.out
    about = {
        "checkpoint": str(config.checkpoint), "data": str(config.data), "class_names": list(names),
        "window": window, "stride": stride, "rejected": list(rejected),
        "recordings": [as_json(prediction, names) for prediction in predictions],
    }  # fmt: skip
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{out}: cannot be a folder ({error.strerror}). Give another --out.") from None
    write_atomically(out / "predictions.json", lambda part: part.write_text(json.dumps(about, indent=1) + "\n"))
    write_atomically(out / "predictions.csv", lambda part: part.write_text(as_csv(predictions, names)))
    for prediction in predictions[: config.pictures]:
        picture = out / f"{prediction.recording.name.replace('/', '_')}.png"
        draw = partial(
            prediction_picture, recording=prediction.recording, skeleton=classifier.skeleton,
            windows=prediction.windows, probabilities=prediction.probabilities, names=names, top=config.top,
        )  # fmt: skip
        write_atomically(picture, draw)


def as_json(prediction: Prediction, names: Sequence[str]) -> dict[str, Any]:
    """One recording as JSON values; frames count from 0, ``last_frame`` belongs to the window."""
    mean = prediction.mean
    return {
        "name": prediction.recording.name,
        "n_frames": prediction.recording.positions.shape[1],
        "bodies": len(prediction.recording.positions),
        "prediction": None if mean is None else names[int(mean.argmax())],
        "probabilities": None if mean is None else rounded(mean),
        "windows": [
            {
                "first_frame": int(first), "last_frame": int(end) - 1, "bodies": int(bodies),
                "probabilities": rounded(row) if bodies else None,
            }
            for (first, end), bodies, row in zip(
                prediction.windows, prediction.bodies, prediction.probabilities, strict=True
            )
        ],
    }  # fmt: skip


def rounded(probabilities: NDArray[np.float64]) -> list[float]:
    """Probabilities with six digits."""
    return [round(float(p), 6) for p in probabilities]


def as_csv(predictions: Sequence[Prediction], names: Sequence[str]) -> str:
    """One line for each window; cells of windows without anybody are empty."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["recording", "first_frame", "last_frame", "bodies", "prediction", *names])
    for p in predictions:
        for (first, end), bodies, row in zip(p.windows, p.bodies, p.probabilities, strict=True):
            seen = [names[int(row.argmax())], *(f"{v:.6f}" for v in row)] if bodies else [""] * (1 + len(names))
            table.writerow([p.recording.name, first, end - 1, bodies, *seen])
    return text.getvalue()


if __name__ == "__main__":
    run_command(predict, CONFIGS, __doc__)
