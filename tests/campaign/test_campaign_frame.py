"""The frame of every campaign: units, the results file, going on after an interruption, the page."""

from __future__ import annotations

import json
import re

import pytest

from host_tools.campaign import campaign, page, plan, pools, results
from host_tools.campaign.campaign import Ended, Plan
from host_tools.campaign.plan import Unit
from host_tools.cli import main
from host_tools.run.errors import UsageError


def three(seed: int = 1) -> Plan:
    """A campaign of three units of random runs that no pool has to do for real."""
    units = [Unit("runs", [f"run-{n:05d}", f"run-{n + 1:05d}"], {"seed": seed}) for n in (1, 3, 5)]
    return Plan({"campaign": "test", "seed": seed}, units, lambda name: f"rochette campaign --only {name}")


class Fake:
    """Does units without running anything; stops the campaign after a number of them."""

    width = 2

    def __init__(
        self, until: int = 99, short: str = "", stop: type[BaseException] = KeyboardInterrupt
    ) -> None:
        self.waiting: list[Unit] = []
        self.done: list[str] = []
        self.until, self.short, self.stop = until, short, stop

    def submit(self, unit: Unit) -> None:
        self.waiting.append(unit)

    def finished(self) -> list[tuple[Unit, list[plan.Record]]]:
        if self.until == 0:
            raise self.stop("enough")
        self.until -= 1
        unit = self.waiting.pop(0)
        self.done += unit.ids
        why = [["it is short"] if name == self.short else [] for name in unit.ids]
        return [
            (
                unit,
                [{"id": n, "ok": not w, "why": w, "wall_s": 1.0} for n, w in zip(unit.ids, why, strict=True)],
            )
        ]

    def close(self) -> None:
        self.waiting.clear()


def test_an_interrupted_campaign_goes_on_where_it_was(tmp_path) -> None:  # type: ignore[no-untyped-def]
    first = campaign.run(three(), tmp_path, lambda: Fake(until=1), quiet=True)
    assert (first.exit_status, first.missing, len(first.records)) == (130, 4, 2)
    with (tmp_path / results.NAME).open("a") as file:
        file.write('{"id": "run-00003", "ok": tr')  # the machine went down here
    again = Fake()
    second = campaign.run(three(), tmp_path, lambda: again, quiet=True)
    assert again.done == [f"run-{n:05d}" for n in (3, 4, 5, 6)]
    assert (second.exit_status, second.missing) == (0, 0)
    third = campaign.run(three(), tmp_path, lambda: pytest.fail("there is nothing to do"), quiet=True)
    assert third.digest == second.digest != first.digest


def test_a_run_that_falls_short_makes_it_1_and_lost_workers_4(tmp_path) -> None:  # type: ignore[no-untyped-def]
    ended = campaign.run(three(), tmp_path / "a", lambda: Fake(short="run-00004"), quiet=True)
    assert [record["id"] for record in ended.failed] == ["run-00004"]
    assert ended.exit_status == 1
    lost = campaign.run(three(), tmp_path / "b", lambda: Fake(1, stop=pools.PoolError), quiet=True)
    assert lost.exit_status == 4
    assert "goes on from here" in lost.stopped


def test_another_campaign_or_a_damaged_file_is_refused_and_not_touched(tmp_path) -> None:  # type: ignore[no-untyped-def]
    campaign.run(three(), tmp_path, Fake, quiet=True)
    path = tmp_path / results.NAME
    before = path.read_bytes()
    with pytest.raises(UsageError, match="seed 1 there, 2 asked"):
        campaign.run(three(2), tmp_path, Fake, quiet=True)
    assert path.read_bytes() == before
    lines = before.split(b"\n")
    lines[2] = lines[2][:10] + b"\xff" + lines[2][11:]
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(UsageError, match="line 3: damaged"):
        campaign.run(three(), tmp_path, Fake, quiet=True)
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="cannot write there"):
        campaign.run(three(), tmp_path / "file", Fake, quiet=True)


