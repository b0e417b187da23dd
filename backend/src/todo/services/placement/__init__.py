"""Where tasks, projects and sections are: moves within an order, and deletions of what contains tasks."""
