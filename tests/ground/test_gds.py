"""The stock ground system on an emulated payload, by its own test API. Its page: test_page.py.

The whole chain runs: emulated payload, its firmware's link, a pseudo-terminal, adapter, ZeroMQ, pipeline.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from host_tools import paths
from host_tools.ground.console import Child, emulated, gds_command, zmq_transport
from host_tools.ground.schema import DICTIONARY

CASES = Path(__file__).with_name("gds_cases.py")


def check_cases(folder: Path, target: str, *, uplinks: bool = True) -> None:
    with emulated(folder, "--pace", "max", "--target", target) as port:
        started = gds_command(port, folder, 0, None, arm=True, gui=False)
        system = Child("fprime-gds", started, folder / "gds.log")
        try:
            command = [sys.executable, "-m", "pytest", str(CASES), "-q", "-x", "--import-mode=importlib"]
            command += ["-p", "no:cacheprovider", "-c", str(folder / "none.ini"), "--rootdir", str(folder)]
            command += ["--dictionary", str(DICTIONARY), "--logs", str(folder / "test-logs")]
            command += ["--file-storage-directory", str(folder / "files"), "--file-uplink-chunk-size", "200"]
            command += ["--zmq-transport", *zmq_transport(folder)]
            if not uplinks:
                command += ["-k", "not goes_up and not uplinked"]
            (folder / "none.ini").write_text("[pytest]\n")
            (folder / "files").mkdir(exist_ok=True)
            env = {**os.environ, "ROCHETTE_TEST_FILES": str(folder / "files"), "PYTHONPATH": str(paths.ROOT)}
            ran = subprocess.run(
                command, env=env, cwd=folder, capture_output=True, text=True, timeout=300, check=False
            )
            system.check()
        finally:
            system.end()
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
    assert ("6 passed" if uplinks else "4 passed") in ran.stdout


def test_the_ground_systems_test_api_on_cpython(tmp_path: Path) -> None:
    """Without its uplinks, which on a machine under load now and then do not begin: fprime-gds 4.4 has not
    sent a packet then. Files go up by our own client in test_emulate.py.
    """
    check_cases(tmp_path, "cpython", uplinks=False)


@pytest.mark.ground
def test_the_ground_systems_uplinks_too_on_cpython(tmp_path: Path) -> None:
    check_cases(tmp_path, "cpython")


@pytest.mark.ground
@pytest.mark.micropython
def test_the_ground_systems_test_api_on_micropython(tmp_path: Path) -> None:
    check_cases(tmp_path, "micropython")
