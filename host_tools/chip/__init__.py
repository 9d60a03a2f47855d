"""The chip target: the firmware on a stock MicroPython image, on an emulated RP2040."""
