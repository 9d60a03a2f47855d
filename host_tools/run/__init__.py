"""One run of the emulated payload as the host sees it: target, hold, run folder, display and report."""
