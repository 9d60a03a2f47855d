/**
 * Resets and what survives them (RP2040 data sheet section 2.12, 2.14 and 4.7): power-on and the watchdog.
 *
 * After a watchdog reset the watchdog's scratch registers, its reason and the flash are what they were; everything else,
 * the pins too, is as at power-on. The chip-level cause register (VREG_AND_CHIP_RESET, 2.12.8) tells of power-on only:
 * a watchdog reset leaves it at what it was.
 */

export const POWER_ON = 1;
export const WATCHDOG = 3;

const CHIP_RESET = 0x08;
const HAD_POR = 1 << 8;
const RANDOMBIT = 0x1c;
const ROSC_STATUS = 0x18;
const ROSC_STABLE = 0x80001000;

/**
 * What is carried over a reset.
 * @typedef {{flash: Uint8Array, scratch: Uint32Array, reason: number}} Kept
 */

/** What of a chip survives its reset by the watchdog. @param {any} mcu @returns {Kept} */
export function keep(mcu) {
  const watchdog = mcu.peripherals[0x40058];
  return { flash: mcu.flash, scratch: watchdog.scratchData, reason: watchdog.reason };
}

/** Puts that into a fresh chip. @param {any} mcu @param {Kept} kept */
export function restore(mcu, kept) {
  const watchdog = mcu.peripherals[0x40058];
  mcu.flash.set(kept.flash);
  watchdog.scratchData.set(kept.scratch);
  watchdog.reason = kept.reason;
}

/** Registers that hold what is written to them, for parts that nothing here depends on. @param {any} part
 * @param {Map<number, number>} values */
function holds(part, values) {
  part.readUint32 = (/** @type {number} */ offset) => values.get(offset) ?? 0;
  part.writeUint32 = (/** @type {number} */ offset, /** @type {number} */ value) => { values.set(offset, value); };
}

/**
 * Watchdog, reset cause and the ring oscillator, whose random bit (2.17.4) comes from `seed`.
 * @param {any} mcu @param {number} seed @param {() => void} onReset
 */
export function fitResets(mcu, seed, onReset) {
  const watchdog = mcu.peripherals[0x40058];
  watchdog.onWatchdogTrigger = () => {
    watchdog.alarm.enable = false;
    onReset();
  };
  holds(mcu.peripherals[0x40064], new Map([[CHIP_RESET, HAD_POR]]));
  holds(mcu.peripherals[0x40018], new Map());
  let state = Math.imul(seed, 0x9e3779b1) >>> 0 || 1;
  const rosc = mcu.peripherals[0x40060];
  rosc.readUint32 = (/** @type {number} */ offset) => {
    if (offset === ROSC_STATUS) return ROSC_STABLE;
    if (offset !== RANDOMBIT) return 0;
    state ^= state << 13; // xorshift32
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 1;
  };
  rosc.writeUint32 = () => {};
}
