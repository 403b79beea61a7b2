"""What a person may set: a table of entries by page, the form that is made from it, and what follows each change."""
