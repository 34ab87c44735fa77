"""Looking at recordings and views: pages for a browser, and pictures."""

from skeleton_data.viewing.content import Augmentation, page_data
from skeleton_data.viewing.page import page_text
from skeleton_data.viewing.pictures import draw_animation, draw_picture

__all__ = ["Augmentation", "draw_animation", "draw_picture", "page_data", "page_text"]
