"""Sources: which files there are, and what text is in them. No Ray."""
