/** PURE. What a keeper writes last to its pane, so that it can see in the log that all before it has arrived; it is cut off then. */

const sequenceEnd = "\u001b\\";
const begin = "\u001b]7399;";
const end = "\u0007";
const digits = 24;

/** In a sequence that no terminal shows, after the end of whatever sequence the run may have left open. */
export function endMark(random: string): string {
  return `${sequenceEnd}${begin}${random.slice(0, digits)}${end}`;
}

const markLength = endMark("0".repeat(digits)).length;

/** How many of the last bytes may be such a mark, or its beginning. */
export function markAtEnd(bytes: Uint8Array): number {
  const last = Buffer.from(bytes.subarray(Math.max(0, bytes.length - markLength))).toString("latin1");
  for (let at = last.indexOf("\u001b"); at !== -1; at = last.indexOf("\u001b", at + 1)) {
    if (mayBecomeMark(last.slice(at))) return last.length - at;
  }
  return 0;
}

function mayBecomeMark(text: string): boolean {
  const head = `${sequenceEnd}${begin}`;
  if (text.length <= head.length) return head.startsWith(text);
  return text.startsWith(head) && /^[0-9a-f]{0,24}$/u.test(text.slice(head.length).replace(end, ""));
}
