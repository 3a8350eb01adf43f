"""What checks types and shapes at every call while the tests run: beartype, with an int where a float is asked for."""

from beartype import BeartypeConf, beartype

# PEP 484 lets an int stand for a float, mypy agrees, and users write width=3.
check = beartype(conf=BeartypeConf(is_pep484_tower=True))
