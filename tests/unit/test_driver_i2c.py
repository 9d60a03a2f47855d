"""Parts on I2C against their register-level twins: values of the data sheets, identities, lost and regained
buses.
"""

import pytest

from rochette.drivers.ads1115 import Ads1115
from rochette.drivers.errors import PartAbsent, PartWrong
from rochette.drivers.i2c_part import MISSES
from rochette.drivers.ina219 import Ina219
from rochette.drivers.mcp23017 import Mcp23017
from tests.unit.driver_rig import bench

PARTS = {
    "spindle_current": ("INA219", 0x40),
    "bus_current": ("INA219", 0x41),
    "aux_current": ("INA219", 0x44),
    "analogue": ("ADS1115", 0x48),
    "switches": ("MCP23017", 0x20),
    "tilt": ("LIS3DH", 0x18),
    "light": ("VEML7700", 0x10),
    "mission_clock": ("DS3231", 0x68),
    "fram": ("MB85RC256V", 0x50),
}
POLLED = [name for name in PARTS if name != "fram"]


class Mute:
    """A part that answers every read with one byte value and swallows every write: not the part that is
    wanted.
    """

    pointer_bits = 8

    def __init__(self, value: int, pointer_bits: int = 8) -> None:
        self.value = value
        self.swallowed = 0
        self.pointer_bits = pointer_bits

    def text(self) -> str:
        return "impostor"

    def mem_read(self, reg, buf):
        for n in range(len(buf)):
            buf[n] = self.value

    def mem_write(self, reg, buf):
        self.swallowed += len(buf)

    def raw_write(self, buf):
        self.swallowed += len(buf)


@pytest.mark.parametrize("name", PARTS)
def test_a_present_part_passes_its_check_twice(name):
    with bench() as b:
        b.wait(20_000)
        b.drivers[name].check()
        b.wait(20_000)
        b.drivers[name].check()
        assert b.drivers[name].ok


@pytest.mark.parametrize("name", PARTS)
def test_an_absent_part_is_named_with_bus_and_address(name):
    with bench() as b:
        b.unplug(name)
        with pytest.raises(PartAbsent) as caught:
            b.drivers[name].check()
        model, address = PARTS[name]
        assert str(caught.value).startswith(
            f"{model} '{name}' does not answer on I2C0 at 0x{address:02x}: check "
        )
        assert caught.value.part == name
        assert not b.drivers[name].ok


@pytest.mark.parametrize("name", [n for n in PARTS if n != "fram"])
def test_another_part_at_the_address_is_refused(name):
    with bench() as b:
        b.plug(name, Mute(0xEE))
        with pytest.raises(PartWrong) as caught:
            b.drivers[name].check()
        model, address = PARTS[name]
        assert str(caught.value).startswith(f"{model} '{name}' on I2C0 at 0x{address:02x}: ")
        assert "was expected" in str(caught.value)


@pytest.mark.parametrize("name", POLLED)
def test_three_misses_in_a_row_are_a_lost_part_and_one_answer_brings_it_back(name):
    with bench() as b:
        driver = b.drivers[name]
        driver.check()
        for _ in range(20):
            b.wait(10_000)
            driver.poll()
        assert driver.ok
        device = b.unplug(name)
        before = driver.errors
        for miss in range(1, MISSES + 1):
            b.wait(10_000)
            driver.poll()
            if name == "spindle_current":
                # This one may ask for two registers a poll.
                continue
            assert driver.ok == (driver.errors - before < MISSES), miss
        assert not driver.ok
        assert driver.errors - before >= MISSES
        assert b.drivers["spindle_current"].bus.errors >= MISSES
        b.plug(name, device)
        for _ in range(3):
            b.wait(10_000)
            driver.poll()
        assert driver.ok


def test_the_bus_remembers_the_error_number_and_can_be_reopened():
    with bench() as b:
        bus = b.drivers["tilt"].bus
        b.unplug("tilt")
        b.drivers["tilt"].poll()
        assert (bus.errors, bus.last_errno) == (1, 5)
        bus.reopen()
        b.drivers["light"].check()


