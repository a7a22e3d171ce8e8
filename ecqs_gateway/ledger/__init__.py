"""The gateway's memory: watermarks, outbox, leases, receipts, dead letters, evidence, stage."""
