"""Takes the picture of a page of ``skeleton-data view`` that the documentation shows.

    python -m docs.pictures.viewer docs/images/viewing.png

The recordings are simulated. Needs Chromium, Selenium and Pillow.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from skeleton_data import Store, convert
from skeleton_data.formats.ntu import NTU60
from skeleton_data.synthetic import synthesize
from skeleton_data.viewing import Augmentation, page_data, page_text
from skeleton_data.viewing.choosing import choose
from skeleton_data.viewing.pipelines import named_pipeline
from tests.skeleton_data.viewing.chromium import chromium, open_page, screenshot, why_not

PERFORMANCE = "S001P017R002A052"


def take(output: Path) -> None:
    """Make the page, open it, and write what is seen as a PNG file of few colours."""
    if why_not():
        sys.exit(f"No picture: {why_not()}.")
    with TemporaryDirectory() as folder:
        raw, store_path, page = Path(folder, "raw"), Path(folder, "seen.h5"), Path(folder, "page.html")
        synthesize(raw, performances=13, seed=1)
        convert(NTU60(channels=("tracking_state",)), raw, store_path)
        store = Store.open(store_path)
        chosen = choose(store, performance=PERFORMANCE)
        augmentation = Augmentation("aggressive", named_pipeline("aggressive", store.skeleton))
        data = page_data(store, chosen.name, chosen.samples, augmentation, fps=30)
        page.write_text(page_text(data), "utf-8")
        with chromium(Path(folder, "profile")) as driver:
            open_page(driver, f"{page.as_uri()}#frame=30", width=1440, height=800)
            picture = Image.open(io.BytesIO(screenshot(driver))).convert("RGB")
    picture.quantize(96, dither=Image.Dither.NONE).save(output, optimize=True)


if __name__ == "__main__":
    take(Path(sys.argv[1]))
