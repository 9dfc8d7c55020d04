"""What each kind of record is, and its own rules; pure."""
