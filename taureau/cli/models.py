"""`taureau models`: the encoders, and the weights that some of them need."""

import click


@click.group()
def models() -> None:
    """Encoders."""
