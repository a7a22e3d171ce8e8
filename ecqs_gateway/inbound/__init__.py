"""What comes from headquarters besides receipts: audit requests, and the national list of inspectors."""
