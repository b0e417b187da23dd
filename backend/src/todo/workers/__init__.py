"""Workers: loops that call services while the application runs."""
