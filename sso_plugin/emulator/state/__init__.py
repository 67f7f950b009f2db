"""What the emulator knows: users, tokens, clients, faults. Knows no HTTP."""
