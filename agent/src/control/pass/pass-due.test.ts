import { expect, test } from "vitest";
import { passDue, type PassPlace } from "./pass-due.ts";

const pass = { iat: 1000, exp: 2000 };
const place: PassPlace = { pass, nowS: 1499, outS: 0, askedS: Infinity, wasRefused: false };

test.each<[Partial<PassPlace>, string | null]>([
  [{}, null],
  [{ nowS: 1500 }, "half of its life is over"],
  [{ nowS: 2000 }, "it is over"],
  [{ pass: null }, "there is none"],
  // Before its beginning: this clock is wrong, and only the server says so.
  [{ nowS: 0 }, null],
  [{ nowS: 0, outS: 15 }, "NATS does not let the node in with it"],
  [{ outS: 14 }, null],
  // The first time in this outage, however lately a pass was given before it.
  [{ outS: 15, askedS: 75 }, "NATS does not let the node in with it"],
  [{ outS: 75, askedS: 60 }, null],
  [{ outS: 1e6, askedS: 299 }, null],
  [{ outS: 1e6, askedS: 300 }, "NATS does not let the node in with it"],
  [{ nowS: 1500, askedS: 59 }, null],
  [{ nowS: 1500, askedS: 60 }, "half of its life is over"],
  [{ nowS: 1500, askedS: 60, wasRefused: true }, null],
  [{ pass: null, askedS: 1799, wasRefused: true }, null],
  [{ pass: null, askedS: 1800, wasRefused: true }, "there is none"],
])("%j: %s", (change, due) => {
  expect(passDue({ ...place, ...change })).toBe(due);
});
