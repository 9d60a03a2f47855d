"""What a rover is asked to do: bring up, acquire, verify, hold, seal, store."""
