/**
 * The boot ROM's floating point functions (RP2040 data sheet section 2.8.3.2, tables of single and double functions).
 *
 * As there: denormals count as zero on the way in and out, conversions to integers round towards minus infinity and
 * saturate. The cycles are the data sheet's averages where it gives one, else those of the nearest function. Each
 * table is in the order of the ROM's, four bytes an entry.
 */

const f32 = new Float32Array(1);
const b32 = new Uint32Array(f32.buffer);
const f64 = new Float64Array(1);
const b64 = new Uint32Array(f64.buffer);
const q64 = new BigUint64Array(f64.buffer);

const LEAST_64 = -(1n << 63n);
const MOST_64 = (1n << 63n) - 1n;
const MOST_U64 = (1n << 64n) - 1n;

/** @typedef {[(r: Uint32Array, core: any) => void, number]} FloatFunction what it does to r0 to r3, and its cycles */

/** @param {number} bits */
function single(bits) {
  b32[0] = bits & 0x7f800000 ? bits : bits & 0x80000000;
  return f32[0];
}

/** @param {number} x */
function singleBits(x) {
  f32[0] = x;
  return b32[0] & 0x7f800000 ? b32[0] : (b32[0] & 0x80000000) >>> 0;
}

/** @param {number} low @param {number} high */
function double(low, high) {
  b64[0] = high & 0x7ff00000 ? low : 0;
  b64[1] = high & 0x7ff00000 ? high : high & 0x80000000;
  return f64[0];
}

/** @param {Uint32Array} r @param {number} x */
function setDouble(r, x) {
  f64[0] = x;
  const normal = b64[1] & 0x7ff00000;
  r[0] = normal ? b64[0] : 0;
  r[1] = normal ? b64[1] : b64[1] & 0x80000000;
}

/** @param {Uint32Array} r @param {bigint} x */
function setBig(r, x) {
  q64[0] = BigInt.asUintN(64, x);
  r[0] = b64[0];
  r[1] = b64[1];
}

/** @param {Uint32Array} r */
function big(r) {
  b64[0] = r[0];
  b64[1] = r[1];
  return q64[0];
}

const signedBig = (/** @type {Uint32Array} */ r) => BigInt.asIntN(64, big(r));
const order = (/** @type {number} */ a, /** @type {number} */ b) => (a < b ? -1 : a > b ? 1 : 0);

/** @param {number} x @param {number} low @param {number} high */
const saturate = (x, low, high) => (Number.isNaN(x) || x > high ? high : x < low ? low : x);

/** @param {number} x @param {bigint} low @param {bigint} high */
function saturateBig(x, low, high) {
  if (Number.isNaN(x) || x === Infinity) return high;
  if (x === -Infinity) return low;
  const whole = BigInt(Math.floor(x));
  return whole < low ? low : whole > high ? high : whole;
}

/** A 64-bit integer as a single, rounded once. @param {bigint} x */
function bigToSingle(x) {
  let rest = x < 0n ? -x : x;
  let shift = 0;
  while (rest >= 1n << 40n) {
    rest = (rest >> 1n) | (rest & 1n); // the bit that falls out is kept as a sticky one
    shift++;
  }
  const value = Math.fround(Number(rest)) * 2 ** shift;
  return x < 0n ? -value : value;
}

/** @param {any} core @param {number} c */
function setFlags(core, c) {
  core.N = c < 0;
  core.Z = c === 0;
  core.C = c >= 0;
  core.V = false;
}

/** @param {number} x */
const int32 = (x) => saturate(Math.floor(x), -2147483648, 2147483647);
/** @param {number} x */
const uint32 = (x) => saturate(Math.floor(x), 0, 4294967295);
/** @param {number} n */
const pow = (n) => 2 ** (n | 0);

/** @param {(a: number, b: number) => number} fn @param {number} cycles @returns {FloatFunction} */
const two = (fn, cycles) => [(r) => { r[0] = singleBits(fn(single(r[0]), single(r[1]))); }, cycles];
/** @param {(x: number) => number} fn @param {number} cycles @returns {FloatFunction} */
const one = (fn, cycles) => [(r) => { r[0] = singleBits(fn(single(r[0]))); }, cycles];

