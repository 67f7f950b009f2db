"""The emulator's HTTP: requests in, responses out. All that is remembered is in `state`."""
