"""Weights of the networks: list, fetch, verify and find them.

    taureau.weights.list_models()         every model, and whether its weights are here
    taureau.weights.fetch("clip-rn101")   download them; nothing else in taureau uses the internet
    taureau.weights.verify("clip-rn101")  hash the file again and check every tensor
    taureau.weights.path("clip-rn101")    the path of the file

The import loads no torch.
"""

from taureau.weights.store import ModelStatus, Verified, fetch, list_models, path, verify

__all__ = ["ModelStatus", "Verified", "fetch", "list_models", "path", "verify"]