# --- INA219


def test_ina219_measures_current_and_voltage_of_its_supply():
    with bench() as b:
        part = b.drivers["spindle_current"]
        part.check()
        for current in (0, 1, 500, 5000, 8000, -300):
            b.plant.spindle_ma = current
            b.wait(10_000)
            part.poll()
            assert part.current_ma == current
        b.plant.bus_mv = 11_876
        for _ in range(12):
            b.wait(10_000)
            part.poll()
        assert part.bus_mv == 11_876


def test_ina219_data_sheet_example():
    """SBOS448, section 8.5.1: 10 A through 2 mOhm read 0x07D0 (2000 counts, 20 mV); a 12 V bus reads 0x5D98
    (11.98 V).
    """
    with bench() as b:
        part = Ina219("example", b.drivers["tilt"].bus, 0x40, 2000)
        values = {0: 0x39D7, 1: 0x07D0, 2: 0x5D98}

        class Example(Mute):
            def mem_read(self, reg, buf):
                buf[0], buf[1] = values[reg] >> 8, values[reg] & 0xFF

        b.plug("spindle_current", Example(0))
        part.poll()
        assert part.current_ma == 10_000
        assert part.bus_mv == 11_980
        values[1] = 0xF830
        b.wait(10_000)
        part.poll()
        assert part.current_ma == -10_000


@pytest.mark.parametrize("start", [2**30 - 5_000_000, 2**30 - 100_000])
def test_ina219_reads_the_voltage_ten_times_a_second_however_often_it_is_polled(start):
    with bench(start_ticks_us=start) as b:
        part = b.drivers["bus_current"]
        part.check()
        device = b.world.buses[0].devices[0x41]
        read = device.mem_read
        asked = []
        device.mem_read = lambda reg, buf: (asked.append(reg), read(reg, buf))
        for _ in range(100):
            b.wait(9_000)
            part.poll()
        assert 8 <= asked.count(2) <= 10 and asked.count(1) == 100
        asked.clear()
        for _ in range(5):
            b.wait(200_000)
            part.poll()
        assert asked.count(2) == 5


def test_ina219_refuses_a_shunt_out_of_range():
    with bench() as b, pytest.raises(ValueError, match="1000 to 1000000"):
        Ina219("x", b.drivers["tilt"].bus, 0x40, 500)


# --- ADS1115


def test_ads1115_measures_each_channel_in_its_turn():
    with bench() as b:
        part = b.drivers["analogue"]
        b.plant.probe_um = 43_000
        b.plant.sealer_um = 40_000
        b.plant.motor_mc = 65_000
        b.plant.ambient_mc = -55_000 + 45_000
        for _ in range(12):
            part.poll()
            b.wait(10_000)
        assert list(part.mv) == [1600, 3100, 1150, 400]
        assert b.drivers["probe_position"].um == 43_000
        assert b.drivers["sealer_position"].um == 40_000
        assert b.drivers["motor_temperature"].mc == 65_000
        assert b.drivers["ambient_temperature"].mc == -10_000
        for name in ("probe_position", "sealer_position", "motor_temperature", "ambient_temperature"):
            assert b.drivers[name].ok
            b.drivers[name].check()


def test_ads1115_does_not_read_before_a_conversion_is_finished():
    with bench() as b:
        part = b.drivers["analogue"]
        transfers = []
        device = b.world.buses[0].devices[0x48]
        read = device.mem_read
        device.mem_read = lambda reg, buf: (transfers.append(reg), read(reg, buf))
        part.poll()
        for _ in range(5):
            part.poll()
        assert not transfers
        b.wait(2000)
        part.poll()
        assert transfers == [0]


