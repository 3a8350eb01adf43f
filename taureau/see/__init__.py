"""See: what is in a photo and where: its edges, its subject, what is salient in it."""
