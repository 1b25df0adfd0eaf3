"""File formats: the pilot folder that is read, and the rows that are written. No database, no Django."""
