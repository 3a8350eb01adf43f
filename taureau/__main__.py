"""`python -m taureau`: the command `taureau`, where its script is not on the PATH."""

from taureau.cli import main

main()
