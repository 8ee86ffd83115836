/**
 * SHELL. The first thing that runs on a fresh clone: no package is installed yet and Node may be old (>= 18), so this
 * is plain JavaScript on Node's own modules. It brings node_modules up to the lock file, then hands over to Node 24.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, "node_modules");
const stampFile = join(modules, ".chimera-lock");

const [script, ...args] = process.argv.slice(2);
if (script === undefined) stop("usage: node tools/bootstrap.mjs <script> [argument...]");
if (!isInstalled()) await install();
const node = findNode();
if (node === undefined) stop(`Node 24 is missing: ${whyNoNode()}`);
await handOver();

/** The stamp answers in a millisecond; without it (after a developer's own `npm install`) npm's own record does. */
function isInstalled() {
  if (readText(stampFile) === lockStamp()) return true;
  if (!holdsWhatTheLockSays()) return false;
  writeFileSync(stampFile, lockStamp());
  return true;
}

function lockStamp() {
  const lock = readFileSync(join(root, "package-lock.json"));
  return `${createHash("sha256").update(lock).digest("hex")} ${process.platform}-${process.arch}\n`;
}

/** npm writes node_modules/.package-lock.json last, so a half-finished install has none. */
function holdsWhatTheLockSays() {
  const record = readText(join(modules, ".package-lock.json"));
  if (record === undefined) return false;
  const found = JSON.parse(record).packages;
  const wanted = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  return Object.entries(wanted).every(([path, { version, integrity, optional, devOptional }]) => {
    if (!path.startsWith("node_modules/")) return true;
    if (found[path] === undefined) return Boolean(optional || devOptional);
    return found[path].version === version && found[path].integrity === integrity;
  });
}

async function install() {
  const started = Date.now();
  process.stderr.write("Installing packages (npm ci) ... ");
  // A user's omit=dev or NODE_ENV=production would leave out the tools, and with them every platform's binaries.
  const options = ["--include=dev", "--include=optional", "--no-audit", "--no-fund", "--no-update-notifier"];
  const npm = process.env.npm_execpath;
  const [file, first] = npm?.endsWith(".js") ? [process.execPath, [npm]] : ["npm", []];
  const { status, output } = await run(file, [...first, "ci", "--loglevel=error", ...options]);
  process.stderr.write(`${((Date.now() - started) / 1000).toFixed(1)} s\n`);
  if (status !== 0) stop(`${output.trimEnd()}\nnpm ci failed with exit code ${status}.`);
  mkdirSync(modules, { recursive: true });
  writeFileSync(stampFile, lockStamp());
}

function run(file, argv) {
  return new Promise((resolve) => {
    const child = spawn(file, argv, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    const chunks = [];
    child.stdout.on("data", (chunk) => chunks.push(chunk));
    child.stderr.on("data", (chunk) => chunks.push(chunk));
    child.on("error", (error) => resolve({ status: 127, output: error.message }));
    child.on("close", (code, signal) => {
      resolve({ status: code ?? 128 + constants.signals[signal], output: Buffer.concat(chunks).toString() });
    });
  });
}

/** The binary of the npm package `node`; its install script may have been skipped, then the plain one will do. */
function findNode() {
  const candidates = [
    join(modules, ".bin", "node"),
    join(modules, `node-${process.platform}-${process.arch}`, "bin", "node"),
    join(modules, "node", "node_modules", `node-${process.platform}-${process.arch}`, "bin", "node"),
  ];
  return candidates.find((path) => existsSync(path)) ?? (isNewEnough() ? process.execPath : undefined);
}

function isNewEnough() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  return major > 24 || (major === 24 && minor >= 12);
}

function whyNoNode() {
  return (
    "the install script of the npm package `node` did not run (ignore-scripts?); " +
    "run `npm rebuild node --ignore-scripts=false` once, or put Node >= 24.12 first on PATH."
  );
}

function handOver() {
  const path = [join(modules, ".bin"), dirname(node), process.env.PATH].join(delimiter);
  const child = spawn(node, [join(root, script), ...args], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, PATH: path },
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      // Ctrl-C reaches the child from the terminal already; a second one would mean "do not even clean up".
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    });
  }
  return new Promise(() => {
    child.on("error", (error) => stop(`${node} does not start: ${error.message}`));
    child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
  });
}

function readText(file) {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

function stop(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
