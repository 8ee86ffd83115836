# Builders without nixpkgs: /bin/sh and the machine's coreutils. Files whose text names no derivation are made while evaluating.
{ system }:
rec {
  inherit system;

  # Later shell code may use $out and every attribute as a variable. `set -eu`: a failing step must not leave an output.
  runShell = name: attrs: script: derivation ({
    inherit name system;
    builder = "/bin/sh";
    args = [ "-c" "set -eu; export PATH=/usr/bin:/bin; umask 022; ${script}" ];
  } // attrs);

  writeText = name: text:
    if builtins.hasContext text
    then runShell name { inherit text; passAsFile = [ "text" ]; } ''cp "$textPath" "$out"; chmod 444 "$out"''
    else builtins.toFile name text;

  writeScript = name: text:
    runShell name { inherit text; passAsFile = [ "text" ]; } ''cp "$textPath" "$out"; chmod 555 "$out"'';

  # A template file with @name@ replaced.
  fill = values: file:
    builtins.replaceStrings
      (map (name: "@${name}@") (builtins.attrNames values))
      (map (value: "${value}") (builtins.attrValues values))
      (builtins.readFile file);

  # One word for the shell.
  quote = text: "'" + builtins.replaceStrings [ "'" ] [ "'\\''" ] "${text}" + "'";

  mapLines = f: set: builtins.concatStringsSep "\n" (builtins.attrValues (builtins.mapAttrs f set));
  eachLine = f: list: builtins.concatStringsSep "\n" (map f list);
  mergeAll = builtins.foldl' (left: right: left // right) { };
  optional = condition: set: if condition then set else { };

  # Programs of the machine, then those of the system: as in NixOS, a unit finds the system's own first.
  unitPath = "/run/current-system/sw/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}
