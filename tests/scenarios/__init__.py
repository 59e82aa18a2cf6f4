"""Stories a trader can read, played into a book."""
