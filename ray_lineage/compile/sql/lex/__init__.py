"""Tokens, and looking over them."""
