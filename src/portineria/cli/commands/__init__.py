"""One file a verb. Heavy imports stand in the bodies, never at the top of a file."""
