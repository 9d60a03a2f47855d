"""What a person does who tries it: `rochette console --emulated`, and everything else on the page it names.

The page is the stock ground system's, in a headless Chromium: one core is taken, watched on a chart, its
picture downloaded, and released.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from host_tools import paths
from host_tools.ground.console import rochette
from host_tools.ground.schema import Names
from host_tools.pictures import HEIGHT, WIDTH, assess
from tests.ground import browser

COMMAND = "document.querySelector('input[name=command-text]')"
TYPE = """(() => {
  const box = BOX;
  box.value = WHAT;
  box.dispatchEvent(new Event('input'));
  box.dispatchEvent(new Event('change'));
})()"""
PRESS = """(() => {
  const named = [...document.querySelectorAll('button')].find(e => e.textContent.trim() === 'Send Command');
  named.click();
})()"""
TAB = """(() => {
  [...document.querySelectorAll('li.nav-item')].find(e => e.textContent.trim().startsWith(WHAT)).click();
})()"""
FILTER = """[...document.querySelectorAll('span')].find(e => e.offsetParent && e.textContent === 'Filters:')
  .closest('.input-group').querySelector('input')"""
CHANNEL = """(() => {
  const all = [...document.querySelectorAll('.v-select')].map(e => e.__vue__);
  const list = all.find(one => (one.options || []).includes(WHAT));
  if (list) list.select(WHAT);
  return !!list;
})()"""
TIME = """(() => {
  const lists = [...document.querySelectorAll('select')];
  const list = lists.find(e => [...e.options].some(o => o.value === 'ert'));
  list.value = 'ert';
  list.dispatchEvent(new Event('change'));
})()"""
# The points that are drawn, between the ends of both axes: y, in the order of their times.
DRAWN = """(() => {
  let e = document.querySelector('canvas');
  while (e && !(e.__vue__ && e.__vue__.chart)) e = e.parentElement;
  if (!e) return [];
  const {x, y} = e.__vue__.chart.scales;
  return e.__vue__.chart.data.datasets[0].data
    .filter(p => x.min <= p.x && p.x <= x.max && y.min <= p.y && p.y <= y.max).map(p => p.y);
})()"""
TEXT = "document.body.innerText"


class Person:
    """Who sits before the page."""

    def __init__(self, page: browser.Page, folder: Path) -> None:
        self._page = page
        self._folder = folder
        page.until(f"!!{COMMAND}", 30)

    def tab(self, name: str) -> None:
        """Open a tab."""
        self._page.run(TAB.replace("WHAT", json.dumps(name)))

    def send(self, text: str) -> None:
        """Type a command, send it."""
        self.tab("Commanding")
        self._page.run(TYPE.replace("BOX", COMMAND).replace("WHAT", json.dumps(text)))
        time.sleep(0.5)  # the page looks the command up before it can be sent
        self._page.run(PRESS)

    def until_told(self, text: str, seconds: float = 30.0) -> str:
        """Wait for an event with these words in its row; the events are filtered for them. Gives the page."""
        self.tab("Events")
        self._page.until(FILTER, 10)
        self._page.run(TYPE.replace("BOX", FILTER).replace("WHAT", json.dumps(text)))
        self._page.until(f"{json.dumps(text.split())}.every(word => {TEXT}.includes(word))", seconds)
        return str(self._page.run(TEXT))

    def choose(self, channel: str) -> None:
        """A chart of a channel, by the time at which its values are received."""
        self.tab("Charts")
        # The page knows the dictionary when it can offer every channel.
        self._page.until(CHANNEL.replace("WHAT", json.dumps(channel)), 30)
        self._page.until("!!document.querySelector('canvas')", 10)
        self._page.run(TIME)

    def charted(self, seconds: float, at_least: int, above: float) -> None:
        """Wait for so many points on the chart that are higher than this."""
        self.tab("Charts")
        self._page.until(f"{DRAWN}.filter(y => y > {above}).length >= {at_least}", seconds)
        self._page.picture(self._folder / "charts.png")
        assert (self._folder / "charts.png").stat().st_size > 10_000

    def downloaded(self) -> bytes:
        """What the Download button of the only file gives."""
        self.tab("Downlink")
        self._page.until(f"{TEXT}.includes('FINISHED')", 60)
        links = self._page.run("[...document.querySelectorAll('a[download]')].map(a => a.href)")
        (link,) = [link for link in links if "/download/files/" in link]
        with urllib.request.urlopen(link, timeout=20) as answer:
            return bytes(answer.read())


def order(process: subprocess.Popen[str], word: str) -> str:
    """Type at the console's terminal what the page has no button for; gives the answer."""
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(word + "\n")
    process.stdin.flush()
    return next(line for line in process.stdout if line.startswith((word.upper(), f"'{word}'")))


@contextlib.contextmanager
def console(*options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The command as it is typed; gives the address it prints."""
    command = [*rochette("console"), "--emulated", "--gui-port", "0", *options]
    process = subprocess.Popen(
        command,
        cwd=paths.ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("console: http://127.0.0.1:"), process.communicate(timeout=30)[1]
        folder = Path(line.split()[-1].rstrip(")"))
        yield line.split()[1], process
        shutil.rmtree(folder)  # what a person would keep
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=60)
        finally:
            process.kill()


@pytest.mark.ground
def test_a_sample_is_taken_watched_released_and_its_picture_downloaded_on_the_page(tmp_path: Path) -> None:
    if browser.program() is None:
        pytest.skip("no chromium here: apt-get install chromium")
    names = Names.load()

    def armed(name: str) -> str:
        """The first of a hazardous command's two steps, as the page says it below the command."""
        return f"link.ARM, {names.command(name).opcode}"

    with (
        console("--rock", "sandstone", "--pace", "max") as (address, process),
        browser.opened(address, tmp_path) as page,
    ):
        person = Person(page, tmp_path)
        person.choose("feed.WEIGHT_ON_BIT")
        person.send("sample.COMMISSION")
        person.until_told("cmdDisp.OpCodeError NOT_ARMED")
        person.send(armed("sample.COMMISSION"))
        person.until_told("link.ARMED")
        person.send("sample.COMMISSION")
        person.until_told("ledger.INITIALISED")
        person.send("sample.BRING_UP")
        person.until_told("sample.READY", 90)
        person.send(armed("sample.ACQUIRE"))
        person.until_told(f"link.ARMED {names.command('sample.ACQUIRE').opcode:#x}")
        person.send("sample.ACQUIRE, 1, 3000")
        person.charted(90, at_least=20, above=20_000)
        assert order(process, "pause") == "PAUSE: done; 1 activity was told.\n"
        person.until_told("system.PAUSED")
        assert "is none of these" in order(process, "halt")
        assert order(process, "resume") == "RESUME: done; 1 activity was told.\n"
        assert "sample 1 in tube 1" in person.until_told("sample.HOLD", 180)
        person.send("files.LIST")
        person.until_told("files.LISTED picture-1.jpg")
        person.send('files.SEND, "picture-1.jpg"')
        picture = Image.open(io.BytesIO(person.downloaded()))
        assert (picture.format, picture.size) == ("JPEG", (WIDTH, HEIGHT))
        assert assess(picture.convert("RGB"))["verdict"] == "PRESENT"
        person.send("sample.RELEASE, 1, 1")
        assert "seal ACTIVATED" in person.until_told("sample.STORED", 120)
        assert process.poll() is None
    assert process.returncode == 0
