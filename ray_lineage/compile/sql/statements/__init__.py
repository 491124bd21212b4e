"""Statements, a file a construct: a reader takes the unit and the tokens of one statement, and says what it found."""
