"""What a change of the files means for the lineage: two states of a repository, compared; and what depends on a name."""
