"""Organize: scripts -> one file per object, every byte accounted for."""
