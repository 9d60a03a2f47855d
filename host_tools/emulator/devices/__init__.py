"""One emulated part a file, at the level of its registers or its pins; truths come from the plant."""
