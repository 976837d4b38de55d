"""Airflow calls `rag run-due` every ten minutes; the slot, not the task's run, decides what is made."""

from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("scheduled_reports", schedule="*/10 * * * *", start_date=datetime(2026, 1, 1), catchup=False, max_active_runs=3):  # noqa: DTZ001
    BashOperator(task_id="make_what_is_due", bash_command="rag run-due --workspace /srv/research")
