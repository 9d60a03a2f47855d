"""The stimulus board's own cover of `machine` and `rp2`: what it needs beyond `rochette.hal`."""
