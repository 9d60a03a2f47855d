"""The stimulus board's program: a second Pico that plays the payload's sensors and measures its pulses."""
