"""Control requests under /_emulator/: what tests and users change while the emulator runs."""
