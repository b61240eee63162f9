"""Where the built pages are: in the wheel, or in a source checkout after `make dashboard`."""

from pathlib import Path


def folder() -> Path | None:
    """The folder with `index.html`, or None when the pages have not been built."""
    static = Path(__file__).parent / "static"
    return static if (static / "index.html").is_file() else None
