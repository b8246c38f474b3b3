"""How a job computes in parts that survive a kill, in one process or several."""
