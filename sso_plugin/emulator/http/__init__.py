"""The HTTP side of the emulator: requests in, responses out. `state` holds all data."""
