"""OpenLineage: events in files -> facts (https://openlineage.io/spec)."""
