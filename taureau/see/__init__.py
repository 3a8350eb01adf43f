"""See: what is in a photo, and where. Each photo is looked at once."""
