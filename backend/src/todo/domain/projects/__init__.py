"""Projects and sections, and the order of resources in them."""
