"""How a job computes in parts that survive a kill, alone or with others."""
