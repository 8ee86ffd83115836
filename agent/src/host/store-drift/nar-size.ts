/** PURE. How many bytes of a NAR each thing in a path takes: strings are a length of eight bytes and the text, filled up to eights. */

function text(length: number): number {
  return 8 + Math.ceil(length / 8) * 8;
}

const parenthesis = text(1);
const word = text("entry".length);

export const header = text("nix-archive-1".length);
/** Without what is in it. */
export const directorySize = 2 * parenthesis + text("type".length) + text("directory".length);

/** What a directory says of one name in it, without the thing itself: entry ( name … node ). */
export function entrySize(nameBytes: number): number {
  return word + 2 * parenthesis + text("name".length) + text(nameBytes) + text("node".length);
}

export function fileSize(bytes: number, isExecutable: boolean): number {
  const executable = isExecutable ? text("executable".length) + text(0) : 0;
  const type = text("type".length) + text("regular".length);
  return 2 * parenthesis + type + executable + text("contents".length) + text(bytes);
}

export function linkSize(targetBytes: number): number {
  const type = text("type".length) + text("symlink".length);
  return 2 * parenthesis + type + text("target".length) + text(targetBytes);
}
