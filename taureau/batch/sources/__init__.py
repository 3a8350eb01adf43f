"""Where the photos of a batch come from: folders, globs, manifests, shards, addresses."""
