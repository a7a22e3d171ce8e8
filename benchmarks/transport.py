"""Goal 5: files a second and megabytes a second of the gateway's own SFTP transport, beside paramiko as it comes."""

from __future__ import annotations

import io
import os
import time

import paramiko

from ecqs_gateway.deliver.sftp import SftpTransport
from ecqs_gateway.doors.connections import connection
from ecqs_gateway.doors.ssh import Endpoint

__all__ = ["paramiko_speed", "transport_speed"]

_SMALL, _LARGE = 50_000, 200_000_000


def transport_speed(count: int = 1000) -> tuple[float, float]:
    """Give files of 50 kB a second, rename included, and MB/s of one file of 200 MB; connection from AIRFLOW_CONN_…."""
    transport = SftpTransport(Endpoint.of(connection("ecqs_national")))
    small, large = os.urandom(_SMALL), os.urandom(_LARGE)
    transport.put("320000-certificate-90000000.zip", "320000", small)
    started = time.perf_counter()
    for number in range(count):
        transport.put(f"320000-certificate-{number + 1:08d}.zip", "320000", small)
    files = count / (time.perf_counter() - started)
    started = time.perf_counter()
    transport.put("320000-certificate-99999999.zip", "320000", large)
    speed = _LARGE / 1e6 / (time.perf_counter() - started)
    transport.close()
    return files, speed


def paramiko_speed(port: int, user: str, key: str, folder: str, count: int = 60) -> float:
    """Give files of 50 kB a second as most scripts send them."""
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    client.connect("127.0.0.1", port, user, key_filename=key, look_for_keys=False, allow_agent=False)
    sftp = client.open_sftp()
    data = os.urandom(_SMALL)
    started = time.perf_counter()
    for number in range(count):
        name = f"{folder}/p{number:06d}"
        sftp.putfo(io.BytesIO(data), f"{name}.tmp")
        sftp.posix_rename(f"{name}.tmp", name)
    speed = count / (time.perf_counter() - started)
    client.close()
    return speed
