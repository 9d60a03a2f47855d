"""The emulated payload's computer and parts: `machine`, `time` and `rp2` on a virtual clock, and one device a
part.

Everything here runs on CPython and on the MicroPython VM alike; `loader.py` alone is for CPython.
"""
