"""Prefect calls `rag run-due` every ten minutes: `python prefect_reports.py serve`, with RAG_WORKSPACE in the environment."""

import os
import subprocess
import sys

from prefect import flow, get_run_logger


@flow
def scheduled_reports() -> None:
    """Fails when a person should look; the slot decides what is made, so that a retry makes nothing twice."""
    done = subprocess.run(["rag", "run-due", "--workspace", os.environ["RAG_WORKSPACE"]], capture_output=True, text=True, check=False)
    get_run_logger().info(done.stdout)
    if done.returncode:
        raise RuntimeError(done.stderr or done.stdout)


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        scheduled_reports.serve(name="reports", cron="*/10 * * * *")
    else:
        scheduled_reports()
