"""What tests of the studio start from."""

import pytest

from tests.helpers.studio import LightSketcher, studio


@pytest.fixture(scope="module")
def server():
    """A studio that draws nothing and loads no network."""
    with studio(LightSketcher()) as made:
        yield made