/** @type {FloatFunction[]} */
export const FLOATS = [
  two((a, b) => a + b, 71),
  two((a, b) => a - b, 74),
  two((a, b) => a * b, 69),
  two((a, b) => a / b, 71),
  [(r) => { r[0] = order(single(r[0]), single(r[1])); }, 30],
  [(r, core) => setFlags(core, order(single(r[0]), single(r[1]))), 30],
  one((x) => (x < 0 ? -Infinity : Math.sqrt(x)), 63),
  [(r) => { r[0] = int32(single(r[0])); }, 37],
  [(r) => { r[0] = int32(single(r[0]) * pow(r[1])); }, 39],
  [(r) => { r[0] = uint32(single(r[0])); }, 37],
  [(r) => { r[0] = uint32(single(r[0]) * pow(r[1])); }, 39],
  [(r) => { r[0] = singleBits(r[0] | 0); }, 55],
  [(r) => { r[0] = singleBits((r[0] | 0) / pow(r[1])); }, 55],
  [(r) => { r[0] = singleBits(r[0]); }, 55],
  [(r) => { r[0] = singleBits(r[0] / pow(r[1])); }, 55],
  one(Math.cos, 584),
  one(Math.sin, 584),
  one(Math.tan, 653),
  [(r) => {
    const x = single(r[0]);
    r[0] = singleBits(Math.sin(x));
    r[1] = singleBits(Math.cos(x));
  }, 600],
  one(Math.exp, 577),
  one((x) => (x <= 0 ? -Infinity : Math.log(x)), 610),
  [(r) => { r[0] = order(single(r[0]), single(r[1])); }, 25],
  two(Math.atan2, 599),
  [(r) => { r[0] = singleBits(bigToSingle(signedBig(r))); }, 60],
  [(r) => { r[0] = singleBits(bigToSingle(signedBig(r)) / pow(r[2])); }, 60],
  [(r) => { r[0] = singleBits(bigToSingle(big(r))); }, 60],
  [(r) => { r[0] = singleBits(bigToSingle(big(r)) / pow(r[2])); }, 60],
  [(r) => setBig(r, saturateBig(single(r[0]), LEAST_64, MOST_64)), 60],
  [(r) => setBig(r, saturateBig(single(r[0]) * pow(r[1]), LEAST_64, MOST_64)), 60],
  [(r) => setBig(r, saturateBig(single(r[0]), 0n, MOST_U64)), 60],
  [(r) => setBig(r, saturateBig(single(r[0]) * pow(r[1]), 0n, MOST_U64)), 60],
  [(r) => setDouble(r, single(r[0])), 24],
];

const first = (/** @type {Uint32Array} */ r) => double(r[0], r[1]);
const second = (/** @type {Uint32Array} */ r) => double(r[2], r[3]);
/** @param {(a: number, b: number) => number} fn @param {number} cycles @returns {FloatFunction} */
const twoD = (fn, cycles) => [(r) => setDouble(r, fn(first(r), second(r))), cycles];
/** @param {(x: number) => number} fn @param {number} cycles @returns {FloatFunction} */
const oneD = (fn, cycles) => [(r) => setDouble(r, fn(first(r))), cycles];

/** @type {FloatFunction[]} */
export const DOUBLES = [
  twoD((a, b) => a + b, 91),
  twoD((a, b) => a - b, 95),
  twoD((a, b) => a * b, 155),
  twoD((a, b) => a / b, 183),
  [(r) => { r[0] = order(first(r), second(r)); }, 40],
  [(r, core) => setFlags(core, order(first(r), second(r))), 40],
  oneD((x) => (x < 0 ? -Infinity : Math.sqrt(x)), 169),
  [(r) => { r[0] = int32(first(r)); }, 75],
  [(r) => { r[0] = int32(first(r) * pow(r[2])); }, 74],
  [(r) => { r[0] = uint32(first(r)); }, 63],
  [(r) => { r[0] = uint32(first(r) * pow(r[2])); }, 62],
  [(r) => setDouble(r, r[0] | 0), 69],
  [(r) => setDouble(r, (r[0] | 0) / pow(r[1])), 75],
  [(r) => setDouble(r, r[0]), 60],
  [(r) => setDouble(r, r[0] / pow(r[1])), 65],
  oneD(Math.cos, 1617),
  oneD(Math.sin, 1618),
  oneD(Math.tan, 1891),
  [(r) => {
    const x = first(r);
    setDouble(r, Math.cos(x));
    r[2] = r[0];
    r[3] = r[1];
    setDouble(r, Math.sin(x));
  }, 1700],
  oneD(Math.exp, 804),
  oneD((x) => (x <= 0 ? -Infinity : Math.log(x)), 428),
  [(r) => { r[0] = order(first(r), second(r)); }, 39],
  twoD(Math.atan2, 2168),
  [(r) => setDouble(r, Number(signedBig(r))), 57],
  [(r) => setDouble(r, Number(signedBig(r)) / pow(r[2])), 53],
  [(r) => setDouble(r, Number(big(r))), 53],
  [(r) => setDouble(r, Number(big(r)) / pow(r[2])), 49],
  [(r) => setBig(r, saturateBig(first(r), LEAST_64, MOST_64)), 72],
  [(r) => setBig(r, saturateBig(first(r) * pow(r[2]), LEAST_64, MOST_64)), 70],
  [(r) => setBig(r, saturateBig(first(r), 0n, MOST_U64)), 63],
  [(r) => setBig(r, saturateBig(first(r) * pow(r[2]), 0n, MOST_U64)), 60],
  [(r) => { r[0] = singleBits(first(r)); }, 23],
];
