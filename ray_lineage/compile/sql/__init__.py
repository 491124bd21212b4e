"""SQL: text -> facts. Each module imports only what stands below it; the floors are in ARCHITECTURE.md."""
