"""Rochette: a sampling payload's firmware, from the pins up to the procedure of taking a core."""
