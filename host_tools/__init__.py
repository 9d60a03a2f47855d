"""What runs on the host: the emulator, the command line, tests' helpers and the tools around the firmware."""
