/**
 * PURE. Keys of whoever only watches: none reaches the session. Ctrl-C offers to leave, since whoever presses it may think that it ends what is
 * shown; Ctrl-B d leaves at once, as in a session of this machine.
 */

export type KeyWord =
  /** Whoever watches is to be asked. */
  | "offer"
  /** Not leaving, after all. */
  | "stay"
  | "leave"
  /** The program is to be suspended, as Ctrl-Z does it. */
  | "suspend";

const [ctrlB, ctrlC, ctrlZ, ctrlBackslash] = [0x02, 0x03, 0x1a, 0x1c];
const yes = new Set(Array.from("dDyY", (letter) => letter.charCodeAt(0)));

type State = "watching" | "offered" | "prefix";

export function createDetachKeys(): (bytes: Uint8Array) => KeyWord[] {
  let state: State = "watching";
  return (bytes) =>
    Array.from(bytes).flatMap((byte) => {
      const [next, word] = step(state, byte);
      state = next;
      return word ?? [];
    });
}

function step(state: State, byte: number): [State, KeyWord | null] {
  if (state === "prefix") return ["watching", yes.has(byte) ? "leave" : null];
  if (state === "offered") return ["watching", yes.has(byte) || byte === ctrlC ? "leave" : "stay"];
  switch (byte) {
    case ctrlZ:
      return ["watching", "suspend"];
    case ctrlB:
      return ["prefix", null];
    case ctrlC:
    case ctrlBackslash:
      return ["offered", "offer"];
    default:
      return ["watching", null];
  }
}
