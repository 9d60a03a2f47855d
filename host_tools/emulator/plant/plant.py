"""The plant: all that the electronics drive and sense, advanced on a 5 ms grid while anything moves and in
one leap while nothing does.

`advance(now_us)` brings it to the last grid point at or before `now_us`, under the inputs as they stand; so
an input that is written afterwards takes effect from the next grid point. Inputs and outputs are plain
attributes or properties (see README.md). Logic levels are physical truth; polarity is the wiring's matter.
Everything is an integer, and the same seed and inputs give the same states on CPython and on MicroPython.
"""

from host_tools.emulator import micropython_shim as micropython
from host_tools.emulator.plant import coring, feed, noise
from host_tools.emulator.plant.camera import Camera
from host_tools.emulator.plant.carousel import Carousel
from host_tools.emulator.plant.geometry import complete
from host_tools.emulator.plant.light import LED_LUX, Light
from host_tools.emulator.plant.power import Power
from host_tools.emulator.plant.probe import Probe
from host_tools.emulator.plant.rock import Rock
from host_tools.emulator.plant.sealer import ACTIVATED, Sealer
from host_tools.emulator.plant.servo import Servo
from host_tools.emulator.plant.spindle import blow_uj, hammer_ma
from host_tools.emulator.plant.thermal import Thermal
from host_tools.emulator.plant.tube import NONE, Tubes

GRID_US = 5_000
PER_SECOND = 200
POWER_EVERY = 20  # grid steps between looks at the bus
SKY_S = 300  # a longer leap is taken in pieces of so many seconds: sun and temperature change in it
SPINDLE = 1
PERCUSSION = 2
FEED = 4
CAROUSEL = 8
BREAKOFF = 16
GATE = 32
PROBE = 64
SEALER = 128

TIP_UM = 42_000  # a tube that stands below the hole is pushed over by a bit this low

INPUTS = (
    "enable",
    "spindle_permille",
    "percussion_mhz",
    "percussion_pulse_us",
    "feed_steps",
    "carousel_steps",
    "breakoff_pulse_us",
    "gate_pulse_us",
    "probe_permille",
    "sealer_permille",
    "led_permille",
    "focus",
    "shutter",
    "heater",
    "asleep",
    "unpowered",
)
OUTPUTS = (
    "spindle_ma",
    "aux_ma",
    "bus_ma",
    "bus_mv",
    "encoder_count",
    "load_cell_mn",
    "feed_home",
    "feed_bottom",
    "feed_stall",
    "carousel_index",
    "carousel_detent",
    "tube_present",
    "breakoff_centred",
    "breakoff_offset",
    "gate_closed",
    "dispenser_count",
    "probe_um",
    "sealer_um",
    "tilt_x_mg",
    "tilt_y_mg",
    "tilt_z_mg",
    "lux",
    "motor_mc",
    "ambient_mc",
    "box_mc",
    "epoch_s",
    "sync",
    "sync_count",
    "energised",
    "brown_out",
    "logic_off",
)
FAULTS = (
    "spindle_jam",
    "spindle_short_ma",
    "encoder_dead",
    "percussion_dead",
    "feed_brake",
    "feed_slip_steps",
    "feed_home_dead",
    "rock_grip_mn",
    "slip",
    "pebble",
    "pebble_drag",
    "tube_overfull_um",
    "tube_missing",
    "core_loss",
    "seal_stuck",
    "seal_missing",
    "no_sun",
    "dust",
    "led_dead",
    "camera_dead",
    "supply_sag_mv",
    "battery_permille",
    "panel_dust_permille",
    "cold_mc",
    "heater_stuck",
    "heater_dead",
    "carousel_lost_steps",
    "breakoff_stuck",
    "gate_stuck",
    "probe_jam",
    "bit_wear_permille",
    "bit_load_mn",
    "bit_debris",
    "heater_stuck_ma",
    "drop_upright",
    "ring_turned",
)


