"""What a brand may ask of its people."""

from portal.core.terms import Term

SECOND_FACTOR = Term(
    "identity.second-factor",
    default=0,
    low=0,
    high=1,
    unit="switch",
    why="Headquarters' finance signs in with a second factor; who has none is led to set it up",
)
