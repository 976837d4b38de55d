"""`rag run-due` as benchmarks.schedule_faults starts it: it dies where the environment says, and its clock shows what the environment says.

A child that multiprocessing spawns imports this file too, and so is armed like its parent.
"""

from benchmarks.schedule_faults import arm, run

arm()
if __name__ == "__main__":
    run()
