"""How recognisable the drawings of an encoder are, to a judge that took no part in drawing them."""
