"""Watched: how each telemetry channel of the dictionary is read from the payload."""

from rochette import tables as t

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rochette.payload import Payload


def watch(payload: "Payload") -> None:
    """Give every declared channel its getter. Allocates, once. Raises ValueError when one is left out."""
    p = payload
    spindle_drive = p.drivers["spindle_current"]
    for index, getter, rate_hz in (
        (t.CH_SYSTEM_MODE, lambda: p.mode.value, 5),
        (t.CH_SYSTEM_SLIPS, p.executive.total_slips, 1),
        (t.CH_SYSTEM_EVENTS, lambda: p.events.count, 1),
        (t.CH_SYSTEM_ACTIVITY, p.activities.current, 5),
        (t.CH_POWER_BUS_VOLTAGE, lambda: p.bus.bus_mv, 5),
        (t.CH_POWER_BUS_CURRENT, lambda: p.bus.current_ma, 5),
        (t.CH_POWER_AUX_CURRENT, lambda: p.aux.current_ma, 5),
        (t.CH_POWER_ACTUATORS, lambda: int(p.rail.is_on), 5),
        (t.CH_POWER_ESTOP, lambda: int(p.rail.estop), 5),
        (t.CH_POWER_GUARD, lambda: p.rail.guard_cause, 5),
        (t.CH_CORER_DEPTH, lambda: p.corer.depth_um, 5),
        (t.CH_CORER_LEVEL, lambda: p.corer.level, 5),
        (t.CH_CORER_RATE_OF_PROGRESS, lambda: p.corer.rop_um_s, 5),
        (t.CH_CORER_SPINDLE_SPEED, lambda: p.spindle.rpm, 5),
        (t.CH_CORER_SPINDLE_CURRENT, lambda: spindle_drive.current_ma, 5),
        (t.CH_CORER_TILT_CHANGE, lambda: p.tilt.change_mdeg, 5),
        (t.CH_CORER_STATE, lambda: p.corer.state, 5),
        (t.CH_CORER_PECKS, lambda: p.corer.pecks, 1),
        (t.CH_CORER_WEIGHT_SET, lambda: p.corer.weight_set_mn, 1),
        (t.CH_CORER_PERCUSSION, lambda: p.percussion.mhz, 5),
        (t.CH_FEED_POSITION, lambda: p.feed.z_um, 5),
        (t.CH_FEED_WEIGHT_ON_BIT, lambda: p.feed.weight_mn, 5),
        (t.CH_FEED_CONTACT, lambda: p.feed.contact_um, 1),
        (t.CH_FEED_PROGRESS, lambda: p.feed.progress_um_s, 5),
        (t.CH_FEED_STATE, lambda: p.feed.state, 5),
        (t.CH_CAROUSEL_STATE, lambda: p.carousel.state, 5),
        (t.CH_CAROUSEL_RESULT, lambda: p.carousel.result, 1),
        (t.CH_CAROUSEL_COMMANDED, lambda: p.carousel.commanded, 1),
        (t.CH_CAROUSEL_SENSED, lambda: p.carousel.sensed, 1),
        (t.CH_CAROUSEL_STEP, lambda: p.drivers["carousel"].position, 5),
        (t.CH_CAROUSEL_TUBE_AT_DRILL, lambda: p.carousel.tube_present, 1),
        (t.CH_CAROUSEL_LAG_STEPS, lambda: p.carousel.lag_steps, 5),
        (t.CH_PROBE_STATE, lambda: p.probe.state, 5),
        (t.CH_PROBE_RESULT, lambda: p.probe.result, 1),
        (t.CH_PROBE_POSITION, lambda: p.probe.position_um, 5),
        (t.CH_PROBE_FILL, lambda: p.probe.fill_um, 1),
        (t.CH_PROBE_CURRENT_ABOVE_REST, lambda: p.probe.above_ma, 5),
        (t.CH_SEALER_STATE, lambda: p.sealer.state, 5),
        (t.CH_SEALER_RESULT, lambda: p.sealer.result, 1),
        (t.CH_SEALER_POSITION, lambda: p.sealer.position_um, 5),
        (t.CH_SEALER_FORCE, lambda: p.sealer.force_mn, 5),
        (t.CH_SEALER_SEALS_DISPENSED, lambda: p.sealer.dispensed, 1),
        (t.CH_GATE_STATE, lambda: p.gate.state, 1),
        (t.CH_GATE_RESULT, lambda: p.gate.result, 1),
        (t.CH_GATE_POSITION, lambda: p.gate.position, 1),
        (t.CH_CAMERA_STATE, lambda: p.camera.state, 5),
        (t.CH_CAMERA_RESULT, lambda: p.camera.result, 1),
        (t.CH_CAMERA_PICTURE, lambda: p.camera.picture_no, 1),
        (t.CH_CAMERA_LUX_BEFORE, lambda: p.camera.lux_before, 1),
        (t.CH_CAMERA_LIGHT_SCORE, lambda: p.camera.light_score, 1),
        (t.CH_SAMPLE_PHASE, lambda: p.sample.phase, 5),
        (t.CH_SAMPLE_SAMPLE, lambda: p.sample.number, 1),
        (t.CH_SAMPLE_TUBE, lambda: p.sample.tube, 1),
        (t.CH_SAMPLE_VERDICT, lambda: p.sample.verdict, 1),
        (t.CH_LEDGER_RECORDS, p.ledger.records_kept, 1),
        (t.CH_LINK_FRAMES_TAKEN, lambda: p.ground.link.taken, 1),
        (t.CH_LINK_FRAMES_BAD, lambda: p.ground.link.dropped, 1),
        (t.CH_LINK_FRAMES_SENT, lambda: p.ground.link.sent, 1),
        (t.CH_LINK_FRAMES_RESENT, lambda: p.ground.link.sender.resent, 1),
        (t.CH_FILES_DONE, lambda: p.ground.files.done, 1),
        (t.CH_SEQUENCE_STATE, lambda: p.ground.sequencer.state, 1),
        (t.CH_SEQUENCE_RECORD, lambda: p.ground.sequencer.record, 1),
        (t.CH_SURVIVAL_STATE, lambda: p.survival.state, 1),
        (t.CH_SURVIVAL_WAKES, lambda: p.survival.record.wakes, 1),
        (t.CH_SURVIVAL_MISSED, lambda: p.survival.record.missed, 1),
        (t.CH_SURVIVAL_REFUSED, lambda: p.survival.record.refused, 1),
        (t.CH_SURVIVAL_ASLEEP, lambda: p.survival.record.asleep_s, 1),
        (t.CH_SURVIVAL_ENERGY, lambda: p.survival.record.energy_mwh, 1),
        (t.CH_SURVIVAL_CLOCK, lambda: p.mission_time.fault, 1),
        (t.CH_SURVIVAL_SILENT, lambda: p.calling.silent_s, 1),
        (t.CH_SURVIVAL_CALL_ROW, lambda: p.calling.row + 1, 1),
        (t.CH_SURVIVAL_TEMPERATURE, lambda: p.drivers["mission_clock"].temperature_mc, 1),
        (t.CH_SURVIVAL_HEATER, lambda: int(p.heater.on), 1),
        (t.CH_SURVIVAL_MEMORY_FREE, lambda: p.memory_free, 1),
        (t.CH_SURVIVAL_STORE_FREE, lambda: p.store_free, 1),
    ):
        p.telemetry.channel(index, getter, rate_hz)
    left = p.telemetry.unfilled()
    if left:
        raise ValueError("telemetry channel {} of the dictionary has no getter in watched.py".format(left[0]))
