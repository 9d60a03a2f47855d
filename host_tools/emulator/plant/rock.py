"""A rock under the bit: its layers compiled to integer coefficients, with the seed's variation, and what
core it leaves.

Progress follows Teale ("The concept of specific energy in rock drilling", Int. J. Rock Mech. Min. Sci. 2,
1965): rate = power that cuts / (annulus area x specific energy), for rotation and percussion apart.
- Rotary: cutting torque = 0.5 x (weight - threshold) x 10 mm mean radius; power = torque x speed; specific
  energy = 5 x strength (small bits grind fines and need several times the compressive strength).
- Percussive: power = blows a second x (blow energy - threshold); specific energy = 1.1 x strength; coupled
  to the rock by weight / (weight + 20 N).
Friction torque on the bit is friction x weight x 10 mm. Strengths in kPa, densities in kg/m3, lengths in
micrometres.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from host_tools.emulator.plant.noise import Stream

ROTARY_RATIO = 5
PERCUSSIVE_PERMILLE = 1_100
FIELDS = (
    "end_um",
    "strength_kpa",
    "threshold_mn",
    "friction_permille",
    "blow_threshold_uj",
    "abrasivity",
    "choke_um",
    "recovery_permille",
    "density",
    "tensile_kpa",
)


class Layer:
    """One layer of rock, from where the one above ends down to `end_um` under the surface (the last one
    has no end).
    """

    def __init__(self, data: dict, end_um: int, stream: "Stream", area_mm2: int) -> None:
        self.end_um = end_um
        vary = stream.within(1000, data["strength_spread_permille"])
        self.strength_kpa = data["strength_kpa"] * vary // 1000
        self.threshold_mn = data["threshold_mn"] * vary // 1000
        self.blow_threshold_uj = data["blow_threshold_uj"] * vary // 1000
        self.friction_permille = stream.scaled(data["friction_permille"], 50)
        self.abrasivity = data["abrasivity"]
        self.choke_um = stream.scaled(data["choke_um"], 100)
        self.recovery_permille = min(
            1000, max(0, stream.within(data["recovery_permille"], data["recovery_spread_permille"]))
        )
        self.density = data["density"]
        self.tensile_kpa = data["tensile_kpa"] * vary // 1000
        # rate[nm/s] = weight[mN] x speed[mrpm] x rotary >> 32:  0.5 x 10 mm / 9549 x 1e6 x 2**32 x 1000 /
        # (area x ratio x strength[kPa])
        self.rotary = 2_248_890_000_000 // (area_mm2 * ROTARY_RATIO * self.strength_kpa)
        # nm/s for a milliwatt of blows: 1e6 x 1000 x 1000 / (area x ratio x strength), in units of 2**-16
        self.percussive = (
            1_000_000_000 * 65_536 // (area_mm2 * (self.strength_kpa * PERCUSSIVE_PERMILLE // 1000))
        )


class Rock:
    """The layers under the bit and how a core of them behaves."""

    def __init__(self, data: dict, stream: "Stream", surface_um: int, geometry: dict) -> None:
        bit_mm = geometry["bit_diameter_um"] // 1000
        core_mm = geometry["core_diameter_um"] // 1000
        area_mm2 = (bit_mm * bit_mm - core_mm * core_mm) * 785 // 1000
        self.core_mm2_milli = core_mm * core_mm * 785
        self.name = data["name"]
        self.surface_um = stream.within(data.get("surface_um", surface_um), data["surface_spread_um"])
        self.kind = data["core"]
        self.keep_permille = min(
            1000, max(0, stream.within(data["keep_permille"], data["keep_spread_permille"]))
        )
        self.wall_drag_mn = data["wall_drag_mn"]
        self.pebbles_um = data["pebbles_um"]
        self.colour = data["colour"]
        self.grain = data["grain"]
        self.give_um = data["give_um"]
        self.layers = []
        end = 0
        listed = data["layers"]
        rounds = 1
        if data["repeat"]:
            total = 0
            for item in listed:
                total += item["thickness_um"]
            rounds = 100_000 // max(total, 1_000) + 1
        for _ in range(rounds):
            for item in listed:
                end += max(500, stream.scaled(item["thickness_um"], 200))
                self.layers.append(Layer(item, end, stream, area_mm2))

    def layer_at(self, depth_um: int) -> int:
        """Index of the layer that holds a depth; the last one goes on below its end."""
        last = len(self.layers) - 1
        i = 0
        while i < last and self.layers[i].end_um <= depth_um:
            i += 1
        return i

    def core_um(self, depth_um: int) -> int:
        """Length of core that stands after coring to a depth: each layer's advance times its recovery."""
        return self._sum(depth_um)[0]

    def core_mg(self, depth_um: int) -> int:
        """Mass of that core: length x area x density."""
        return self._sum(depth_um)[1]

    def _sum(self, depth_um: int) -> "tuple[int, int]":
        top = 0
        length = 0
        mass = 0
        last = len(self.layers) - 1
        for i, layer in enumerate(self.layers):
            end = layer.end_um
            if i == last or end > depth_um:
                end = depth_um
            if end <= top:
                break
            part = (end - top) * layer.recovery_permille // 1000
            length += part
            mass += part * self.core_mm2_milli // 1000 * layer.density // 1_000_000
            top = end
        return length, mass
