"""The lineage as a picture: one page to be mailed, served or shown in a notebook, and drawings for other programs."""
