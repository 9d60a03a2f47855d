"""One part each: what it measures or moves, in plain units, over the hal."""
