"""t-SNE of the features of one or several encoders on a test set (paper, Figure 3).

    python -m examples.tsne --store demo.h5 --split xview --out tsne.png \\
        --checkpoints runs/random/encoder.pt runs/small/encoder.pt --captions before after
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro
from sklearn.manifold import TSNE

from examples.encoders import load_encoder
from examples.evaluation import extract_features, standardize
from examples.pictures import embedding_picture
from examples.run import InputError, open_store, pick_device, run_command
from examples.views import make_pipelines


@dataclass(frozen=True)
class TsneConfig:
    """Settings.

    Parameters
    ----------
    store : Path
        HDF5 file that `skeleton-data convert` wrote.
    checkpoints : tuple of Path
        encoder.pt of each run.
    out : Path
        PNG file.
    captions : tuple of str
        One for each checkpoint; its folder's name by default.
    split : str
        Its test half is shown.
    n_classes : int
        Classes shown, drawn at random; the paper shows 10.
    seed : int
        Of the classes and of t-SNE.
    device : str
        "auto", "cpu", "cuda", "cuda:1" ...
    """

    store: Path
    checkpoints: tuple[Path, ...]
    out: Path
    captions: tuple[str, ...] = ()
    split: str = "xsub"
    n_classes: int = 10
    seed: int = 0
    device: str = "auto"


CONFIGS = {
    "default": (
        "Ten classes, as in the paper.",
        TsneConfig(store=tyro.MISSING, checkpoints=tyro.MISSING, out=tyro.MISSING),
    )
}


def tsne(config: TsneConfig) -> None:
    """Embed the test features of every encoder and draw them side by side."""
    captions = config.captions or tuple(path.parent.name for path in config.checkpoints)
    if len(captions) != len(config.checkpoints):
        raise InputError(f"Got {len(config.checkpoints)} checkpoints but {len(captions)} captions.")
    if len(set(captions)) != len(captions):
        raise InputError(f"Captions must differ, got {', '.join(captions)}. Give --captions.")
    if config.out.suffix != ".png":
        raise InputError(f"{config.out}: must end in .png. Give another --out.")
    store, _, test = open_store(config.store, config.split)
    classes = np.unique(store.labels[test])
    chosen = np.random.default_rng(config.seed).permutation(classes)[: config.n_classes]
    shown = test[np.isin(store.labels[test], chosen)]
    if len(shown) < 4:
        raise InputError(f"{config.store}: {len(shown)} samples are too few to embed. Use more --n-classes.")
    embeddings = {}
    for caption, path in zip(captions, config.checkpoints, strict=True):
        encoder, settings = load_encoder(path, store)
        pipeline = make_pipelines(settings, store.skeleton).evaluation
        features = extract_features(encoder, store, shown, pipeline, pick_device(config.device), label=caption)
        perplexity = min(30.0, (len(shown) - 1) / 3)
        embedder = TSNE(perplexity=perplexity, init="pca", random_state=config.seed)
        embeddings[caption] = embedder.fit_transform(standardize(features)[0].numpy())
    config.out.parent.mkdir(parents=True, exist_ok=True)
    embedding_picture(config.out, embeddings, store.labels[shown], store.class_names)
    print(f"Picture: {config.out}")


if __name__ == "__main__":
    run_command(tsne, CONFIGS, __doc__)
