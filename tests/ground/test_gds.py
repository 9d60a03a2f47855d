"""The stock ground system on an emulated payload: its test API, and its page in a browser.

The whole chain runs: emulated payload, its firmware's link, a pseudo-terminal, adapter, ZeroMQ, pipeline.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from host_tools import paths
from host_tools.ground.console import Child, emulated, gds_command, ground_system, zmq_transport
from host_tools.ground.schema import DICTIONARY
from tests.ground import browser

CASES = Path(__file__).with_name("gds_cases.py")


def check_cases(folder: Path, target: str) -> None:
    with emulated(folder, "--pace", "max", "--target", target) as port:
        started = gds_command(port, folder, 0, None, arm=True, gui=False)
        system = Child("fprime-gds", started, folder / "gds.log")
        try:
            command = [sys.executable, "-m", "pytest", str(CASES), "-q", "-x", "--import-mode=importlib"]
            command += ["-p", "no:cacheprovider", "-c", str(folder / "none.ini"), "--rootdir", str(folder)]
            command += ["--dictionary", str(DICTIONARY), "--logs", str(folder / "test-logs")]
            command += ["--file-storage-directory", str(folder / "files"), "--file-uplink-chunk-size", "200"]
            command += ["--zmq-transport", *zmq_transport(folder)]
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
    assert "6 passed" in ran.stdout


def test_the_ground_systems_test_api_on_cpython(tmp_path: Path) -> None:
    check_cases(tmp_path, "cpython")


@pytest.mark.ground
@pytest.mark.micropython
def test_the_ground_systems_test_api_on_micropython(tmp_path: Path) -> None:
    check_cases(tmp_path, "micropython")


TYPE = """(() => {
  const box = document.querySelector('input[name=command-text]');
  box.value = COMMAND;
  box.dispatchEvent(new Event('change'));
})()"""
PRESS = """(() => {
  const named = [...document.querySelectorAll('button')].find(e => e.textContent.trim() === 'Send Command');
  named.click();
})()"""
TAB = """(() => {
  [...document.querySelectorAll('li.nav-item')].find(e => e.textContent.trim().startsWith(NAME)).click();
})()"""
CHOOSE = """(() => {
  const all = [...document.querySelectorAll('.v-select')].map(e => e.__vue__);
  const list = all.find(one => (one.options || []).includes(NAME));
  if (list) list.select(NAME);
  return !!list;
})()"""
POINTS = """(() => {
  let e = document.querySelector('canvas');
  while (e && !(e.__vue__ && e.__vue__.chart)) e = e.parentElement;
  return e ? e.__vue__.chart.data.datasets[0].data.filter(point => point.y > 9000).length : 0;
})()"""


@pytest.mark.ground
def test_the_ground_systems_page_commands_and_shows(tmp_path: Path) -> None:
    """A command is sent from the page; its events and a chart appear."""
    if browser.program() is None:
        pytest.skip("no chromium here: apt-get install chromium")
    with (
        emulated(tmp_path, "--pace", "1") as port,
        ground_system(port, tmp_path, gui_port=0) as (address, _),
        browser.opened(address, tmp_path) as page,
    ):
        page.until("!!document.querySelector('input[name=command-text]')", 30)
        # The page knows the dictionary when it can offer every channel.
        page.run(TAB.replace("NAME", "'Charts'"))
        page.until(CHOOSE.replace("NAME", "'power.BUS_VOLTAGE'"), 30)
        page.run(TAB.replace("NAME", "'Commanding'"))
        page.run(TYPE.replace("COMMAND", "'link.TELL_DICTIONARY'"))
        time.sleep(0.5)
        page.run(PRESS)
        page.run(TAB.replace("NAME", "'Events'"))
        page.until("document.body.innerText.includes('link.DICTIONARY')", 20)
        page.until("document.body.innerText.includes('cmdDisp.OpCodeCompleted')", 20)
        page.run(TAB.replace("NAME", "'Charts'"))
        assert page.until(POINTS, 30) >= 1
        page.picture(tmp_path / "charts.png")
        assert (tmp_path / "charts.png").stat().st_size > 10_000
