/** SHELL. How large a session begins: as the terminal is, from which it is started. */

export function terminalSize(): { columns: number; rows: number } {
  const { isTTY, columns, rows } = process.stdout;
  // Some terminals have no size at all, and tmux takes none that is 0.
  return isTTY && columns > 0 && rows > 0 ? { columns, rows } : { columns: 80, rows: 24 };
}
