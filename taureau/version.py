"""The version of the package, in one place: the wheel, the record in each SVG and `taureau --version` read it."""

__version__ = "0.1.0.dev0"
