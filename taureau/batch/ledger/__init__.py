"""The ledger of a batch: which photos are done, in whose hands they are, and how they ended."""