class Plant:
    """One payload's mechanics over one rock. `rock` is a dictionary as host_tools.rocks.load gives it,
    `geometry` a board's mechanics.

    Raises ValueError for a geometry entry of the wrong type and KeyError for a rock without one of its keys.
    """

    def __init__(self, rock: dict, seed: int, geometry: dict) -> None:
        g = complete(geometry)
        self.g = g
        self.seed = seed
        setup = noise.Stream(seed, "setup")
        # Inputs.
        self.enable = False
        self.spindle_permille = 0
        self.percussion_mhz = 0
        self.percussion_pulse_us = 0
        self.feed_steps = 0
        self.carousel_steps = 0
        self.breakoff_pulse_us = 0
        self.gate_pulse_us = 0
        self.probe_permille = 0
        self.sealer_permille = 0
        self.led_permille = 0
        self.focus = False
        self.shutter = False
        self.heater = False
        self.asleep = False
        self.unpowered = False
        # Time.
        self.n = 0
        self._due_us = GRID_US
        self._power_n = 0
        self._second = 0
        self.powered = False
        # Fixed numbers that the corer's step uses.
        self.step_nm = g["feed_nm_per_step"]
        self.nm_per_mn = 1000 // g["feed_spring_mn_per_um"]
        self.backlash_nm = g["feed_backlash_um"] * 1000
        self.pullout_mn = g["feed_pullout_mn"]
        self.end_low_nm = (g["feed_bottom_um"] + g["feed_end_stop_um"]) * 1000
        self.end_high_nm = (g["feed_home_um"] - g["feed_end_stop_um"]) * 1000
        self.counts_per_turn = g["spindle_counts_per_turn"]
        self.dock_force_mn = g["dock_force_mn"]
        self.dock_um = setup.within(g["dock_contact_um"], g["dock_spread_um"])
        # Corer. The carriage starts parked a few millimetres below its home switch.
        self.motor_nm = setup.within(5_000, 2_500) * 1000
        self.carriage_nm = self.motor_nm
        self.bit_nm = self.motor_nm
        self.force_mn = 0
        self.feed_seen = 0
        self.feed_quiet = 0
        self.stall_steps = 0
        self.w_mrpm = 0
        self.motor_ma = 0
        self.turn = 0
        self.encoder_count = 0
        self.spindle_ma = 0
        self.load_cell_mn = 0
        self.loss_i2 = 0
        self.rop_nm_s = 0
        self.hammering = False
        self.blow_phase = 0
        self.wear_ppm = setup.within(10_000, 10_000)
        self.sharp_permille = 1000
        self._mhz_seen = -1
        self._pulse_seen = -1
        self.noise_cell = noise.table(seed, "load cell", 1021, 11)
        self.noise_torque = noise.table(seed, "torque", 1021, 60)
        self._noise_ring = noise.table(seed, "index bounce", 1021, 100)
        self._noise_tilt = noise.table(seed, "tilt", 1021, 600)
        self.cell_offset_mn = setup.within(0, 400)
        self.hang_mn = g["tool_hang_mn"]
        # The rest.
        self.ring = Carousel(g, setup, self._noise_ring)
        self.tubes = Tubes(g["seats"], g["tube_bore_um"])
        self.breakoff = Servo(
            g["breakoff_centred_us"],
            g["breakoff_centred_us"] - g["breakoff_offset_us"],
            g["breakoff_travel_ms"],
        )
        self.gate = Servo(g["gate_closed_us"], g["gate_open_us"] - g["gate_closed_us"], g["gate_travel_ms"])
        self.probe = Probe(g)
        self.sealer = Sealer(g, noise.Stream(seed, "sealer"))
        self.camera = Camera()
        self.light = Light(self, g, setup.within(500, 150))
        self.thermal = Thermal(g, setup.within(12_000, 4_000), 8_000)
        self.power = Power(g, setup.within(930, 50))
        self.rail_mv = g["battery_mv"]
        self.pictures: "list[dict]" = []
        self._tilt_x_mdeg = setup.within(0, 300)
        self._tilt_y_mdeg = setup.within(0, 300)
        # Faults.
        self.jam = False
        self.short_ma = 0
        self.encoder_dead = False
        self.feed_brake = False
        self._home_dead = False
        self._percussion_dead = False
        self._grip_fault_mn = 0
        self._led_dead = False
        self._heater_stuck = False
        self._heater_dead = False
        self.core_loss_permille = 0
        self._overfull_um = 0
        self._load_mn = 0
        self._load_blows = 0
        self.debris = 0
        self._heater_ma = 0
        self._drop_upright = False
        self.pebble_um = 0
        self._shakes = 0
        # Ground and docking.
        self.latch_armed = True
        self.targets = 0
        self.under = feed.NOTHING
        self.floor_nm = 0
        self.over_rock = False
        self._rock_data = rock
        self.new_target()
        self.thermal.motor_mc = self.ambient_mc
        feed.look_down(self)
        self._look_at_stations()

    # -- ground --

    def new_target(self) -> None:
        """Puts fresh rock under the bit, as a rover does that drives on: the same kind of rock, varied
        anew by the seed. The bit must be above ground.
        """
        stream = noise.Stream(self.seed, "rock {}".format(self.targets))
        self.targets += 1
        self.rock = Rock(self._rock_data, stream, self.g["rock_surface_um"], self.g)
        self.surface_nm = self.rock.surface_um * 1000
        self.hole_nm = self.surface_nm
        self.hole_frac = 0
        self.clear_nm = self.surface_nm
        self.peak_load_nm = 0
        self.clear_up_nm = 3_500_000
        self.grip_mn = max(self.rock.wall_drag_mn, self._grip_fault_mn)
        self.broken_um = 0  # depth at which the last core was broken off
        self.ingested = False
        self.held = False  # a broken core stands in the tube in the bit and nothing but the cam holds it
        self._in_hole = False
        self._blows_at_break = 0
        self._wear_depth_um = 0
        self._layer = 0
        self._load_layer()

    def next_layer(self) -> None:
        """The hole has reached the end of a layer."""
        self._layer += 1
        self._load_layer()

    def _load_layer(self) -> None:
        layer = self.rock.layers[self._layer]
        self.l_threshold = layer.threshold_mn
        self.l_friction = layer.friction_permille
        self.l_rotary = layer.rotary
        self.l_choke_nm = layer.choke_um * 1000
        if self._layer + 1 < len(self.rock.layers):
            self.l_end_nm = self.surface_nm + layer.end_um * 1000
        else:
            self.l_end_nm = 1 << 60
        self._set_percussion()

    def _set_percussion(self) -> None:
        self._mhz_seen = self.percussion_mhz
        self._pulse_seen = self.percussion_pulse_us
        self._hammer_ma = 0
        self.rop_blows = 0
        self.hammering = False
        if (
            self.percussion_mhz <= 0
            or self.percussion_pulse_us <= 0
            or self._percussion_dead
            or not self.powered
        ):
            return
        self._hammer_ma = hammer_ma(self.percussion_mhz, self.percussion_pulse_us)
        energy = blow_uj(self.percussion_pulse_us)
        self.hammering = energy > 0
        layer = self.rock.layers[self._layer]
        energy -= layer.blow_threshold_uj
        if energy > 0:
            mw = self.percussion_mhz * energy // 1_000_000
            self.rop_blows = (mw * layer.percussive) >> 16

    # -- time --

    @micropython.native
    def advance(self, now_us: int) -> None:
        """Brings the plant to the last grid point at or before `now_us` (microseconds since power-on;
        never backwards).
        """
        if now_us < self._due_us:
            return
        end = now_us // GRID_US
        self._due_us = (end + 1) * GRID_US
        if self.n >= self._power_n:
            self._look_at_power()
        powered = self.enable and not self.power.brown_out
        if powered != self.powered:
            self.powered = powered
            self._set_percussion()
        elif self.percussion_mhz != self._mhz_seen or self.percussion_pulse_us != self._pulse_seen:
            self._set_percussion()
        while self.n < end:
            if self.others_awake():
                self._step(end - self.n - 1)
            elif (
                self.spindle_permille
                or self.w_mrpm
                or self.feed_steps != self.feed_seen
                or self.feed_quiet
                or self.stall_steps
                or self.hammering
            ):
                coring.run(self, end - self.n, 0)
                self._after_corer()
            else:
                self._leap(end)
        if self.n >= self._second + PER_SECOND:
            self._slow()

    @micropython.native
    def others_awake(self) -> bool:
        """Whether anything but the corer is at work: then each grid point matters to somebody."""
        return bool(
            self.probe_permille
            or self.sealer_permille
            or self.carousel_steps != self.ring.seen
            or self.ring.v
            or self.ring.quiet
            or self.ring.moved
            or self.breakoff_pulse_us != self.breakoff.pos_us
            and self.breakoff_pulse_us
            and self.powered
            or self.breakoff.moving
            or self.gate_pulse_us != self.gate.pos_us
            and self.gate_pulse_us
            and self.powered
            or self.gate.moving
            or self.shutter
            or self.focus
            or self.camera.awake()
            or self.probe.ma
            or self.sealer.ma
        )

    @micropython.native
    def _step(self, ahead: int) -> None:
        """One grid step of everything, with `ahead` more to follow under the same inputs."""
        on = self.powered
        ring = self.ring
        bit_down = self.bit_nm > self.g["ring_clear_um"] * 1000
        blocked = (
            bit_down
            or self.probe.um > self.g["probe_mouth_um"]
            or self.sealer.um > self.g["sealer_contact_um"] - 1_500
        )
        ring.step(self.carousel_steps, ahead, on, blocked)
        if ring.moved:
            if self.pebble_um and ring.reversals >= self._shakes:
                self._clear_pebble()
            feed.look_down(self)
            self._look_at_stations()
        if self.breakoff.step(self.breakoff_pulse_us if on else 0):
            self._cam_moved()
        if self.gate.step(self.gate_pulse_us if on else 0):
            feed.look_down(self)
        self.probe.step(self.probe_permille if on else 0)
        self.sealer.step(self.sealer_permille if on else 0)
        if self.sealer.sealed_now:
            self.sealer.sealed_now = False
            self._sealed()
        self.camera.step(self.focus, self.shutter)
        if self.camera.ended:
            self._picture()
        coring.run(self, 1, ahead)
        self._after_corer()

    @micropython.native
    def _after_corer(self) -> None:
        if self.over_rock:
            deep = self.bit_nm - self.surface_nm
            if self._in_hole:
                if deep < -200_000:
                    self._in_hole = False
                    self._left_hole()
            elif deep > 500_000:
                self._in_hole = True
        elif self.force_mn > 0:
            feed.landed(self)
        elif not self.latch_armed and self.floor_nm - self.bit_nm > 500_000:
            self.latch_armed = True
        if self.tubes.upright and self.over_rock and self.bit_nm > TIP_UM * 1000:
            self.tubes.upright = False
        if self._load_mn and self.blow_phase - self._load_blows >= 12_000_000:
            self._load_mn = 0  # twelve blows shake off what sits on the bit
            self._hang()
        if self.held and not self.ingested and self.blow_phase - self._blows_at_break >= 5_000_000:
            self.ingested = True

    @micropython.native
    def _leap(self, end: int) -> None:
        """Quiet time passes at once: only noise of the grid point arrived at, and what the second hand
        does.
        """
        self.n = end
        self.load_cell_mn = (
            self.force_mn
            - self.hang_mn
            + self.noise_cell[end % 1021]
            + self.noise_cell[end & 511]
            + self.cell_offset_mn
        )
        self.spindle_ma = self.short_ma if self.powered else 0
        self.motor_ma = 0

    def _look_at_power(self) -> None:
        self._power_n = self.n + POWER_EVERY
        mv = self.power.bus_mv(self.bus_ma)
        self.rail_mv = mv
        self.power.check(mv)

    def _slow(self) -> None:
        """Whole seconds that have passed: battery, temperatures, wear. What was driven meanwhile is taken as
        it stands now; the sun is looked at in the middle of each piece.
        """
        seconds = (self.n - self._second) // PER_SECOND
        loss_mw = self.loss_i2 * 24 // (10_000 * PER_SECOND * seconds)
        self.loss_i2 = 0
        self._second += seconds * PER_SECOND
        if seconds <= SKY_S:
            self._sky(seconds, loss_mw, self.epoch_s)
        else:
            epoch = self.epoch_s - seconds
            while seconds > 0:
                piece = seconds if seconds < SKY_S else SKY_S
                self._sky(piece, loss_mw, epoch + piece // 2)
                epoch += piece
                seconds -= piece
        deep = (self.hole_nm - self.surface_nm) // 1000
        if deep > self._wear_depth_um:
            self.wear_ppm += (deep - self._wear_depth_um) * self.rock.layers[self._layer].abrasivity // 1000
            self._wear_depth_um = deep
        self.sharp_permille = max(200, 1000 - self.wear_ppm // 1000)

    def _sky(self, seconds: int, loss_mw: int, epoch: int) -> None:
        """Temperatures and battery over seconds in which the sun stands still."""
        self.thermal.advance(seconds, loss_mw, epoch)
        heater_mw = 0
        if self.heater_on:
            heater_mw = self.g["heater_ma"] * self.power.bus_mv(self.g["heater_ma"]) // 1000
        self.thermal.warm(seconds, heater_mw)
        self.power.advance(seconds, self.bus_ma, self.light.sun_permille(epoch))

    # -- events --

    def tubes_moved(self) -> None:
        """A tube changed its place: what hangs and what lies under the bit change with it."""
        self._hang()
        feed.look_down(self)
        self._look_at_stations()

    def _hang(self) -> None:
        self.hang_mn = self.g["tool_hang_mn"] + self.tubes.hang_mn(self.g["tube_mass_mg"]) + self._load_mn

    @micropython.native
    def cam_in(self, centre_us: int) -> bool:
        """True when the break-off cam is within its switch window of a position."""
        off = self.breakoff.pos_us - centre_us
        return -self.g["breakoff_switch_us"] <= off <= self.g["breakoff_switch_us"]

    def _cam_moved(self) -> None:
        g = self.g
        pos = self.breakoff.pos_us
        if pos <= g["breakoff_offset_us"] + 30:
            self._break_off()
        elif (
            pos < g["breakoff_centred_us"] - 150
            and self.standing_um > 3_000
            and self.breakoff_pulse_us < pos
            and self._in_hole
        ):
            # The tube's rim leans on the core: current rises over 100 us of pulse width, stays, and drops
            # when the core snaps.
            load = self._snap_ma() * (g["breakoff_centred_us"] - 150 - pos) // 100
            self.breakoff.ma += min(load, self._snap_ma())
        if (
            self.held
            and not self.ingested
            and pos > g["breakoff_offset_us"] + 200
            and not self._in_hole
            and self.under != feed.COLLAR
        ):
            # Nothing holds a core that was not settled once the rim goes back to the middle.
            self._drop_core(0)
        if pos >= g["breakoff_release_us"] - 60 and self.tubes.in_bit:
            if self.under == feed.COLLAR and self.force_mn >= self.dock_force_mn * 8 // 10:
                self.tubes.give(self.ring.position_at(0))
                self.held = False
                self.latch_armed = False
                self.tubes_moved()
            elif self.force_mn < 1_000:
                self.tubes.drop(self._drop_upright)
                self.held = False
                self.tubes_moved()
        elif self.force_mn > 0:
            feed.landed(self)

    def _snap_ma(self) -> int:
        tensile = self.rock.layers[self._layer].tensile_kpa
        if tensile < 50:
            return 20
        return min(1_150, 450 + tensile * 60 // 1000)

    def _break_off(self) -> None:
        if not self._in_hole or not self.tubes.in_bit:
            return
        depth = self.depth_um
        if self.standing_um <= 0:
            return
        length = self.rock.core_um(depth) - self.rock.core_um(self.broken_um)
        mass = self.rock.core_mg(depth) - self.rock.core_mg(self.broken_um)
        self.broken_um = depth
        self.tubes.put_core(length, mass, self.rock.kind)
        self.held = True
        self.ingested = False
        self._blows_at_break = self.blow_phase
        self._hang()

    def _left_hole(self) -> None:
        if self.held:
            keep = self.rock.keep_permille
            if self.core_loss_permille:
                keep = keep * (1000 - self.core_loss_permille) // 1000
            if not self.ingested and self.breakoff.pos_us > self.g["breakoff_offset_us"] + 200:
                keep = 0
            self._drop_core(keep)
            if self._overfull_um and self.held:
                self.tubes.fill_um[self.tubes.in_bit] = self.g["tube_bore_um"] + self._overfull_um
        if self.rock.pebbles_um and self.depth_um > 5_000 and not self.pebble_um:
            self._pebbles(self.rock.pebbles_um, 300)

    def _drop_core(self, keep_permille: int) -> None:
        self.tubes.keep(keep_permille)
        if self.tubes.fill_um[self.tubes.in_bit] == 0:
            self.held = False
        self._hang()

    def _pebbles(self, um: int, drag_permille: int) -> None:
        stream = noise.Stream(self.seed, "pebbles")
        self.pebble_um = um
        self.ring.pebble_angle = stream.below(self.ring.turn)
        self.ring.drag_permille = drag_permille
        self._shakes = self.ring.reversals + 4 + stream.below(6)
        feed.look_down(self)

    def _clear_pebble(self) -> None:
        self.pebble_um = 0
        self.ring.pebble_angle = -1
        self.ring.drag_permille = 0

    @micropython.native
    def _look_at_stations(self) -> None:
        """What stands under the probe and under the sealer."""
        g = self.g
        ring = self.ring
        half = g["carousel_detent_steps"]
        seat = ring.position_at(ring.pitch_of["PROBE"])
        aligned = -half <= ring.off <= half
        tube = self.tubes.in_seat[seat] if seat else 0
        probe = self.probe
        probe.give_um = 300
        if not aligned:
            probe.touch_um = g["probe_mouth_um"]
        elif tube == 0:
            probe.touch_um = g["probe_travel_um"]
        elif self.tubes.sealed[tube]:
            probe.touch_um = g["probe_mouth_um"] - 800
        else:
            probe.touch_um = g["probe_bottom_um"] - self.tubes.fill_um[tube]
            if self.tubes.fill_um[tube]:
                probe.give_um = self.rock.give_um
        seat = ring.position_at(ring.pitch_of["SEAL"])
        aligned = -half <= ring.off <= half
        tube = self.tubes.in_seat[seat] if seat else 0
        sealer = self.sealer
        sealer.blocked = not aligned
        sealer.tube_there = aligned and tube != 0
        sealer.over_um = 0
        if tube:
            if self.tubes.sealed[tube]:
                sealer.over_um = 1_500
            elif self.tubes.fill_um[tube] > self.tubes.bore_um:
                sealer.over_um = self.tubes.fill_um[tube] - self.tubes.bore_um

    def _sealed(self) -> None:
        tube = self.tubes.in_seat[self.ring.position_at(self.ring.pitch_of["SEAL"])]
        self.tubes.sealed[tube] = ACTIVATED

    def _picture(self) -> None:
        seat = self.ring.position_at(self.ring.pitch_of["CAMERA"])
        aligned = -self.g["carousel_detent_steps"] <= self.ring.off <= self.g["carousel_detent_steps"]
        at_drill = self.ring.position_at(0)
        tubes = self.tubes
        tube = 0
        subject = "BIT"
        if at_drill == 0 and tubes.on_ground and not tubes.in_bit and not self.gate_closed:
            # Through the hole and the open cover: what lies, or stands, below.
            subject = "GROUND"
            tube = tubes.on_ground
        elif at_drill == 0 and tubes.in_bit or not aligned or seat == 0:
            tube = tubes.in_bit
        else:
            tube = tubes.in_seat[seat]
            subject = "SEAL" if tube and tubes.sealed[tube] else "TUBE"
        epoch = self.epoch_s
        fill = tubes.fill_um[tube] if tube else 0
        self.pictures.append(
            {
                "no": len(self.pictures) + 1,
                "subject": subject,
                "t_us": self.n * GRID_US,
                "tube": tube,
                "fill_um": fill,
                "bore_um": tubes.bore_um,
                "core": tubes.kind[tube] if tube else NONE,
                "settled": 1 if self.ingested or not self.held else 0,
                "sealed": tubes.sealed[tube] if tube else 0,
                "rock": self.rock.name,
                "colour": self.rock.colour,
                "grain": self.rock.grain,
                "lux": self.lux,
                "led_permille": 0 if self._led_dead else self.led_permille,
                "led_full_lux": LED_LUX,
                "exposure_us": self.camera.ended * GRID_US,
                "sun_mdeg": self.light.sun_mdeg(epoch),
                "sun_permille": self.light.sun_permille(epoch),
                "dust_permille": self.light.optical_depth_permille,
                "focused": 1 if self.camera.sharp else 0,
                "wear_permille": 1000 - self.sharp_permille,
                "debris": self.debris if subject == "BIT" else 0,
                "upright": 1 if tubes.upright else 0,
                "noise_seed": noise.mix(self.seed, "picture {}".format(len(self.pictures) + 1)) & 0x3FFFFFFF,
            }
        )

    # -- outputs --

    @property
    @micropython.native
    def aux_ma(self) -> int:
        """Current of the auxiliary rail, mA: both servos, probe and sealer."""
        return self.breakoff.ma + self.gate.ma + self.probe.ma + self.sealer.ma

    @property
    @micropython.native
    def bus_ma(self) -> int:
        """Current out of the battery, mA."""
        if self.unpowered:
            return 0
        if self.asleep:
            return self.g["sleep_current_ma"] + (self.g["heater_ma"] if self.heater_on else 0)
        drive = self.spindle_permille if self.spindle_permille >= 0 else -self.spindle_permille
        motor = self.motor_ma if self.motor_ma >= 0 else -self.motor_ma
        ma = self.g["base_current_ma"] + motor * drive // 1000 + self._hammer_ma + self.aux_ma
        if self.powered:
            ma += self.short_ma + self._heater_ma
            if self.feed_quiet:
                ma += 600
            if self.ring.quiet:
                ma += 700
        if self.heater_on:
            ma += self.g["heater_ma"]
        return ma + self.led_permille * 250 // 1000

    @property
    @micropython.native
    def heater_on(self) -> bool:
        """Whether the electronics' heater draws current, commanded or not."""
        return (self.heater or self._heater_stuck) and not self._heater_dead and not self.unpowered

    @property
    @micropython.native
    def bus_mv(self) -> int:
        """Battery voltage under the present load, mV."""
        return self.power.bus_mv(self.bus_ma)

    @property
    def brown_out(self) -> bool:
        """The actuator rail has dropped out."""
        return self.power.brown_out

    @property
    @micropython.native
    def logic_off(self) -> bool:
        """The bus is too low for the electronics' converter."""
        return self.power.logic_off

    @property
    @micropython.native
    def feed_home(self) -> bool:
        """Home switch made: the carriage is at or above z = 0."""
        return self.carriage_nm <= self.g["feed_home_um"] * 1000 and not self._home_dead

    @property
    @micropython.native
    def feed_bottom(self) -> bool:
        """Bottom switch made."""
        return self.carriage_nm >= self.g["feed_bottom_um"] * 1000

    @property
    def feed_stall(self) -> bool:
        """The feed driver's stall output."""
        return self.stall_steps > 0

    @property
    def carousel_index(self) -> bool:
        """Hall index made."""
        return self.ring.index(self.n)

    @property
    def carousel_detent(self) -> bool:
        """Detent switch made."""
        return self.ring.detent()

    @property
    @micropython.native
    def tube_present(self) -> bool:
        """A tube stands in the seat at DRILL."""
        seat = self.ring.position_at(0)
        half = self.g["tube_sensor_steps"]
        return -half <= self.ring.off <= half and seat > 0 and self.tubes.in_seat[seat] != 0

    @property
    def breakoff_centred(self) -> bool:
        """Cam switch: centred."""
        return self.cam_in(self.g["breakoff_centred_us"])

    @property
    def breakoff_offset(self) -> bool:
        """Cam switch: offset."""
        return self.cam_in(self.g["breakoff_offset_us"])

    @property
    def gate_closed(self) -> bool:
        """Gate microswitch: closed."""
        return self.gate.pos_us <= self.g["gate_closed_us"] + 60

    @property
    @micropython.native
    def dispenser_count(self) -> bool:
        """Count switch: a seal has passed it in this stroke."""
        return self.sealer.passed

    @property
    @micropython.native
    def probe_um(self) -> int:
        """Probe rod position, um."""
        return self.probe.um

    @property
    @micropython.native
    def sealer_um(self) -> int:
        """Sealer plunger position, um."""
        return self.sealer.um

    @micropython.native
    def _shake_mg(self, k: int) -> int:
        size = 4_000 if self.hammering else 700
        return self._noise_tilt[(self.n * k) % 1021] * size // 1_000_000

    @property
    @micropython.native
    def tilt_x_mg(self) -> int:
        """Acceleration along x, mg: 17.45 mg a degree of tilt, some lean under weight, and shaking."""
        return (self._tilt_x_mdeg + self.force_mn // 1500) * 17_453 // 1_000_000 + self._shake_mg(3)

    @property
    @micropython.native
    def tilt_y_mg(self) -> int:
        """Acceleration along y, mg."""
        return self._tilt_y_mdeg * 17_453 // 1_000_000 + self._shake_mg(5)

    @property
    @micropython.native
    def tilt_z_mg(self) -> int:
        """Acceleration along z, mg."""
        return 1000 + self._shake_mg(11)

    @property
    @micropython.native
    def lux(self) -> int:
        """Light at the ambient sensor, lux: the sun's share and a tenth of the LED ring's."""
        led = 0 if self._led_dead else self.led_permille * LED_LUX // 10_000
        return self.light.lux(self.epoch_s) + led

    @property
    def motor_mc(self) -> int:
        """Spindle winding temperature, millidegrees C."""
        return self.thermal.motor_mc

    @property
    def ambient_mc(self) -> int:
        """Ambient temperature, millidegrees C."""
        return self.thermal.ambient_mc(self.epoch_s)

    @property
    def box_mc(self) -> int:
        """Temperature in the electronics' box, millidegrees C: ambient, and what the heater adds."""
        return self.ambient_mc + self.thermal.box_rise_mc

    @property
    @micropython.native
    def epoch_s(self) -> int:
        """Mission time, seconds."""
        return self.g["start_epoch_s"] + self.n // PER_SECOND

    @property
    @micropython.native
    def sync(self) -> bool:
        """Level of the camera's frame sync."""
        return self.camera.sync

    @property
    def sync_count(self) -> int:
        """Frame syncs so far: lets a latch catch one that came and went between two looks."""
        return self.camera.sync_count

    @property
    @micropython.native
    def energised(self) -> int:
        """Bit mask of actuators that are driven with the rail enabled; a stepper counts for 50 ms after
        its last step.
        """
        if not self.enable:
            return 0
        mask = 0
        if self.spindle_permille:
            mask |= SPINDLE
        if self.percussion_mhz and self.percussion_pulse_us:
            mask |= PERCUSSION
        if self.feed_quiet or self.feed_steps != self.feed_seen:
            mask |= FEED
        if self.ring.quiet or self.carousel_steps != self.ring.seen:
            mask |= CAROUSEL
        if self.breakoff_pulse_us:
            mask |= BREAKOFF
        if self.gate_pulse_us:
            mask |= GATE
        if self.probe_permille:
            mask |= PROBE
        if self.sealer_permille:
            mask |= SEALER
        return mask

    # -- truths --

    @property
    def bit_z_um(self) -> int:
        """Height of the bit's tip, um."""
        return self.bit_nm // 1000

    @property
    def carriage_z_um(self) -> int:
        """Height of the carriage, um."""
        return self.carriage_nm // 1000

    @property
    def depth_um(self) -> int:
        """Depth of the hole into the rock, um."""
        return (self.hole_nm - self.surface_nm) // 1000

    @property
    def standing_um(self) -> int:
        """Core that stands unbroken in the hole, um."""
        return self.rock.core_um(self.depth_um) - self.rock.core_um(self.broken_um)

    @property
    def core_um(self) -> int:
        """Core that stands in the hole or, once broken off, what the tube in the bit holds, um."""
        if self.tubes.in_bit and self.tubes.fill_um[self.tubes.in_bit]:
            return self.tubes.fill_um[self.tubes.in_bit]
        return self.standing_um

    @property
    def tube_mass_mg(self) -> int:
        """Mass of the tube in the bit with its content, mg; 0 without one."""
        return self.g["tube_mass_mg"] + self.tubes.core_mg[self.tubes.in_bit] if self.tubes.in_bit else 0

    @property
    def ring_angle(self) -> int:
        """The ring's true angle, microsteps modulo a turn."""
        return self.ring.angle % self.ring.turn

    @property
    def tube_at(self) -> "list[str]":
        """Where each tube truly is: SEAT, BIT or DROPPED by tube number."""
        return self.tubes.tube_at

    # -- faults --

    def fault(self, name: str, value: int) -> None:
        """Sets a fault of the mechanics (README.md lists what each value means); 0 takes it back where
        nature could. Raises ValueError for an unknown name.
        """
        if name == "spindle_jam":
            self.jam = value != 0
        elif name == "spindle_short_ma":
            self.short_ma = value
        elif name == "encoder_dead":
            self.encoder_dead = value != 0
        elif name == "percussion_dead":
            self._percussion_dead = value != 0
            self._set_percussion()
        elif name == "feed_brake":
            self.feed_brake = value != 0
        elif name == "feed_slip_steps":
            self.motor_nm -= value * self.step_nm
            self.carriage_nm -= value * self.step_nm
            self.feed_quiet = max(self.feed_quiet, 1)
        elif name == "feed_home_dead":
            self._home_dead = value != 0
        elif name == "rock_grip_mn":
            self._grip_fault_mn = value
            self.grip_mn = max(self.rock.wall_drag_mn, value)
        elif name == "slip":
            self._slip(value)
        elif name == "pebble":
            if value:
                self._pebbles(value, self.ring.drag_permille or 300)
            else:
                self._clear_pebble()
                feed.look_down(self)
        elif name == "pebble_drag":
            self.ring.drag_permille = value
            if self.ring.pebble_angle < 0:
                self.ring.pebble_angle = 0
        elif name == "tube_overfull_um":
            self._overfull_um = value
        elif name == "tube_missing":
            self._take_tube_away(value)
        elif name == "core_loss":
            self.core_loss_permille = value
        elif name == "seal_stuck":
            self.sealer.stuck = value != 0
        elif name == "seal_missing":
            self.sealer.missing = value != 0
        elif name == "no_sun":
            self.light.sun_gone = value != 0
        elif name == "dust":
            self.light.optical_depth_permille = value
        elif name == "led_dead":
            self._led_dead = value != 0
        elif name == "camera_dead":
            self.camera.dead = value != 0
        elif name == "supply_sag_mv":
            self.power.sag_mv = value
            self._power_n = self.n
        elif name == "battery_permille":
            self.power.set_charge(value)
            self._power_n = self.n
        elif name == "panel_dust_permille":
            self.power.panel_loss_permille = value
        elif name == "cold_mc":
            self.thermal.cold_mc = value
        elif name == "heater_stuck":
            self._heater_stuck = value != 0
        elif name == "heater_dead":
            self._heater_dead = value != 0
        elif name == "carousel_lost_steps":
            self.ring.lose = value
        elif name == "breakoff_stuck":
            self.breakoff.stuck = value != 0
        elif name == "gate_stuck":
            self.gate.stuck = value != 0
        elif name == "probe_jam":
            self.probe.jam = value != 0
        elif name == "bit_load_mn":
            self._load_mn = value
            self._load_blows = self.blow_phase
            self._hang()
        elif name == "bit_debris":
            self.debris = value
        elif name == "heater_stuck_ma":
            self._heater_ma = value
            self._power_n = self.n
        elif name == "drop_upright":
            self._drop_upright = value != 0
        elif name == "ring_turned":
            self.ring.by_hand = value
            self.ring.moved = True
        elif name == "bit_wear_permille":
            self.wear_ppm = value * 1000
            self.sharp_permille = max(200, 1000 - value)
        else:
            raise ValueError("no plant fault {!r}; there are: {}".format(name, ", ".join(FAULTS)))

    def _slip(self, mdeg: int) -> None:
        """The payload slips on its feet: tilt steps by so many millidegrees and the ground comes nearer,
        3 mm a degree (a force jump of 30 N for half a degree).
        """
        self._tilt_x_mdeg += mdeg
        shift = mdeg * 3_000
        self.surface_nm -= shift
        self.hole_nm -= shift
        self.clear_nm -= shift
        self.feed_quiet = max(self.feed_quiet, 1)
        if self.l_end_nm < 1 << 59:
            self.l_end_nm -= shift

    def _take_tube_away(self, seat: int) -> None:
        if not 1 <= seat <= self.tubes.seats:
            raise ValueError(
                "plant fault tube_missing: seat {} is not one of 1..{}.".format(seat, self.tubes.seats)
            )
        tube = self.tubes.in_seat[seat]
        if tube:
            self.tubes.in_seat[seat] = 0
            self.tubes.tube_at[tube] = NONE
            self.tubes_moved()
