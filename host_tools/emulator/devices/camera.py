"""The camera's opto-coupled focus and shutter inputs. Its sync output is a switch input of the board."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from host_tools.emulator.world import World


class Camera:
    """Focus and shutter, as contacts that are closed by a high level."""

    def __init__(self, world: "World") -> None:
        self.plant = world.plant

    def shutter(self, level: int) -> None:
        """The shutter line: the exposure lasts as long as it is closed."""
        self.plant.shutter = level == 1

    def focus(self, level: int) -> None:
        """The focus line."""
        self.plant.focus = level == 1
