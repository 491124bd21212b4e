"""dbt: what its projects call things."""
