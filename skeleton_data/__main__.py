"""``python -m skeleton_data`` is the command ``skeleton-data``."""

from skeleton_data.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
