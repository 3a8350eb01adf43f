"""The encoder `builtin`: lite0's trunk, taught that a photo and a drawing of it are one thing."""