def test_a_full_disk_is_said_and_loses_nothing(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    class Full:
        """A file on a disk that is full after the first result."""

        def __init__(self, inner) -> None:  # type: ignore[no-untyped-def]
            self.inner, self.lines = inner, 0

        def write(self, text: str) -> None:
            self.lines += 1
            if self.lines > 2:
                self.inner.write(text[:20])
                self.inner.flush()
                raise OSError(28, "No space left on device")
            self.inner.write(text)

        def __getattr__(self, name: str):  # type: ignore[no-untyped-def]
            return getattr(self.inner, name)

    real = results.Results.__init__

    def opened(self, path, about) -> None:  # type: ignore[no-untyped-def]
        real(self, path, about)
        self._file = Full(self._file)

    with monkeypatch.context() as patched:
        patched.setattr(results.Results, "__init__", opened)
        ended = campaign.run(three(), tmp_path, Fake, quiet=True)
    assert "No space left on device" in ended.stopped and ended.exit_status == 4
    assert len(ended.records) == 2
    after = campaign.run(three(), tmp_path, Fake, quiet=True)
    assert (after.exit_status, len(after.records)) == (0, 6)


def test_a_leg_waits_for_the_one_before_and_gets_its_state(tmp_path) -> None:  # type: ignore[no-untyped-def]
    units = [Unit("cuts", [f"leg-{n}"], {"n": n}, f"leg-{n - 1}" if n > 1 else "") for n in (3, 2, 1)]
    seen = []

    class Legs(Fake):
        width = 8

        def finished(self) -> list[tuple[Unit, list[plan.Record]]]:
            unit = self.waiting.pop(0)
            assert not self.waiting
            seen.append((unit.ids[0], unit.data.get("state")))
            return [(unit, [{"id": unit.ids[0], "ok": True, "why": [], "state": f"after {unit.ids[0]}"}])]

    made = Plan({"campaign": "legs"}, units, str)
    assert campaign.run(made, tmp_path, Legs, quiet=True).exit_status == 0
    assert seen == [("leg-1", None), ("leg-2", "after leg-1"), ("leg-3", "after leg-2")]


def test_an_error_of_the_tools_fails_its_runs_and_no_others() -> None:
    got = plan.run_unit(Unit("cuts", ["tube-01"], {"seed": 1}))
    assert len(got) == 1 and not got[0]["ok"]
    assert "tools failed, not the payload: KeyError" in got[0]["why"][0]


def test_a_digest_knows_no_wall_time_and_no_order() -> None:
    a, b = {"id": "a", "ok": True, "wall_s": 1.0}, {"id": "b", "ok": True, "wall_s": 2.0}
    assert plan.digest([a, b]) == plan.digest([b, {**a, "wall_s": 9.0}])
    assert plan.digest([a, b]) != plan.digest([{**a, "ok": False}, b])


def test_the_page_is_one_file_and_links_each_cell(tmp_path) -> None:  # type: ignore[no-untyped-def]
    records = [
        {"id": "feed.off.CORE", "ok": True, "why": [], "outcome": "FAULT", "reason": "FEED", "at_ms": 1},
        {"id": "feed.off.DOCK", "ok": False, "why": ["<b>odd</b>"], "outcome": "SEALED", "reason": ""},
    ]
    ended = Ended({record["id"]: record for record in records}, 0)
    made = Plan({"campaign": "faults", "seed": 1}, [], lambda name: f"rochette campaign --only {name}")
    body = [
        page.matrix(records, ["feed"], ["off", "stuck"], ["CORE", "DOCK"]),
        page.runs(records, made.again),
        page.histogram("t", [1.0, 2.0]),
        page.bars("r", {"FEED": 1}),
    ]
    text = page.write(tmp_path, "Fault matrix", "lead", made, ended, [("cells", 2)], body).read_text()
    assert not re.findall(r'(?:src|href)=["\']?(?:https?:)?//', text)
    for record in records:
        assert f'href="#run-{record["id"]}"' in text and f'id="run-{record["id"]}"' in text
    assert text.count("not run") >= 2 and "&lt;b&gt;odd" in text and "<b>odd" not in text
    assert text.count("<svg") == 2 and "FALLS SHORT" in text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "say which one"),
        (["--faults", "--runs", "3"], "say which one"),
        (["--runs", "0"], "0"),
        (["--runs", "3", "--tubes", "2"], "--tubes goes with --power-cuts"),
        (["--power-cuts", "3", "--sample", "0.5"], "--sample goes with --faults"),
        (["--faults", "--sample", "2"], "'2' is not a share"),
        (["--faults", "--sample", "0.1", "--all"], "Give one of the two"),
        (["--faults", "--workers", "2", "--dask", "tcp://127.0.0.1:1"], "Give one"),
        (["--power-cuts", "3", "--tubes", "60"], "has 43 tubes"),
        (["--power-cuts", "-1"], "-1"),
        (["--faults", "--seed", "x"], "seed"),
        (["--faults", "--only", "feed.off.NOWHERE"], "no such cell"),
        (["--runs", "3", "--only", "run-00004"], "no such run"),
        (["--power-cuts", "3", "--only", "tube-99"], "no such leg"),
        (["--power-cuts", "3", "--only", "tube-02"], "which is not in"),
        (["--runs", "1", "--dask", "tcp://127.0.0.1:1"], "no Dask scheduler answers"),
    ],
)
def test_bad_arguments_are_said_in_words(tmp_path, capsys, words, says) -> None:  # type: ignore[no-untyped-def]
    assert main(["campaign", "--out", str(tmp_path / "out"), *words]) == 2
    told = capsys.readouterr().err
    assert says in told and "Traceback" not in told


def test_dask_gives_the_same_results_as_this_machine(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    distributed = pytest.importorskip("distributed")
    made = lambda: Plan(  # noqa: E731
        {"campaign": "test"}, [Unit("cuts", [f"tube-0{n}"], {"seed": n}) for n in (1, 2, 3)], str
    )
    here = campaign.run(made(), tmp_path / "here", pools.Here, quiet=True)
    with distributed.LocalCluster(
        n_workers=1,
        threads_per_worker=2,
        processes=False,
        dashboard_address=None,
        host="127.0.0.1",
        protocol="tcp",
    ) as cluster:
        there = campaign.run(
            made(), tmp_path / "there", lambda: pools.OnDask(cluster.scheduler_address), quiet=True
        )
    local = campaign.run(made(), tmp_path / "local", lambda: pools.Local(2), quiet=True)
    assert len(here.records) == 3
    assert here.digest == there.digest == local.digest
    assert json.loads((tmp_path / "there" / results.NAME).read_text().splitlines()[0])["format"] == 1
