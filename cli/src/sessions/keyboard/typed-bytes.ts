/** PURE. What somebody types while he holds the keyboard of a session: all of it goes there, but for Ctrl-B d, which leaves. */

export type TypedBytes = { kind: "keys"; bytes: Uint8Array } | { kind: "leave" };

const [ctrlB, leaveKey] = [0x02, 0x64];

/** Ctrl-B twice is one for the session; before any other key it goes there with it. */
export function createTypedBytes(): (bytes: Uint8Array) => TypedBytes[] {
  let isPrefixed = false;
  return (bytes) => {
    const keys: number[] = [];
    for (const byte of bytes) {
      if (isPrefixed) {
        isPrefixed = false;
        if (byte === leaveKey) return [...keysOf(keys), { kind: "leave" }];
        if (byte === ctrlB) keys.push(ctrlB);
        else keys.push(ctrlB, byte);
      } else if (byte === ctrlB) isPrefixed = true;
      else keys.push(byte);
    }
    return keysOf(keys);
  };
}

function keysOf(keys: readonly number[]): TypedBytes[] {
  return keys.length === 0 ? [] : [{ kind: "keys", bytes: Uint8Array.from(keys) }];
}