def test_ads1115_ages_grow_and_stop_and_survive_the_wrap():
    with bench(start_ticks_us=2**30 - 3_000_000) as b:
        part = b.drivers["analogue"]
        assert part.age(0) == 60_000
        for _ in range(12):
            part.poll()
            b.wait(10_000)
        assert 0 <= part.age(0) <= 60
        b.wait(5_000_000)
        assert 5000 <= part.age(0) <= 5060
        assert not b.drivers["probe_position"].ok
        with pytest.raises(PartWrong, match="channel 0 of ADS1115 'analogue'"):
            b.drivers["probe_position"].check()
        b.wait(600_000_000)
        assert part.age(0) == 60_000


def test_ads1115_reads_below_ground_as_zero():
    with bench() as b:
        part = b.drivers["analogue"]
        b.plant.probe_um = -5000
        for _ in range(12):
            part.poll()
            b.wait(10_000)
        assert part.mv[0] == 0
        assert not b.drivers["probe_position"].ok


def test_ads1115_refuses_a_channel_it_does_not_have():
    with bench() as b:
        with pytest.raises(ValueError, match="channel 4"):
            Ads1115("x", b.drivers["tilt"].bus, 0x48, (0, 4))
        with pytest.raises(ValueError, match="empty"):
            Ads1115("x", b.drivers["tilt"].bus, 0x48, ())


# --- MCP23017


def test_mcp23017_tells_switches_in_their_own_sense():
    with bench() as b:
        part = b.drivers["switches"]
        part.check()
        b.wait(10_000)
        part.poll()
        for switch in ("gate_closed", "breakoff_offset", "tube_present", "feed_stall"):
            assert not b.drivers[switch].made()
            setattr(b.plant, switch, True)
            b.wait(10_000)
            part.poll()
            assert b.drivers[switch].made(), switch
            b.drivers[switch].check()
        assert not b.drivers["breakoff_centred"].made()


def test_mcp23017_keeps_a_sync_that_comes_and_goes_between_two_polls():
    with bench() as b:
        part = b.drivers["switches"]
        camera = b.drivers["camera"]
        part.check()
        b.wait(10_000)
        part.poll()
        assert not camera.took_latched()
        b.plant.sync = True
        b.wait(5000)
        b.plant.sync = False
        b.wait(20_000)
        part.poll()
        assert not camera.sync
        assert camera.took_latched()
        assert not camera.took_latched(), "asking forgets"


def test_mcp23017_does_not_latch_what_it_was_not_told_to():
    with bench() as b:
        part = b.drivers["switches"]
        part.check()
        b.wait(10_000)
        part.poll()
        b.plant.gate_closed = True
        b.wait(10_000)
        part.poll()
        assert not b.drivers["gate_closed"].changed()


def test_mcp23017_output_and_shutter_reach_the_camera():
    with bench() as b:
        b.drivers["switches"].check()
        camera = b.drivers["camera"]
        assert camera.focus(True)
        assert b.plant.focus
        camera.shutter(True)
        assert b.plant.shutter
        camera.check()
        assert not b.plant.shutter and not b.plant.focus
        b.unplug("switches")
        assert not camera.focus(True)
        with pytest.raises(ValueError, match="not an output"):
            b.drivers["switches"].set_output(0, True)


def test_mcp23017_refuses_masks_that_contradict_each_other():
    with bench() as b, pytest.raises(ValueError, match="do not go together"):
        Mcp23017("x", b.drivers["tilt"].bus, 0x20, 0, 0x0100, 0, 0x0100)


# --- LIS3DH


def test_lis3dh_measures_all_axes():
    with bench() as b:
        part = b.drivers["tilt"]
        part.check()
        part.poll()
        assert part.samples == 0, "nothing is measured yet"
        for value in ((0, 0, 1000), (-17, 250, 968), (-2048, 2047, -1)):
            b.plant.tilt_x_mg, b.plant.tilt_y_mg, b.plant.tilt_z_mg = value
            b.wait(20_000)
            part.poll()
            assert (part.x_mg, part.y_mg, part.z_mg) == value
        assert part.samples == 3


