"""Query: questions to a stored graph. Works on every store through the reading half of its protocol."""
