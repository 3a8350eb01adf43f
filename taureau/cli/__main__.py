"""`python -m taureau.cli`: the command `taureau`."""

from taureau.cli import main

main()
