/** UF2, the container of firmware images: blocks of 512 bytes, each with its own address (Microsoft's UF2 description). */

const MAGIC_1 = 0x0a324655;
const MAGIC_2 = 0x9e5d5157;
const MAGIC_END = 0x0ab16f30;
const NOT_MAIN_FLASH = 1;
const HAS_FAMILY = 0x2000;
export const FAMILY_RP2040 = 0xe48bff56;

/** Puts the blocks of an image for the RP2040 into the flash. Raises Error for anything else.
 * @param {Buffer} file @param {Uint8Array} flash */
export function loadUf2(file, flash) {
  let blocks = 0;
  for (let at = 0; at + 512 <= file.length; at += 512) {
    if (file.readUInt32LE(at) !== MAGIC_1 || file.readUInt32LE(at + 4) !== MAGIC_2 || file.readUInt32LE(at + 508) !== MAGIC_END) {
      throw new Error(`block ${at / 512} is not a UF2 block`);
    }
    const flags = file.readUInt32LE(at + 8);
    if (flags & NOT_MAIN_FLASH) continue;
    const family = file.readUInt32LE(at + 28);
    if (flags & HAS_FAMILY && family !== FAMILY_RP2040) throw new Error(`it is for chip family ${family.toString(16)}, not RP2040`);
    const address = file.readUInt32LE(at + 12);
    const size = file.readUInt32LE(at + 16);
    if (address < 0x10000000 || address + size > 0x10200000 || size > 476) throw new Error(`a block is for address ${address.toString(16)}`);
    flash.set(file.subarray(at + 32, at + 32 + size), address - 0x10000000);
    blocks++;
  }
  if (!blocks) throw new Error('it has no block for the flash');
}
