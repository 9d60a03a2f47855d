"""The only package that imports `machine` and `rp2`; `hal/clock.py` is the only file that imports `time`."""
