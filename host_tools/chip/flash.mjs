/**
 * The Pico's flash chip, a Winbond W25Q16JV of 2 MB, as the boot ROM's functions see it (RP2040 data sheet section
 * 2.8.3.1.3; times: W25Q16JV data sheet, section 9.6, typical).
 *
 * Erasing sets bits, programming only clears them. The core stands still meanwhile, so an operation has its effect at
 * its end; when the power goes earlier, what is done so far stays, and what was in work is torn.
 */

import fs from 'node:fs';

export const FLASH_BYTES = 2 * 1024 * 1024;
const SECTOR = 4096;
const PAGE = 256;
const BLOCK = 65536;
const SECTOR_MS = 45;
const BLOCK_MS = 150;
const PAGE_MS = 0.4;

/** A flash file that is not one, in words. */
export class FlashFileError extends Error {}

/**
 * One step of an operation: a page that is programmed, a sector or block that is erased.
 * @typedef {{at: number, bytes: number, ms: number, data: Uint8Array | null}} Step
 */

export class Flash {
  /** @param {Uint8Array} memory rp2040js's, of which the first 2 MB are there @param {() => number} clockHz */
  constructor(memory, clockHz) {
    this.memory = memory;
    this.clockHz = clockHz;
    /** @type {Step[]} */
    this.steps = [];
    /** Erases and programs asked for. */
    this.operations = 0;
    /** Called when an operation has changed the memory: from, bytes. @type {(at: number, bytes: number) => void} */
    this.onChange = () => {};
  }

  /** Begins to erase; gives the cycles that it takes. @param {number} at @param {number} bytes */
  erase(at, bytes) {
    this.operations++;
    const end = Math.min(at + bytes, FLASH_BYTES);
    while (at < end) {
      const whole = at % BLOCK === 0 && at + BLOCK <= end;
      const size = whole ? BLOCK : SECTOR;
      this.steps.push({ at, bytes: size, ms: whole ? BLOCK_MS : SECTOR_MS, data: null });
      at += size;
    }
    return this.cycles();
  }

  /** Begins to program; gives the cycles that it takes. @param {number} at @param {Uint8Array} data */
  program(at, data) {
    this.operations++;
    for (let i = 0; i < data.length; i += PAGE) {
      this.steps.push({ at: at + i, bytes: PAGE, ms: PAGE_MS, data: data.slice(i, i + PAGE) });
    }
    return this.cycles();
  }

  cycles() {
    let ms = 0;
    for (const step of this.steps) ms += step.ms;
    return Math.round(ms * 1e-3 * this.clockHz());
  }

  /** The operation is over: its effect is there. */
  finish() {
    for (const step of this.steps) this.apply(step);
    this.steps = [];
  }

  /** @param {Step} step */
  apply(step) {
    const { memory } = this;
    if (step.data === null) memory.fill(0xff, step.at, step.at + step.bytes);
    else for (let i = 0; i < step.data.length; i++) memory[step.at + i] &= step.data[i];
    this.onChange(step.at, step.bytes);
  }

  /**
   * The power goes after `ms` of the operation. Steps that were over are done, later ones not begun; the one in work is
   * torn: bits that were to change have done so or not, as `random` (0 to 1) says for each.
   * @param {number} ms @param {() => number} random
   */
  cut(ms, random) {
    for (const step of this.steps) {
      if (ms >= step.ms) {
        this.apply(step);
        ms -= step.ms;
        continue;
      }
      const share = ms / step.ms;
      for (let i = 0; i < step.bytes; i++) {
        let mask = 0;
        for (let bit = 0; bit < 8; bit++) if (random() < share) mask |= 1 << bit;
        if (step.data === null) this.memory[step.at + i] |= mask;
        else this.memory[step.at + i] &= (step.data[i] ?? 0xff) | ~mask;
      }
      this.onChange(step.at, step.bytes);
      break;
    }
    this.steps = [];
  }

  /** Takes a flash file of exactly 2 MB. Raises FlashFileError otherwise. @param {string} file */
  load(file) {
    const bytes = fs.readFileSync(file);
    if (bytes.length !== FLASH_BYTES) {
      throw new FlashFileError(`${file} has ${bytes.length} bytes; the flash of a Pico has ${FLASH_BYTES}. Not loaded.`);
    }
    this.memory.set(bytes);
    this.onChange(0, FLASH_BYTES);
  }

  /** Writes a flash file; a half-written one never takes its name. @param {string} file */
  save(file) {
    fs.writeFileSync(`${file}.part`, this.memory.subarray(0, FLASH_BYTES));
    fs.renameSync(`${file}.part`, file);
  }
}
