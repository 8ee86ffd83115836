/** PURE. Lines out of pieces that somebody else sends for as long as he likes: never more of one line is kept than may be. */

/** Tells of each whole line. Answers false once a line is longer than `maxBytes`: nothing more is told, whoever sends it is not to be heard. */
export function createLines(onLine: (line: string) => void, maxBytes: number): (piece: Buffer) => boolean {
  let kept: Buffer[] = [];
  let bytes = 0;
  return (piece) => {
    let from = 0;
    for (let end = piece.indexOf(10); end !== -1; end = piece.indexOf(10, from)) {
      if (bytes + end - from > maxBytes) return false;
      const line = Buffer.concat([...kept, piece.subarray(from, end)]).toString("utf8");
      kept = [];
      bytes = 0;
      from = end + 1;
      onLine(line);
    }
    const rest = piece.subarray(from);
    bytes += rest.length;
    if (bytes > maxBytes) {
      kept = [];
      return false;
    }
    if (rest.length > 0) kept.push(rest);
    return true;
  };
}
