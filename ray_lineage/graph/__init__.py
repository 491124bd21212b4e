"""The lineage graph: one declared schema (:mod:`.schema`), one protocol (:mod:`.store`), two stores behind it."""
