"""Files that clients read, and tables that people read. Each takes Settings and gives text."""
