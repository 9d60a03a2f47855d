"""Where the camera, bolted down, sees things: pixels of a 480 x 360 picture."""

WIDTH = 480
HEIGHT = 360
CENTRE_X = 240
CENTRE_Y = 180
BORE_R = 66  # the tube's bore, 13 mm
RIM_R = 77  # outer edge of the tube's rim
BIT_R = 137  # the bit circle, 27 mm
CAMERA_MM = 130  # from the lens to the mouth: how much smaller a thing deep in the tube looks
