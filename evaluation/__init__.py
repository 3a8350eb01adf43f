"""How good drawings are: to a judge that took no part in them, by the score, and to the eye. Not in the wheel."""
