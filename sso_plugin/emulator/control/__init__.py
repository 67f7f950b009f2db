"""The control interface of the emulator: what a test or a person sets while it runs."""
