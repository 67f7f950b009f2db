"""The data of the emulator: users, tokens, clients, faults. No HTTP."""
