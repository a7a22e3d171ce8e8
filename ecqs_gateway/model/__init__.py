"""What is exchanged: record kinds, field types, batch, receipt, watermark. Plain definitions, no input or output."""
