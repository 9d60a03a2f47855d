"""What moves or looks: state machines over the drivers, ticked at 100 Hz."""
