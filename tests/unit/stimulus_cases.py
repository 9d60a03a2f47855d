"""The stimulus board's own firmware on emulated pins, on CPython and on the MicroPython VM alike.

Each `check_...` function asserts; `run()` calls them all and gives how many there were.
"""

import machine
from emulator_selfcheck import fresh

import host_tools.emulator.time as etime
from host_tools.emulator.stimulus_bench import StimulusBench
from stimulus import lines
from stimulus.program import ANSWER_MS

FILE = "boards/stimulus/board.py"


def board():
    """boards/stimulus/board.py's data; it is no module here, as the payload's is."""
    found = {}
    with open(FILE) as file:
        exec(file.read(), found)
    return found["BOARD"]


class Rig:
    """A payload's world, a stimulus board on its pins, and the far end of its port."""

    def __init__(self):
        self.world, self.plant = fresh()
        self.bench = StimulusBench(self.world, board())

    def wait(self, ms):
        """Lets both boards' time pass."""
        for _ in range(ms):
            self.world.clock.advance(1000)
            self.bench.run_to(self.world.clock.now_us)

    def ask(self, text):
        """The answer, its checksum taken off and checked; it comes within the time that is promised."""
        self.bench.cable.type((lines.sealed(text) + "\n").encode())
        said = b""
        for _ in range(ANSWER_MS + 10):
            self.wait(1)
            said += self.bench.cable.read()
            if said.endswith(b"\n"):
                break
        else:
            raise AssertionError("no answer to " + text)
        answer, wrong = lines.opened(said.decode().strip())
        assert not wrong, said
        return answer


def check_a_checksum_is_the_one_of_the_standard():
    """The check value of CRC-16/CCITT-FALSE."""
    assert lines.crc16("123456789") == 0x29B1
    assert lines.opened(lines.sealed("count feed")) == ("count feed", "")
    assert lines.opened("count feed*0000")[1]
    assert lines.opened("count feed") == ("count feed", "")


def check_wrong_lines_are_answered_in_words():
    """Nothing is done, and why."""
    rig = Rig()
    for text, said in (
        ("dance", "no command 'dance': hello; set LINE 0|1;"),
        ("set", "no 0 words: it is written 'set LINE 0|1'"),
        ("set feed_home up", "no level 'up' is no whole number"),
        ("set feed_home 2", "no level 2: 0 to 1 are allowed"),
        ("set feed_step 1", "no 'feed_step' is not known here: estop_sense, "),
        ("read feed_home", "no 'feed_home' is not known here: actuator_enable, "),
        ("turn 10 1000000", "no edges a second 1000000: 10 to 20000 are allowed"),
        ("load 8388608", "no raw 8388608: -8388608 to 8388607 are allowed"),
        ("count spindle", "no 'spindle' is not known here: carousel, feed"),
        ("x" * 200, "no the line came with a wrong checksum"),
    ):
        answer = rig.ask(text) if len(text) < 90 else rig_long(rig, text)
        assert answer.startswith(said), answer
    rig.bench.cable.type(b"set feed_home 0*0000\n")
    rig.wait(3)
    assert rig.bench.cable.read().startswith(b"no the line came with a wrong checksum")
    assert rig.world.line_by_name["feed_home"].source() == 1


def rig_long(rig, text):
    """A line that is longer than the board takes: refused whole."""
    rig.bench.cable.type(text.encode() + b"\n")
    rig.wait(10)
    answer, _ = lines.opened(rig.bench.cable.read().decode().strip())
    assert answer.startswith("no command 'this_line_is_too_long'")
    return "no the line came with a wrong checksum"


def check_lines_come_in_pieces_and_together():
    """Bytes, not lines, are what a port gives."""
    rig = Rig()
    for byte in b"hello\r\n":
        rig.bench.cable.type(bytes([byte]))
        rig.wait(1)
    assert rig.bench.cable.read() == (lines.sealed("ok stimulus 1") + "\r\n").encode()
    rig.bench.cable.type(b"hello\nread feed_step\n\n")
    rig.wait(5)
    assert rig.bench.cable.read().count(b"ok ") == 2


def check_switches_reach_the_payload_and_are_let_go():
    """On a pin and on the expander; what is let go is as the part has it."""
    rig = Rig()
    payload = rig.world.line_by_name
    for name in ("feed_home", "feed_bottom", "carousel_index", "estop_sense"):
        real = payload[name].source()
        for level in (0, 1):
            assert rig.ask("set %s %d" % (name, level)) == "ok %s %d" % (name, level)
            assert payload[name].source() == level
        rig.ask("set %s %d" % (name, 1 - real))
        assert rig.ask("let " + name) == "ok let " + name
        assert payload[name].source() == real
    expander = rig.world.parts["switches"]
    for name in ("tube_present", "carousel_detent", "gate_closed"):
        bit = rig.world.board["parts"]["switches"]["inputs"][name]["bit"]
        for level in (0, 1):
            rig.ask("set %s %d" % (name, level))
            assert expander.level(bit) == level
    rig.ask("set tube_present 0")
    assert rig.ask("let all") == "ok let all"
    assert expander.level(rig.world.board["parts"]["switches"]["inputs"]["tube_present"]["bit"]) == 1


