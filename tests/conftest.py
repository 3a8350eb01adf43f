"""Makes the helper modules in this folder importable from every test below it."""
