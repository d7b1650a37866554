"""Stories: which items tell of one happening, by copies and by likeness."""