def test_lis3dh_that_has_lost_its_settings_is_noticed():
    with bench() as b:
        part = b.drivers["tilt"]
        part.check()
        b.wait(20_000)
        part.poll()
        assert part.ok
        b.world.buses[0].devices[0x18].mem_write(0x20, bytes([0x07]))
        for _ in range(22):
            b.wait(10_000)
            part.poll()
        assert not part.ok
        part.check()
        b.wait(20_000)
        part.poll()
        assert part.ok


# --- VEML7700


@pytest.mark.parametrize("lux", [0, 50, 1000, 30_000, 100_000, 140_000])
def test_veml7700_measures_light_from_dusk_to_noon(lux):
    with bench() as b:
        part = b.drivers["light"]
        b.plant.lux = lux
        part.check()
        part.poll()
        assert not part.valid, "the first measurement takes 25 ms"
        b.wait(60_000)
        part.poll()
        assert part.valid
        assert lux - 3 <= part.lux <= lux


def test_veml7700_full_scale():
    with bench() as b:
        part = b.drivers["light"]
        part.check()
        b.plant.lux = 500_000
        b.wait(60_000)
        part.poll()
        assert part.lux == 140_926


def test_veml7700_is_not_asked_before_it_was_set_up():
    with bench() as b:
        b.wait(100_000)
        b.drivers["light"].poll()
        assert not b.drivers["light"].valid


# --- DS3231


def test_ds3231_tells_mission_seconds():
    with bench() as b:
        part = b.drivers["mission_clock"]
        part.check()
        b.wait(10_000)
        part.poll()
        assert part.valid
        assert part.epoch_s == b.plant.epoch_s
        b.wait(90_000_000)
        part.poll()
        assert part.epoch_s == b.plant.epoch_s


@pytest.mark.parametrize(
    ("year", "month", "day", "second", "expected"),
    [
        (20, 1, 1, 0, 0),
        (20, 2, 29, 0, 59 * 86400),
        (20, 3, 1, 0, 60 * 86400),
        (21, 9, 1, 86399, 609 * 86400 + 86399),
        (24, 12, 31, 0, (4 * 365 + 1 + 365) * 86400),
        (25, 1, 1, 0, (4 * 365 + 1 + 366) * 86400),
    ],
)
def test_ds3231_sets_and_reads_dates_back(year, month, day, second, expected):
    with bench() as b:
        part = b.drivers["mission_clock"]
        part.set_epoch(expected)
        regs = bytearray(7)
        b.world.buses[0].devices[0x68].mem_read(0, regs)
        assert regs[6] == year // 10 << 4 | year % 10
        assert regs[5] & 0x1F == month // 10 << 4 | month % 10
        assert regs[4] == day // 10 << 4 | day % 10
        part.poll()
        assert part.epoch_s == expected
        assert part.valid


def test_ds3231_every_day_of_a_century_goes_in_and_out():
    with bench() as b:
        part = b.drivers["mission_clock"]
        for days in range(-7305, 36_525 - 7305, 97):
            if days < 0:
                continue
            part.set_epoch(days * 86400 + 43_210)
            part.poll()
            assert part.epoch_s == days * 86400 + 43_210


def test_ds3231_that_has_stopped_is_not_valid_until_it_is_set():
    with bench() as b:
        part = b.drivers["mission_clock"]
        b.world.buses[0].devices[0x68].regs[0x0F] |= 0x80
        part.check()
        part.poll()
        assert not part.valid
        part.set_epoch(1000)
        part.poll()
        assert part.valid and part.epoch_s == 1000


