"""How the network `builtin` is trained: data, drawings, model, losses, evaluation. Not part of the wheel."""
