"""Values as text for a terminal and as JSON objects with a `schema`; nothing here asks anybody."""
