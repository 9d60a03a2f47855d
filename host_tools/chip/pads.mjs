/**
 * The pads as the outside sees them (RP2040 data sheet section 2.19): who drives each pin, at what level, with which
 * pull; and the PWM slices behind them (4.5). Whoever drives the chip is told of changes, in the order they happen.
 *
 * Step pulses from the PIO are counted, not told one by one: `onEdges` gives the rising edges of a pin since the last
 * change of anything else, so that a counter that looks at a direction pin counts them right.
 *
 * A pin reads what it drives itself, else what drives it from outside, else its pull (2.19.4). What the PIO puts on a
 * pin is not read back.
 *
 * rp2040js toggles a pin at every edge of its PWM; with several carriers of 20 kHz this would be most of the work, so
 * it is left out unless `edges` is set. What a slice is set to is always told.
 */

export const FUNCTION_PWM = 4;
export const FUNCTION_SIO = 5;

/** Levels from outside: nobody drives the pin, or somebody does. */
export const RELEASED = 2;

/** Sides of a slice's registers (4.5.3). */
const SLICE_BYTES = 0x14;
const SLICES = 8;
const ENABLE_ALL = 0xa0;

/**
 * @typedef {object} Pad
 * @property {number} fn function select
 * @property {number} drive -1 not driven, else the level
 * @property {number} pull 0 none, 1 up, 2 down
 */

/**
 * @typedef {object} PadListener
 * @property {(pin: number, pad: Pad) => void} onPad
 * @property {(pin: number, count: number, shortest: number) => void} onEdges the last: nanoseconds of the shortest high
 *   time that has ended among them, 0 for none
 * @property {(slice: number, registers: {enabled: boolean, div: number, top: number, cc: number}) => void} onSlice
 */

export class Pads {
  /** @param {any} mcu @param {PadListener} listener @param {boolean} edges whether PWM toggles the pins */
  constructor(mcu, listener, edges) {
    this.mcu = mcu;
    this.listener = listener;
    /** @type {number[]} */
    this.told = new Array(30).fill(-1);
    /** What drives each pin from outside. @type {number[]} */
    this.external = new Array(30).fill(RELEASED);
    /** @type {number[]} */
    this.rising = new Array(30).fill(0);
    /** When each pin went up, and its shortest high time since they were told. @type {number[]} */
    this.upNs = new Array(30).fill(0);
    /** @type {number[]} */
    this.shortest = new Array(30).fill(0);
    this.anyRising = false;
    mcu.gpio.forEach((/** @type {any} */ pin, /** @type {number} */ i) => this.watch(pin, i));
    this.watchPwm(edges);
  }

  /** @param {any} pin @param {number} i */
  watch(pin, i) {
    const check = pin.checkForUpdates.bind(pin);
    pin.checkForUpdates = () => {
      check();
      this.look(i);
    };
    this.told[i] = this.packed(i);
  }

  /** Sets what drives a pin from outside: 0, 1 or RELEASED. @param {number} i @param {number} level */
  drive(i, level) {
    this.external[i] = level;
    this.settle(i);
  }

  /** The level at the pad. @param {number} i */
  settle(i) {
    const state = this.packed(i);
    const own = ((state >> 5) & 3) - 1;
    const outside = this.external[i];
    const level = own >= 0 ? own : outside !== RELEASED ? outside : state >> 7 === 1 ? 1 : 0;
    const pin = this.mcu.gpio[i];
    if (pin.rawInputValue !== (level === 1)) pin.setInputValue(level === 1);
  }

  /** @param {number} i */
  packed(i) {
    const pin = this.mcu.gpio[i];
    const fn = pin.functionSelect;
    // Which way the PIO and the PWM drive a pin is told by other means.
    const drive = fn === FUNCTION_SIO && pin.outputEnable ? (pin.outputValue ? 1 : 0) : -1;
    const pull = pin.pullupEnabled ? 1 : pin.pulldownEnabled ? 2 : 0;
    return fn | ((drive + 1) << 5) | (pull << 7);
  }

  /** @param {number} i */
  look(i) {
    const now = this.packed(i);
    if (now === this.told[i]) return;
    this.told[i] = now;
    this.settle(i);
    this.flush();
    this.listener.onPad(i, { fn: now & 31, drive: ((now >> 5) & 3) - 1, pull: now >> 7 });
  }

  /** PIO outputs have changed. @param {number} before @param {number} after @param {number} ns */
  pio(before, after, ns) {
    for (let changed = before ^ after; changed; changed &= changed - 1) {
      const i = 31 - Math.clz32(changed & -changed);
      if ((after >> i) & 1) {
        this.rising[i]++;
        this.upNs[i] = ns;
      } else {
        const high = Math.round(ns - this.upNs[i]);
        if (!this.shortest[i] || high < this.shortest[i]) this.shortest[i] = high;
      }
      this.anyRising = true;
    }
  }

  /** Tells the edges counted so far. */
  flush() {
    if (!this.anyRising) return;
    this.anyRising = false;
    for (let i = 0; i < 30; i++) {
      if (!this.rising[i] && !this.shortest[i]) continue;
      this.listener.onEdges(i, this.rising[i], this.shortest[i]);
      this.rising[i] = 0;
      this.shortest[i] = 0;
    }
  }

  /** @param {boolean} edges */
  watchPwm(edges) {
    const { pwm } = this.mcu;
    if (!edges) {
      for (const slice of pwm.channels) {
        slice.alarmA.enable = false;
        slice.alarmB.enable = false;
        slice.alarmBottom.enable = false;
      }
    }
    const write = pwm.writeUint32.bind(pwm);
    pwm.writeUint32 = (/** @type {number} */ offset, /** @type {number} */ value) => {
      write(offset, value);
      if (offset < SLICES * SLICE_BYTES) this.slice(Math.floor(offset / SLICE_BYTES));
      else if (offset === ENABLE_ALL) for (let i = 0; i < SLICES; i++) this.slice(i);
    };
  }

  /** @param {number} i */
  slice(i) {
    const { csr, div, top, cc } = this.mcu.pwm.channels[i];
    this.flush();
    this.listener.onSlice(i, { enabled: (csr & 1) === 1, div, top, cc });
  }
}
