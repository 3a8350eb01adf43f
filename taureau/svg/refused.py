"""The reason why an SVG is refused; `from_svg` adds the file's name."""

from taureau.files import shown


class Refused(Exception):
    """A reason and the next step; `from_svg` puts the name before them and raises an `InputError`."""

    def __init__(self, reason: str, step: str = "give an SVG that taureau wrote, or one of cubic paths only") -> None:
        super().__init__(reason)
        self.reason = reason
        self.step = step


def quoted(text: str) -> str:
    """A piece of the file in quotes, on one line, shortened if it is long."""
    return f'"{shown(text[:40])}{"…" if len(text) > 40 else ""}"'
