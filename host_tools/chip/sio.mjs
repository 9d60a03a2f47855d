/**
 * The mailboxes between the two cores (RP2040 data sheet section 2.3.1.4) and how core 1 is held in reset (2.13.5).
 *
 * There is no second core here. Its boot ROM answers what core 0 asks on the way to starting it (2.8.2): a zero when it
 * comes out of reset, then an echo of each word. Code that is started there never runs; `onCoreOne` hears of it.
 */

const FIFO_STATUS = 0x50;
const FIFO_WRITE = 0x54;
const FIFO_READ = 0x58;
const VALID = 1;
const READY = 2;
const FORCE_OFF = 0x04;
const PROC1 = 1 << 16;

/** @param {any} mcu @param {() => void} onCoreOne */
export function fitSio(mcu, onCoreOne) {
  const { sio, core } = mcu;
  const read = sio.readUint32.bind(sio);
  const write = sio.writeUint32.bind(sio);
  /** @type {number[]} */
  const answers = [];
  sio.readUint32 = (/** @type {number} */ offset) => {
    if (offset === FIFO_STATUS) return READY | (answers.length ? VALID : 0);
    if (offset === FIFO_READ) return answers.shift() ?? 0;
    return read(offset);
  };
  sio.writeUint32 = (/** @type {number} */ offset, /** @type {number} */ value) => {
    if (offset === FIFO_STATUS) return; // clears sticky errors, of which there are none
    if (offset !== FIFO_WRITE) {
      write(offset, value);
      return;
    }
    answers.push(value >>> 0);
    if (value >>> 0 >= 0x10000000) onCoreOne();
    core.eventRegistered = true;
    core.waiting = false;
  };
  const psm = mcu.peripherals[0x40010];
  const writePsm = psm.writeUint32.bind(psm);
  let off = false;
  psm.writeUint32 = (/** @type {number} */ offset, /** @type {number} */ value) => {
    if (offset === FORCE_OFF) {
      const now = (value & PROC1) !== 0;
      if (off && !now) answers.push(0);
      if (now) answers.length = 0;
      off = now;
    }
    writePsm(offset, value);
  };
}
