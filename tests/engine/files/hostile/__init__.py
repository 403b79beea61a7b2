"""Hostile and broken files, made by small tables, and the watched process in which they are opened."""
