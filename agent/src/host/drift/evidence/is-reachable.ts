/** SHELL. Whether everybody on the node may go to a path below /etc: a readable file in a closed folder is nobody's to read. */
import { fstatSync } from "node:fs";
import { openDirectory } from "../etc-directory.ts";

export function isReachable(etcDir: string, path: string): boolean {
  const names = path.split("/").slice(0, -1);
  return ["", ...names.map((_, index) => names.slice(0, index + 1).join("/"))].every((folder) => {
    const opened = openDirectory(etcDir, folder);
    if (opened.kind === "failed") return false;
    using directory = opened.value;
    return (fstatSync(directory.fd).mode & 0o001) !== 0;
  });
}
