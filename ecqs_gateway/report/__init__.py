"""What people read, sign and send: tables and reports made from content and ledger."""
