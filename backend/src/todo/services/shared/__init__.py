"""Parts of statements that several nouns share."""
