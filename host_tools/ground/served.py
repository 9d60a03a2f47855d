"""An emulated payload that is driven from outside in slices of ticks, and spoken to over its serial port.

Runs on CPython and on the MicroPython VM from the same source, like `host_tools/emulator/session.py`, whose
start it uses. There is no wall clock in here: how long a slice is, and when it comes, is the caller's matter.
A reset of the chip (commanded, or by its watchdog) or a power cut starts the firmware anew in the same world:
the tubes and the rock stay as they are, as on a bench.
"""

from host_tools.emulator.errors import RESETS
from host_tools.emulator.session import Session, SessionError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    Develop = Callable[[dict[str, Any]], bytes]

CARD_PICTURES = 8
"""The emulated camera's card keeps its newest pictures; `files.LIST` reads every one of them."""


class _Deaf:
    """Nobody listens beside the link: what the payload has to say, it says there."""

    def event(self, event: "dict[str, Any]") -> None:
        """Not kept: the event goes over the link."""
        return None


class Picture:
    """A picture on the emulated camera's card. It is painted when its file is first asked for: most never
    are, and painting one takes a quarter of a second.
    """

    def __init__(self, scene: "dict[str, Any]", develop: "Develop") -> None:
        self.name = "picture-{}.jpg".format(scene["no"])
        self._scene = scene
        self._develop = develop
        self._data = b""

    def size(self) -> int:
        """See Files.offer."""
        return len(self._developed())

    def read_into(self, offset: int, buffer: "Any", count: int) -> int:
        """See Files.offer."""
        piece = self._developed()[offset : offset + count]
        buffer[: len(piece)] = piece
        return len(piece)

    def _developed(self) -> bytes:
        if not self._data:
            self._data = self._develop(self._scene)
        return self._data


class Served(Session):
    """Rock, plant, world and firmware of one specification (run/protocol.py), stepped by `slice()`.

    `develop(scene)` gives a picture as the bytes of a JPEG file. With it the camera has a card, and each
    picture can be fetched as a file; the firmware hands the bytes on, as those of any file that is offered.
    """

    def __init__(self, spec: "dict[str, Any]", develop: "Develop | None" = None) -> None:
        Session.__init__(self, spec, _Deaf())
        self._develop = develop
        self._card: "list[Picture]" = []
        self._looks: "tuple[int, ...]" = ()
        self._unseen = 0
        self._wiring: "dict[str, Any]" = {}
        self._usual: "dict[str, Any] | None" = None
        self._max_resets = 1 << 30  # whoever is at the other end may reset it as often as he likes

    def start(self) -> None:
        """Power on. With `key_file` in the specification the line counts as a radio, its key in that file."""
        if self._spec.get("key_file"):
            import board

            self._wiring = board.BOARD
            usual = self._usual = dict(board.BOARD["link"])
            board.BOARD["link"] = dict(usual, radio=True, key_file=self._spec["key_file"])
        self._boot()
        t = self._tables
        self._looks = (t.PHASE_IMAGE_BIT, t.PHASE_IMAGE_AGAIN, t.PHASE_IMAGE_TUBE, t.PHASE_IMAGE_SEAL)
        self._unseen = t.VERDICT_NONE

    def slice(self, ticks: int, received: bytes) -> "dict[str, Any]":
        """Let `received` come in on the serial port, run `ticks` of 10 ms, and give what happened.

        tx: bytes sent; ms: emulated time since power-on; busy: whether time is worth spending fast; pictures:
        scenes taken since the last slice; resets: how often the chip was reset.
        """
        line = self.world.serial
        if line is None:
            raise SessionError("this board has no serial line to the ground: give it a 'link' in board.py")
        if received:
            line.host_write(received)
        for _ in range(ticks):
            self._tick()
        return {
            "tx": line.host_read(),
            "ms": self.world.clock.now_us // 1000,
            "busy": self._busy(),
            "pictures": self._pictures(),
            "resets": self.resets,
        }

    def stop(self) -> None:
        """Power off the actuators, let go of the world."""
        self.payload.stop()
        self.world.detach()
        if self._usual is not None:
            self._wiring["link"] = self._usual
            self._usual = None

    def _start_firmware(self) -> None:
        """After a reset too: what is on the camera's card stays there."""
        Session._start_firmware(self)
        for picture in self._card:
            self._offer(picture)

    def _offer(self, picture: Picture) -> None:
        self.payload.ground.files.offer(picture.name, picture.size, picture.read_into)

    def _keep(self, scene: "dict[str, Any]") -> None:
        """Onto the camera's card: the oldest makes room, or one that had this number before a reset."""
        if self._develop is None:
            return
        picture = Picture(scene, self._develop)
        self._card = [one for one in self._card if one.name != picture.name]
        if len(self._card) == CARD_PICTURES:
            del self.payload.ground.files._offered[self._card.pop(0).name]
        self._card.append(picture)
        self._offer(picture)

    def _tick(self) -> None:
        try:
            self.payload.executive.step()
        except RESETS as reset:
            self._restart(reset)
        if self.payload.events.count != self._events_seen:
            self._hear_events()
            self._drive_on()
        if self.world.clock.now_us >= self._script.next_us:
            self._play()

    def _drive_on(self) -> None:
        """With the bit out of the ground and no tube in it, the rover drives on to rock that is uncut."""
        plant = self.plant
        if plant.depth_um > 0 and not plant.tubes.in_bit and plant.bit_nm < plant.surface_nm:
            plant.new_target()

    def _busy(self) -> bool:
        """Whether the payload works on something; not while it waits for a release, or for a look."""
        payload = self.payload
        if not payload.activities.running or payload.hold.active:
            return False
        camera = payload.camera
        looking = payload.sample.phase in self._looks and not camera.busy
        return not (looking and camera.assessment_of(camera.picture_no) == self._unseen)

    def _pictures(self) -> "list[dict[str, Any]]":
        count = self.payload.camera.picture_no
        scenes = self.plant.pictures
        if count == self._pictures_seen or not scenes:
            return []
        self._pictures_seen = count
        scene = dict(scenes[-1])
        # Frames without a sync are on the camera and unknown to the payload: its number counts.
        scene["no"] = count
        self._keep(scene)
        return [scene]
