"""What a change of content would do before it runs, who accepted that, and the gate that asks for it."""
