"""Dagster calls `rag run-due` every ten minutes: `dagster dev -f dagster_reports.py`, with RAG_WORKSPACE in the environment."""

import os
import subprocess

from dagster import Definitions, Failure, OpExecutionContext, ScheduleDefinition, job, op


@op
def make_what_is_due(context: OpExecutionContext) -> None:
    """Fails when a person should look; the slot decides what is made, so that a retry makes nothing twice."""
    done = subprocess.run(["rag", "run-due", "--workspace", os.environ["RAG_WORKSPACE"]], capture_output=True, text=True, check=False)
    context.log.info(done.stdout)
    if done.returncode:
        raise Failure(done.stderr or done.stdout)


@job
def scheduled_reports() -> None:
    """One round."""
    make_what_is_due()


defs = Definitions(jobs=[scheduled_reports], schedules=[ScheduleDefinition(job=scheduled_reports, cron_schedule="*/10 * * * *")])
