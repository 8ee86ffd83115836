/** PURE. Work that can be put aside: each `yield` is a place where something more urgent may come first, or a rest. */

export type Steps<T> = Generator<undefined, T, undefined>;

/** For whoever has nothing else to do; `breathe` is called at each of those places. */
export function toEnd<T>(steps: Steps<T>, breathe: () => void = () => undefined): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    breathe();
  }
}
