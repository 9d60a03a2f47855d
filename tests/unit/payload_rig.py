"""The whole payload on the emulator, for tests: short cores, a ground that answers as told."""

from host_tools import rocks
from host_tools.emulator import loader

loader.install("emulated")

from host_tools.emulator.session import Session  # noqa: E402  (the firmware must be importable first)


class Rig:
    """A session with a sink that records. `verdict`: what the ground sees in every picture, None for the
    plant's truth;
    `answer`: what it says at a hold, None to release on PRESENT."""

    def __init__(self, rock="sandstone", seed=1, depth_um=3000, tube=1, verdict=None, answer=None, **spec):
        self.events = []
        self.rows = []
        self.holds = []
        self.verdict = verdict
        self._answer = answer
        self.session = Session(
            dict(
                rock=rock,
                rock_data=rocks.load(rock),
                seed=seed,
                tube=tube,
                depth_um=depth_um,
                release="auto",
                board="emulated",
                **spec,
            ),
            self,
        )

    def boot(self):
        """The payload, built and not yet stepped."""
        self.session._boot()
        return self.session.payload

    def commission(self):
        """Boot, and begin the custody record; the payload."""
        from rochette import tables as t

        payload = self.boot()
        assert payload.commands.submit(t.CMD_SAMPLE_COMMISSION) == t.COMMAND_RESULT_OK
        while payload.activities.running:
            payload.executive.step()
        return payload

    def run(self):
        return self.session.run()

    def ids(self):
        return [event["id"] for event in self.events]

    def columns(self, names):
        self.names = names

    def event(self, event):
        self.events.append(event)

    def telemetry(self, row):
        self.rows.append(row)

    def picture(self, scene):
        verdict = self.verdict or ("PRESENT" if scene["fill_um"] > 500 else "ABSENT")
        return {"no": scene["no"], "verdict": verdict, "confidence_permille": 900}

    def hold(self, evidence):
        from rochette.tables import VERDICT_PRESENT

        self.holds.append(evidence)
        release = (
            evidence["verdict"] == VERDICT_PRESENT if self._answer is None else self._answer == "release"
        )
        return {"answer": "release" if release else "hold"}
