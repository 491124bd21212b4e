"""The command line: commands, flags and how things look. No logic."""
