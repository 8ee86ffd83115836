/** PURE. How the user's own tmux server is set up: output is hostile, memory bounded, and nothing but the session is seen. */

/** A full one takes about 0.65 KB a line. */
export const historyLines = 5000;

const server: Readonly<Record<string, string>> = {
  // No output of a run may set the viewer's clipboard.
  "set-clipboard": "off",
  "escape-time": "20",
  "focus-events": "off",
  // With the last session the server goes.
  "exit-empty": "on",
};

const session: Readonly<Record<string, string>> = {
  "history-limit": String(historyLines),
  status: "off",
  "set-titles": "off",
  mouse: "off",
  "detach-on-destroy": "on",
  "destroy-unattached": "off",
  "update-environment": "",
  prefix: "C-b",
  prefix2: "None",
  "lock-after-time": "0",
  "default-terminal": "tmux-256color",
};

const window: Readonly<Record<string, string>> = {
  "allow-passthrough": "off",
  "allow-rename": "off",
  "allow-set-title": "off",
  "automatic-rename": "off",
  "remain-on-exit": "off",
  "monitor-activity": "off",
  "monitor-bell": "off",
  "scroll-on-clear": "on",
};

/** No key makes a window, a command or a shell: those would be sessions that nobody keeps account of. */
const keys: readonly (readonly string[])[] = [
  ["unbind-key", "-a", "-T", "prefix"],
  ["bind-key", "-T", "prefix", "d", "detach-client"],
  ["bind-key", "-T", "prefix", "C-b", "send-prefix"],
  ["bind-key", "-T", "prefix", "[", "copy-mode"],
  ["bind-key", "-T", "prefix", "PPage", "copy-mode", "-u"],
];

/** `-q`: an option that this tmux does not know is none that it could break. */
export const setUp: readonly (readonly string[])[] = [
  ...options(server, ["set-option", "-s", "-q"]),
  ...options(session, ["set-option", "-g", "-q"]),
  ...options(window, ["set-option", "-w", "-g", "-q"]),
  ...keys,
];

function options(values: Readonly<Record<string, string>>, words: readonly string[]): string[][] {
  return Object.entries(values).map(([name, value]) => [...words, name, value]);
}

/** One call of tmux runs several commands: words of their own stand between them. */
export function commandList(commands: readonly (readonly string[])[]): string[] {
  return commands.flatMap((words, index) => (index === 0 ? [...words] : [";", ...words]));
}
