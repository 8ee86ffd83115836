/** PURE. Output of a session for a document: the newest of it, and how much of it is not there. */

export interface KeptText {
  text: string;
  /** Before it or in its midst; of what the session wrote, so many bytes are not in it. */
  missingBytes: number;
}

export interface TextKeeper {
  bytes: (of: string, bytes: Uint8Array) => void;
  gap: (of: string, bytes: number) => void;
  texts: () => Map<string, KeptText>;
}

export const mostTextBytes = 1 << 20;

export function createTextKeeper(): TextKeeper {
  const kept = new Map<string, { bytes: Buffer; missingBytes: number }>();
  const keep = (of: string, fresh: Uint8Array, missing: number): void => {
    const before = kept.get(of) ?? { bytes: Buffer.alloc(0), missingBytes: 0 };
    const bytes = Buffer.concat([before.bytes, fresh]);
    const cut = Math.max(0, bytes.length - mostTextBytes);
    kept.set(of, { bytes: bytes.subarray(cut), missingBytes: before.missingBytes + missing + cut });
  };
  return {
    bytes: (of, bytes) => keep(of, bytes, 0),
    gap: (of, bytes) => keep(of, new Uint8Array(0), bytes),
    texts: () =>
      new Map(
        Array.from(kept, ([of, { bytes, missingBytes }]) => [
          of,
          { text: new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes), missingBytes },
        ]),
      ),
  };
}
