"""What comes from headquarters besides receipts: requests to lay open drawn cases, and how they are answered."""
