"""Thousands of requests that schemathesis makes of the API's own description, against a real `rag serve` on the sample documents.

    python -m benchmarks.api [--examples 15]

Held: no server error, and every answer's status, media type and body are as the description says. It ends with 1 when one is not. Needs
`pip install schemathesis`, which is not among the tests' packages: its plugin would be loaded into every test run.
"""

import argparse
import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.load import TOKEN, Server, workspace_of

_DEAR = "/api/health"
CHECKS = "not_a_server_error,response_schema_conformance,content_type_conformance,status_code_conformance"


def main() -> None:
    """The whole description; few requests to /api/health, which reads all of the record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=15, help="Requests an operation at most, in each phase.")
    parser.add_argument("--port", type=int, default=8395)
    asked = parser.parse_args()
    if importlib.util.find_spec("schemathesis") is None:
        sys.exit("schemathesis is not installed; run: pip install schemathesis")
    with tempfile.TemporaryDirectory(prefix="rag-api-") as desk, workspace_of(None, desk=Path(desk)) as workspace:
        server = Server(workspace, port=asked.port)
        command = [sys.executable, "-m", "schemathesis.cli", "run", f"{server.base}/api/openapi.json", "--checks", CHECKS]
        command += ["-H", f"Authorization: Bearer {TOKEN}", "--request-timeout", "60"]
        parts = (["--exclude-path", _DEAR, "--max-examples", str(asked.examples)], ["--include-path", _DEAR, "--max-examples", "2"])
        try:
            ended = [subprocess.run([*command, *part], check=False, cwd=desk).returncode for part in parts]
        finally:
            server.kill()
    sys.exit(max(ended))


if __name__ == "__main__":
    main()
