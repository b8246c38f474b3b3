"""Numbers, equations and steps of reasoning."""
