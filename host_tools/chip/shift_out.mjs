/**
 * A part that shifts a word out on its data pin, a bit at each rising edge of a clock pin that the PIO drives: pulses
 * come a few hundred nanoseconds apart, too fast to ask anybody. What the word is, and when it is ready, is said from
 * outside (`offer`); data goes low when it is ready, as a converter's DOUT does, and high after the last pulse.
 */

/** @typedef {{data: number, clock: number, pulses: number, word: number, readyNs: number}} Offer */

const BITS = 24;

export class ShiftOut {
  /** @param {import('./chip.mjs').Chip} chip @param {(data: number) => void} onDone the last pulse has been seen */
  constructor(chip, onDone) {
    this.chip = chip;
    this.onDone = onDone;
    /** @type {Map<number, Offer & {seen: number, low: boolean}>} */
    this.parts = new Map();
    chip.onPio = (before, after) => this.clocked(after & ~before);
  }

  /**
   * The word that comes next; one that is being shifted out is not disturbed, unless the part has been started `anew`.
   * @param {Offer} offer @param {boolean} anew
   */
  offer(offer, anew = false) {
    const part = this.parts.get(offer.data);
    if (part && part.seen > 0 && !anew) return;
    if (anew) {
      this.chip.setPin(offer.data, 1);
      this.parts.delete(offer.data);
      this.offer(offer);
      return;
    }
    this.parts.set(offer.data, { ...offer, seen: 0, low: part?.low ?? false });
    this.arm(offer.data);
  }

  /** @param {number} data */
  arm(data) {
    const part = this.parts.get(data);
    if (!part || part.low) return;
    const { clock } = this.chip.mcu;
    const wait = part.readyNs - this.chip.ns;
    if (wait <= 0) this.ready(data);
    else clock.createAlarm(() => this.ready(data)).schedule(wait);
  }

  /** @param {number} data */
  ready(data) {
    const part = this.parts.get(data);
    // An older alarm for a word that has been replaced meanwhile finds nothing to do.
    if (!part || part.low || part.seen > 0 || part.readyNs > this.chip.ns + 1) return;
    part.low = true;
    this.chip.setPin(data, 0);
  }

  /** @param {number} rising pins whose level has just gone up */
  clocked(rising) {
    if (!rising) return;
    for (const part of this.parts.values()) {
      if (!((rising >> part.clock) & 1) || !part.low) continue;
      part.seen++;
      if (part.seen <= BITS) this.chip.setPin(part.data, (part.word >> (BITS - part.seen)) & 1);
      if (part.seen < part.pulses) continue;
      this.chip.setPin(part.data, 1);
      this.parts.delete(part.data);
      this.onDone(part.data);
    }
  }

  /** The chip was reset: its clock is a new one. */
  reset() {
    for (const [data, part] of this.parts) {
      part.seen = 0;
      this.arm(data);
    }
  }
}
