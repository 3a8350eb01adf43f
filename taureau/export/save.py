"""`save_sheet` writes a sheet; the ending of the file's name says how."""

from collections.abc import Callable
from pathlib import Path

import taureau
from taureau.export.dxf import to_dxf
from taureau.export.gcode import to_gcode
from taureau.export.hpgl import to_hpgl
from taureau.export.moving import MOVING
from taureau.export.page import length_mm
from taureau.export.pdf import to_pdf
from taureau.export.png import to_png
from taureau.export.profile import Profile
from taureau.export.sheet import Sheet
from taureau.export.svg import to_svg

LEAST_TOLERANCE_MM = 1e-4
PNG_SIDE = 1600
ALIASES = {".nc": ".gcode", ".plt": ".hpgl"}


def save_sheet(
    sheet: Sheet,
    path: str | Path,
    *,
    tolerance: str | float = 0.01,
    profile: Profile | str | Path = "servo",
    device: str = "hp7475a",
    size: int | None = None,
    overwrite: bool = True,
) -> Path:
    """Write a sheet for a plotter, a laser or a printer.

    Args:
        sheet: from `lay_out`.
        path: where; it ends in `.svg`, `.pdf`, `.png`, `.dxf`, `.gcode` or `.nc`, `.hpgl` or `.plt`. The file
            is whole or not there at all.
        tolerance: how far straight lines may be from the curves, where a format has no curves.
        profile: of the machine that reads G-code: `servo`, `z`, `laser`, or a TOML file.
        device: the plotter that reads HPGL, by vpype's name.
        size: pixels of the long side of a PNG, 16 to 4096; 1600 unless asked.
        overwrite: whether an existing file is replaced.

    Returns:
        The path. Equal sheets are equal files.

    Raises:
        InputError: another ending, a value out of range, a drawing that the machine cannot reach, or a place that
            cannot be written.
        BackendError: a package that the format needs is not installed.
    """
    path = Path(path)
    tolerance_mm = length_mm(tolerance, name="the tolerance")
    if tolerance_mm < LEAST_TOLERANCE_MM:
        raise taureau.InputError(f"the tolerance must be at least {LEAST_TOLERANCE_MM} mm, got {tolerance_mm:g} mm")
    machine = profile if isinstance(profile, Profile) else Profile.load(profile)
    writers: dict[str, Callable[[], bytes]] = {
        ".svg": lambda: to_svg(sheet),
        ".pdf": lambda: to_pdf(sheet),
        ".png": lambda: to_png(sheet, PNG_SIDE if size is None else size),
        ".dxf": lambda: to_dxf(sheet),
        ".gcode": lambda: to_gcode(sheet, machine, tolerance_mm=tolerance_mm),
        ".hpgl": lambda: to_hpgl(sheet, device, tolerance_mm=tolerance_mm),
    }
    ending = path.suffix.lower()
    write = writers.get(ALIASES.get(ending, ending))
    if write is None:
        pages = ", ".join([*writers, *ALIASES])
        raise taureau.InputError(
            f"{path}: a page ends in {pages}, an animation in {', '.join(MOVING)}; got {path.suffix or 'no ending'}"
        )
    taureau.check_writable(path, overwrite=overwrite)
    taureau.write_atomically(path, write())
    return path
