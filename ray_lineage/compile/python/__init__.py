"""Python and notebooks: what SQL they run, which tables they name, what their data frames do. Nothing of them is imported or run."""
