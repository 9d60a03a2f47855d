"""Boards on the host: found, checked, drawn."""
