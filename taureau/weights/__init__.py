"""Weights of the networks: which there are, where they lie, and how they come here.

    taureau.weights.list_models()         what there is, and what is here
    taureau.weights.fetch("clip-rn101")   the only thing in taureau that touches the network
    taureau.weights.verify("clip-rn101")  hash the file again and check every tensor
    taureau.weights.path("clip-rn101")    where the file lies

Importing this costs no torch. Nothing is fetched unless `fetch` is called.
"""

from taureau.weights.store import ModelStatus, Verified, fetch, list_models, path, verify

__all__ = ["ModelStatus", "Verified", "fetch", "list_models", "path", "verify"]
