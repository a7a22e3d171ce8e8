"""What comes down from headquarters: the national list of inspectors."""
