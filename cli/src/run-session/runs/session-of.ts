/** PURE. The tmux session of a run: neither `.` nor `:` may stand in its name. */

export function sessionNameOf(id: string): string {
  return id.replace(".", "@");
}
