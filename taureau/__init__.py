"""taureau turns a photo into a drawing of n strokes.

    from taureau import Sketcher
    sketch = Sketcher().draw("horse.jpg", strokes=16, seed=7)
    sketch.save("horse.svg")

The names below are the whole public surface. They are loaded when first used, so that `import taureau` is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from taureau.version import __version__

if TYPE_CHECKING:
    from taureau import batch as batch
    from taureau import weights as weights
    from taureau.encoders import Encoder as Encoder
    from taureau.encoders import Features as Features
    from taureau.encoders import load_encoder as load_encoder
    from taureau.errors import BackendError as BackendError
    from taureau.errors import InputError as InputError
    from taureau.errors import TaureauError as TaureauError
    from taureau.errors import WeightsError as WeightsError
    from taureau.export import Page as Page
    from taureau.export import Profile as Profile
    from taureau.export import Sheet as Sheet
    from taureau.export import lay_out as lay_out
    from taureau.export import save_animation as save_animation
    from taureau.export import save_brushed as save_brushed
    from taureau.export import save_plot as save_plot
    from taureau.export import save_sheet as save_sheet
    from taureau.export import save_strip as save_strip
    from taureau.export import save_viewer as save_viewer
    from taureau.files import check_writable as check_writable
    from taureau.files import read_bytes as read_bytes
    from taureau.files import write_atomically as write_atomically
    from taureau.geometry.canvas import Canvas as Canvas
    from taureau.geometry.fit_cubics import fit_cubics as fit_cubics
    from taureau.geometry.strokes import Strokes as Strokes
    from taureau.levels import Levels as Levels
    from taureau.photo import Photo as Photo
    from taureau.photo import read_photo as read_photo
    from taureau.raster import rasterize as rasterize
    from taureau.run import Run as Run
    from taureau.run import Step as Step
    from taureau.settings import Settings as Settings
    from taureau.sketch import Sketch as Sketch
    from taureau.sketcher import Sketcher as Sketcher
    from taureau.sketcher import draw as draw

_HOME = {
    "Encoder": "taureau.encoders",
    "Features": "taureau.encoders",
    "Levels": "taureau.levels",
    "Photo": "taureau.photo",
    "Run": "taureau.run",
    "Step": "taureau.run",
    "draw": "taureau.sketcher",
    "BackendError": "taureau.errors",
    "Canvas": "taureau.geometry.canvas",
    "InputError": "taureau.errors",
    "Settings": "taureau.settings",
    "Sketch": "taureau.sketch",
    "Sketcher": "taureau.sketcher",
    "Strokes": "taureau.geometry.strokes",
    "TaureauError": "taureau.errors",
    "WeightsError": "taureau.errors",
    "save_plot": "taureau.export",
    "check_writable": "taureau.files",
    "fit_cubics": "taureau.geometry.fit_cubics",
    "load_encoder": "taureau.encoders",
    "rasterize": "taureau.raster",
    "read_bytes": "taureau.files",
    "read_photo": "taureau.photo",
    "Page": "taureau.export",
    "Profile": "taureau.export",
    "Sheet": "taureau.export",
    "lay_out": "taureau.export",
    "save_animation": "taureau.export",
    "save_brushed": "taureau.export",
    "save_sheet": "taureau.export",
    "save_strip": "taureau.export",
    "save_viewer": "taureau.export",
    "write_atomically": "taureau.files",
}

_ROOMS = ("batch", "weights")

__all__ = ["__version__", *_ROOMS, *_HOME]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"taureau.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'taureau' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
