"""What `make benchmark` measures: speed on both targets, cost of a tick, bytes allocated in the hot path."""