@pytest.mark.parametrize(
    ("register", "value"),
    [(0, 0x60), (0, 0x0A), (1, 0x7F), (2, 0x24), (2, 0x40), (4, 0x00), (4, 0x32), (5, 0x13), (6, 0xFA)],
)
def test_ds3231_registers_that_are_no_time_are_noticed(register, value):
    row = bytearray(19)
    row[:7] = bytes([0x59, 0x59, 0x23, 1, 0x28, 0x02, 0x21])

    class Row(Mute):
        def mem_read(self, reg, buf):
            buf[:] = row[reg : reg + len(buf)]

    with bench() as b:
        part = b.drivers["mission_clock"]
        b.plug("mission_clock", Row(0))
        part.check()
        part.poll()
        good = part.epoch_s
        assert part.valid and good == (366 + 31 + 27) * 86400 + 86399
        row[register] = value
        part.poll()
        assert not part.valid and part.epoch_s == good
        with pytest.raises(PartWrong):
            part.check()


def test_ds3231_reads_twelve_hour_mode():
    row = bytearray(19)
    row[:7] = bytes([0x00, 0x30, 0x72, 1, 0x01, 0x01, 0x20])

    class Row(Mute):
        def mem_read(self, reg, buf):
            buf[:] = row[reg : reg + len(buf)]

    with bench() as b:
        b.plug("mission_clock", Row(0))
        part = b.drivers["mission_clock"]
        part.poll()
        assert part.epoch_s == 12 * 3600 + 1800
        row[2] = 0x52
        part.poll()
        assert part.epoch_s == 1800


def test_ds3231_refuses_a_second_beyond_its_calendar():
    with bench() as b, pytest.raises(ValueError, match="not in 2000 to 2099"):
        b.drivers["mission_clock"].set_epoch(90 * 366 * 86400)


# --- FRAM


def test_fram_writes_and_reads_over_its_chunks():
    with bench() as b:
        fram = b.drivers["fram"]
        data = bytes(n * 7 & 0xFF for n in range(100))
        fram.write(1000, data)
        assert bytes(b.world.buses[0].devices[0x50].memory[1000:1100]) == data
        back = bytearray(100)
        fram.read_into(1000, back)
        assert bytes(back) == data
        fram.write(1003, memoryview(data)[:1])
        fram.read_into(1003, memoryview(back)[:1])
        assert back[0] == data[0]


def test_fram_check_leaves_the_memory_as_it_was():
    with bench() as b:
        memory = b.world.buses[0].devices[0x50].memory
        memory[:] = bytes(n * 31 & 0xFF for n in range(len(memory)))
        before = bytes(memory)
        b.drivers["fram"].check()
        assert bytes(memory) == before


def test_fram_that_does_not_keep_what_is_written_is_refused():
    with bench() as b:
        device = b.world.buses[0].devices[0x50]
        write = device.mem_write

        def stuck(reg, buf):
            write(reg, buf)
            device.memory[32_755] |= 0x10

        device.mem_write = stuck
        with pytest.raises(PartWrong, match="address 32755"):
            b.drivers["fram"].check()


def test_another_memory_is_refused():
    with bench() as b:
        b.world.buses[0].devices[0x7C] = Mute(0x11)
        with pytest.raises(PartWrong, match="device ID reads 0x111111, 0xa510 was expected"):
            b.drivers["fram"].check()


def test_fram_tries_three_times_then_says_that_it_is_absent():
    with bench() as b:
        fram = b.drivers["fram"]
        device = b.unplug("fram")
        with pytest.raises(PartAbsent):
            fram.write(0, b"x")
        with pytest.raises(PartAbsent):
            fram.read_into(0, bytearray(1))
        assert fram.errors == 6
        b.plug("fram", device)
        fram.write(0, b"x")
        assert fram.ok


@pytest.mark.parametrize(("address", "length"), [(-1, 1), (32_768, 1), (32_767, 2)])
def test_fram_refuses_addresses_beyond_its_end(address, length):
    with bench() as b:
        fram = b.drivers["fram"]
        with pytest.raises(ValueError, match="beyond the end"):
            fram.write(address, bytes(length))
        with pytest.raises(ValueError, match="beyond the end"):
            fram.read_into(address, bytearray(length))
