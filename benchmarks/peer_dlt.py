"""dlt copying the table into files: its default backend into jsonl, or its fastest (connectorx) into parquet.

python peer_dlt.py postgresql://… table sqlalchemy|connectorx jsonl|parquet folder
"""

from __future__ import annotations

import os
import sys

database, table, backend, file_format, folder = sys.argv[1:]
os.environ |= {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "ERROR",
    "DESTINATION__FILESYSTEM__BUCKET_URL": f"file://{folder}/out",
    "DLT_DATA_DIR": f"{folder}/data",
}

import dlt  # noqa: E402
from dlt.sources.sql_database import sql_table  # noqa: E402

chunk = 100_000 if backend == "connectorx" else 50_000
resource = sql_table(database, table=table, backend=backend, chunk_size=chunk, reflection_level="full")
pipeline = dlt.pipeline(
    "bench", destination="filesystem", dataset_name="bench", pipelines_dir=f"{folder}/pipelines", progress=None
)
pipeline.run(resource, loader_file_format=file_format)
