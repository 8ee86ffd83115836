// PURE. A table of Markdown.
type Row = readonly (string | number)[];

export function markdownTable(head: readonly string[], rows: readonly Row[]): string {
  return [line(head), `|${head.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n");
}

function line(cells: Row): string {
  return `| ${cells.map(cellText).join(" | ")} |`;
}

/** A message of the node must not end a cell. */
function cellText(cell: string | number): string {
  return `${cell}`.replaceAll("|", "\\|").replaceAll(/\s+/g, " ");
}
