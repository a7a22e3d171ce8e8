"""Record kinds: one pydantic model per national object, and the registry of them."""