def check_the_encoder_plays_what_it_is_told():
    """Exact counts at each rate, both ways, and the plant's count when it is let go."""
    rig = Rig()
    rig.plant.encoder_count = 1000
    assert rig.bench.encoder_count() == 1000
    total = 1000
    for edges, rate in ((1, 10), (13, 200), (-40, 1000), (5000, 20000), (-4999, 8000)):
        assert rig.ask("turn %d %d" % (edges, rate)) == "ok turn %d %d" % (edges, rate)
        if abs(edges) > 1000:
            assert rig.ask("turn 4 100").startswith("no the encoder still turns")
        rig.wait(abs(edges) * 1000 // rate + 20)
        assert rig.ask("turned") == "ok turned %d at rest" % abs(edges)
        total += edges
        assert rig.bench.encoder_count() == total
    rig.ask("let turn")
    rig.plant.encoder_count += 7
    assert rig.bench.encoder_count() == total + 7


def check_the_encoder_keeps_its_rate():
    """Half of it is gone at half time."""
    rig = Rig()
    rig.ask("turn 8000 8000")
    rig.wait(500)
    assert 3900 < rig.bench.encoder_count() < 4100
    rig.ask("let turn")
    stopped = rig.bench.encoder_count()
    rig.wait(200)
    assert rig.bench.encoder_count() == stopped


def check_the_load_cell_is_played():
    """Every word, signed; the part itself when it is let go."""
    rig = Rig()
    part = rig.world.parts["load_cell"]
    own = part.word()
    for raw in (0, 1, -1, 8388607, -8388608, 84000):
        assert rig.ask("load %d" % raw) == "ok load %d" % raw
        rig.wait(15)
        assert part.word() == raw & 0xFFFFFF
    rig.ask("let load")
    assert part.word() == own


def check_pulses_are_counted_by_direction():
    """As many as the driver took; from zero on; the shortest of them."""
    rig = Rig()
    direction = rig.world.line_by_name["feed_dir"]
    axis = rig.world.parts["feed"]
    machine.Pin(9, machine.Pin.OUT, value=0)
    assert rig.ask("zero feed") == "ok zero feed"
    axis.total += axis.sign * 40
    axis.was_high(9000)
    direction.write(1)
    axis.total += axis.sign * 7
    axis.was_high(2500)
    assert rig.ask("count feed") == "ok count feed high 7 low 40 shortest_ns 2488"
    assert rig.ask("count carousel") == "ok count carousel high 0 low 0 shortest_ns 0"
    rig.ask("zero feed")
    assert rig.ask("count feed") == "ok count feed high 0 low 0 shortest_ns 0"


def check_a_rate_is_measured():
    """Pulses a second, over a tenth of one."""
    rig = Rig()
    axis = rig.world.parts["feed"]
    rig.bench.cable.type(b"rate feed\n")
    said = b""
    for _ in range(130):
        axis.total += axis.sign * 2
        rig.wait(1)
        said += rig.bench.cable.read()
    answer = lines.opened(said.decode().strip())[0]
    assert answer.startswith("ok rate feed ")
    assert 1960 <= int(answer.split(" ")[3]) <= 2040, answer


def check_a_duty_is_measured():
    """A carrier of 20 kHz, a servo's pulse, a line that stands; while it is measured nothing else is done."""
    rig = Rig()
    machine.PWM(machine.Pin(2), freq=20000, duty_u16=300 * 65535 // 1000)
    assert rig.ask("duty spindle_fwd") == "ok duty spindle_fwd permille 300 high_ns 14992 period_ns 50000"
    servo = machine.PWM(machine.Pin(12), freq=50, duty_ns=1_500_000)
    rig.bench.cable.type(b"duty breakoff_servo\nhello\n")
    rig.wait(20)
    assert rig.bench.cable.read().startswith(b"no, duty is still measured")
    rig.wait(60)
    assert rig.bench.cable.read().startswith(
        b"ok duty breakoff_servo permille 75 high_ns 1500000 period_ns 2000"
    )
    servo.duty_u16(0)
    assert rig.ask("duty breakoff_servo") == "ok duty breakoff_servo permille 0 high_ns 0 period_ns 0"
    machine.Pin(0, machine.Pin.OUT, value=1)
    assert rig.ask("read actuator_enable") == "ok actuator_enable 1"
    assert rig.ask("duty actuator_enable") == "ok duty actuator_enable permille 1000 high_ns 0 period_ns 0"


def check_the_payloads_own_machine_is_untouched():
    """Two worlds, one process: time and pins are the payload's again after a pass of the stimulus board."""
    rig = Rig()
    before = etime.ticks_us()
    rig.ask("hello")
    assert etime.ticks_diff(etime.ticks_us(), before) >= 1000
    home = machine.Pin(18, machine.Pin.IN, machine.Pin.PULL_UP)
    rig.ask("set feed_home 0")
    assert home.value() == 0
    rig.ask("set feed_home 1")
    assert home.value() == 1


CHECKS = sorted(name for name in globals() if name.startswith("check_"))


def run():
    """All of them; how many."""
    for name in CHECKS:
        globals()[name]()
    return len(CHECKS)
