"""Data frames: what PySpark, Snowpark, pandas and polars do to tables, as the same relational programs that SQL becomes."""
