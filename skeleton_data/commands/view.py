"""``skeleton-data view``: a page to look at recordings with, and at what augmentation makes of them."""

from __future__ import annotations

import argparse
import re
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from skeleton_data.commands import DONE, STORE_HELP, Commands, patience, positive, rate
from skeleton_data.storage.atomic import replacement
from skeleton_data.storage.portrait import count
from skeleton_data.store import Store
from skeleton_data.viewing.choosing import choose
from skeleton_data.viewing.content import Augmentation, page_data
from skeleton_data.viewing.page import page_text
from skeleton_data.viewing.pictures import check_matplotlib, draw_animation, draw_picture
from skeleton_data.viewing.pipelines import PRESETS, named_pipeline


def add_to(commands: Commands) -> None:
    """Add the command."""
    text = (
        "Make a page that shows recordings in a browser: one HTML file that needs no network. Skeletons play, scrub, "
        "rotate and zoom; the cameras of a performance stand side by side, and augmented views beside what they are "
        "made from. Without --sample and --performance, the first performance that most cameras took is shown."
    )
    parser = commands.add_parser(
        "view", help="show recordings and their augmented views in a browser", description=text
    )
    parser.add_argument("store", type=Path, metavar="STORE.h5", help=STORE_HELP)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--sample", metavar="NAME", help="one recording, such as S001C002P003R002A013")
    which.add_argument(
        "--performance", metavar="K", help="all cameras' recordings of a performance: its number or name"
    )
    parser.add_argument(
        "--augment",
        metavar="PIPELINE",
        help=f"also show views made by a preset ({', '.join(PRESETS)}), or by a pipeline of your own: a JSON file of "
        "pipeline.to_dict()",
    )
    parser.add_argument(
        "--draws", type=positive, default=8, metavar="N", help="views of each recording to go through (default: 8)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the augmentation (default: 0)")
    parser.add_argument(
        "--fps", type=rate, metavar="N", help="frames a second of the recordings (default: what the store says)"
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="PAGE.html", help="the page to write (default: NAME.html here)"
    )
    parser.add_argument("--png", type=Path, metavar="FILE", help="write a still picture (needs matplotlib)")
    parser.add_argument("--gif", type=Path, metavar="FILE", help="write a moving picture (needs matplotlib)")
    parser.add_argument("--force", action="store_true", help="replace existing files")
    parser.set_defaults(run=_view)


def _view(arguments: argparse.Namespace) -> int:
    if arguments.png or arguments.gif:
        check_matplotlib()
    store = Store.open(arguments.store)
    chosen = choose(store, sample=arguments.sample, performance=arguments.performance)
    augmentation = None
    if arguments.augment is not None:
        pipeline = named_pipeline(arguments.augment, store.skeleton)
        name = Path(arguments.augment).stem
        augmentation = Augmentation(name, pipeline, arguments.draws, arguments.seed)
    per_second = store.frame_rate if arguments.fps is None else arguments.fps
    reason = "compiling what augments, once on this machine: this takes up to half a minute."
    with nullcontext() if augmentation is None else patience(reason):
        data = page_data(store, chosen.name, chosen.samples, augmentation, per_second)
    if chosen.note:
        print(chosen.note)
    page = arguments.output
    if page is None and not (arguments.png or arguments.gif):
        page = Path(re.sub(r"[^\w.-]+", "_", chosen.name) + ".html")
    if page is not None:
        with replacement(page, force=arguments.force) as made:
            made.write_text(page_text(data), "utf-8")
        print(f"{page}: {_summary(data)}, {page.stat().st_size / 1e6:.2f} MB. Open it in a browser.")
    for picture, write in ((arguments.png, draw_picture), (arguments.gif, draw_animation)):
        if picture is not None:
            write(data, picture, force=arguments.force)
            print(f"{picture}: {picture.stat().st_size / 1e6:.2f} MB.")
    return DONE


def _summary(data: dict[str, Any]) -> str:
    recordings = count(len(data["recordings"]), "recording")
    views = data["augmentation"]
    return (
        recordings if views is None else f"{recordings}, {count(len(views['draws']), 'draw')} of {views['name']} each"
    )
