// Contenders that take turns, so that a machine that slows down slows all of them. Medians and quartiles; ratios are of
// turns that were next to each other in time.

const ROUNDS = 61;
const TURN = 5_000_000n; // ns: much longer than reading the clock, much shorter than the drift of a machine

/**
 * Runs `{ name: work }` in turns; `await work(times)` does it that often. Gives `{ name: [ns per run, round by round] }`.
 */
export async function race(contenders) {
  const entries = [];
  for (const [name, work] of Object.entries(contenders)) entries.push({ name, work, times: await warm(work), rounds: [] });
  for (let round = 0; round < ROUNDS; round++) {
    for (const entry of round % 2 === 0 ? entries : entries.toReversed()) {
      entry.rounds.push(Number(await time(entry.work, entry.times)) / entry.times);
    }
  }
  return Object.fromEntries(entries.map(({ name, rounds }) => [name, rounds]));
}

/** `{ low, median, high }`: the median and the quartiles. */
export function spread(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.floor((sorted.length - 1) * share)];
  return { low: at(0.25), median: at(0.5), high: at(0.75) };
}

/** One line of a table: a name, the median, the quartiles. */
export function row(name, numbers, unit, digits = 1) {
  const { low, median, high } = spread(numbers);
  const show = (number) => number.toFixed(digits).padStart(9);
  return `  ${name.padEnd(44)}${show(median)} ${unit.padEnd(3)}${show(low)} ..${show(high)}`;
}

/** One line of a table: a ratio and whether it is within a bound, `{ atLeast }`, `{ atMost }` or none. */
export function ratio(rounds, dividend, divisor, { atLeast, atMost } = {}) {
  const ratios = rounds[dividend].map((number, at) => number / rounds[divisor][at]);
  return row(`${dividend} / ${divisor}`, ratios, 'x', 2) + verdict(spread(ratios).median, { atLeast, atMost });
}

/** What is said of a figure beside its bound. */
export function verdict(figure, { atLeast, atMost }) {
  if (atLeast !== undefined) return `  at least ${atLeast}: ${figure >= atLeast ? 'ok' : 'MISSED'}`;
  if (atMost !== undefined) return `  at most ${atMost}: ${figure <= atMost ? 'ok' : 'MISSED'}`;
  return '';
}

/** Runs until it is compiled and settled; returns how often it runs in one turn. */
async function warm(work) {
  let times = 64;
  while ((await time(work, times)) < TURN) times *= 2;
  for (let turn = 0; turn < 20; turn++) await work(times);
  while ((await time(work, times)) < TURN) times *= 2;
  return times;
}

async function time(work, times) {
  const start = process.hrtime.bigint();
  await work(times);
  return process.hrtime.bigint() - start;
}
