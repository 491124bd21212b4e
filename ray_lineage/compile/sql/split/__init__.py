"""Tokens -> slices: where each statement begins and ends, and which routine it belongs to."""
