"""Texts that become SQL before they are read as SQL: templates and placeholders."""
