/** PURE. Which program reads a script, and which attribute of nixpkgs has that program. */

const byExtension: Readonly<Record<string, string>> = {
  py: "python3",
  sh: "bash",
  bash: "bash",
  zsh: "zsh",
  fish: "fish",
  js: "node",
  mjs: "node",
  cjs: "node",
  ts: "node",
  mts: "node",
  rb: "ruby",
  pl: "perl",
  lua: "lua",
  php: "php",
  r: "Rscript",
  jl: "julia",
  tcl: "tclsh",
  nu: "nu",
};

const attributes: Readonly<Record<string, string>> = {
  python: "python3",
  python3: "python3",
  node: "nodejs",
  bash: "bash",
  sh: "bash",
  zsh: "zsh",
  fish: "fish",
  ruby: "ruby",
  perl: "perl",
  lua: "lua",
  php: "php",
  Rscript: "R",
  julia: "julia",
  tclsh: "tcl",
  nu: "nushell",
  deno: "deno",
  bun: "bun",
};

export function interpreterFor(path: string): string | undefined {
  const extension = extensionOf(path);
  return extension !== undefined && Object.hasOwn(byExtension, extension)
    ? byExtension[extension]
    : undefined;
}

function extensionOf(path: string): string | undefined {
  return /[^/]\.(?<extension>[A-Za-z0-9]{1,5})$/u.exec(path)?.groups?.["extension"]?.toLowerCase();
}

/** Undefined for a program that nobody has told us about. */
export function attributeFor(program: string): string | undefined {
  const python = /^python(?<major>3)\.(?<minor>[0-9]{1,2})$/u.exec(program)?.groups;
  if (python !== undefined) return `python${python["major"]}${python["minor"]}`;
  return Object.hasOwn(attributes, program) ? attributes[program] : undefined;
}

export function isPython(program: string): boolean {
  return /^python(?:3(?:\.[0-9]{1,2})?)?$/u.test(program);
}
