"""Queries -> the relational program of a statement."""
