"""Watched: how each telemetry channel of the dictionary is read from the payload."""

from rochette import tables as t

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rochette.payload import Payload


def watch(payload: "Payload") -> None:
    """Give every declared channel its source: a method, or an object and its attribute. Allocates.

    Raises ValueError when one is left out.
    """
    p = payload
    spindle_drive = p.drivers["spindle_current"]
    p.telemetry.channel(t.CH_SYSTEM_SLIPS, p.executive.total_slips, 1)
    p.telemetry.channel(t.CH_SYSTEM_ACTIVITY, p.activities.current, 5)
    p.telemetry.channel(t.CH_SYSTEM_DEGRADED, p.degraded.get, 1)
    p.telemetry.channel(t.CH_LEDGER_RECORDS, p.ledger.records_kept, 1)
    channels: "tuple[tuple[int, Any, str, int], ...]" = (
        (t.CH_SYSTEM_MODE, p.mode, "value", 5),
        (t.CH_SYSTEM_EVENTS, p.events, "count", 1),
        (t.CH_POWER_BUS_VOLTAGE, p.bus, "bus_mv", 5),
        (t.CH_POWER_BUS_CURRENT, p.bus, "current_ma", 5),
        (t.CH_POWER_AUX_CURRENT, p.aux, "current_ma", 5),
        (t.CH_POWER_ACTUATORS, p.rail, "is_on", 5),
        (t.CH_POWER_ESTOP, p.rail, "estop", 5),
        (t.CH_POWER_GUARD, p.rail, "guard_cause", 5),
        (t.CH_CORER_DEPTH, p.corer, "depth_um", 5),
        (t.CH_CORER_LEVEL, p.corer, "level", 5),
        (t.CH_CORER_RATE_OF_PROGRESS, p.corer, "rop_um_s", 5),
        (t.CH_CORER_SPINDLE_SPEED, p.spindle, "rpm", 5),
        (t.CH_CORER_SPINDLE_CURRENT, spindle_drive, "current_ma", 5),
        (t.CH_CORER_TILT_CHANGE, p.tilt, "change_mdeg", 5),
        (t.CH_CORER_STATE, p.corer, "state", 5),
        (t.CH_CORER_PECKS, p.corer, "pecks", 1),
        (t.CH_CORER_WEIGHT_SET, p.corer, "weight_set_mn", 1),
        (t.CH_CORER_PERCUSSION, p.percussion, "mhz", 5),
        (t.CH_FEED_POSITION, p.feed, "z_um", 5),
        (t.CH_FEED_WEIGHT_ON_BIT, p.feed, "weight_mn", 5),
        (t.CH_FEED_CONTACT, p.feed, "contact_um", 1),
        (t.CH_FEED_PROGRESS, p.feed, "progress_um_s", 5),
        (t.CH_FEED_STATE, p.feed, "state", 5),
        (t.CH_CAROUSEL_STATE, p.carousel, "state", 5),
        (t.CH_CAROUSEL_RESULT, p.carousel, "result", 1),
        (t.CH_CAROUSEL_COMMANDED, p.carousel, "commanded", 1),
        (t.CH_CAROUSEL_SENSED, p.carousel, "sensed", 1),
        (t.CH_CAROUSEL_STEP, p.drivers["carousel"], "position", 5),
        (t.CH_CAROUSEL_TUBE_AT_DRILL, p.carousel, "tube_present", 1),
        (t.CH_CAROUSEL_LAG_STEPS, p.carousel, "lag_steps", 5),
        (t.CH_PROBE_STATE, p.probe, "state", 5),
        (t.CH_PROBE_RESULT, p.probe, "result", 1),
        (t.CH_PROBE_POSITION, p.probe, "position_um", 5),
        (t.CH_PROBE_FILL, p.probe, "fill_um", 1),
        (t.CH_PROBE_CURRENT_ABOVE_REST, p.probe, "above_ma", 5),
        (t.CH_SEALER_STATE, p.sealer, "state", 5),
        (t.CH_SEALER_RESULT, p.sealer, "result", 1),
        (t.CH_SEALER_POSITION, p.sealer, "position_um", 5),
        (t.CH_SEALER_FORCE, p.sealer, "force_mn", 5),
        (t.CH_SEALER_SEALS_DISPENSED, p.sealer, "dispensed", 1),
        (t.CH_GATE_STATE, p.gate, "state", 1),
        (t.CH_GATE_RESULT, p.gate, "result", 1),
        (t.CH_GATE_POSITION, p.gate, "position", 1),
        (t.CH_CAMERA_STATE, p.camera, "state", 5),
        (t.CH_CAMERA_RESULT, p.camera, "result", 1),
        (t.CH_CAMERA_PICTURE, p.camera, "picture_no", 1),
        (t.CH_CAMERA_LUX_BEFORE, p.camera, "lux_before", 1),
        (t.CH_CAMERA_LIGHT_SCORE, p.camera, "light_score", 1),
        (t.CH_SAMPLE_PHASE, p.sample, "phase", 5),
        (t.CH_SAMPLE_SAMPLE, p.sample, "number", 1),
        (t.CH_SAMPLE_TUBE, p.sample, "tube", 1),
        (t.CH_SAMPLE_VERDICT, p.sample, "verdict", 1),
        (t.CH_LINK_FRAMES_TAKEN, p.ground.link, "taken", 1),
        (t.CH_LINK_FRAMES_BAD, p.ground.link, "dropped", 1),
        (t.CH_LINK_FRAMES_SENT, p.ground.link, "sent", 1),
        (t.CH_LINK_FRAMES_RESENT, p.ground.link.sender, "resent", 1),
        (t.CH_FILES_DONE, p.ground.files, "done", 1),
        (t.CH_SEQUENCE_STATE, p.ground.sequencer, "state", 1),
        (t.CH_SEQUENCE_RECORD, p.ground.sequencer, "record", 1),
        (t.CH_SURVIVAL_STATE, p.survival, "state", 1),
        (t.CH_SURVIVAL_WAKES, p.survival.record, "wakes", 1),
        (t.CH_SURVIVAL_MISSED, p.survival.record, "missed", 1),
        (t.CH_SURVIVAL_REFUSED, p.survival.record, "refused", 1),
        (t.CH_SURVIVAL_ASLEEP, p.survival.record, "asleep_s", 1),
        (t.CH_SURVIVAL_ENERGY, p.survival.record, "energy_mwh", 1),
        (t.CH_SURVIVAL_CLOCK, p.mission_time, "fault", 1),
        (t.CH_SURVIVAL_SILENT, p.calling, "silent_s", 1),
        (t.CH_SURVIVAL_CALL_ROW, p.calling, "row_number", 1),
        (t.CH_SURVIVAL_TEMPERATURE, p.drivers["mission_clock"], "temperature_mc", 1),
        (t.CH_SURVIVAL_HEATER, p.heater, "on", 1),
        (t.CH_SURVIVAL_MEMORY_FREE, p, "memory_free", 1),
        (t.CH_SURVIVAL_STORE_FREE, p, "store_free", 1),
    )
    for index, holder, name, rate_hz in channels:
        p.telemetry.attribute(index, holder, name, rate_hz)
    left = p.telemetry.unfilled()
    if left:
        raise ValueError("telemetry channel {} of the dictionary has no source in watched.py".format(left[0]))
