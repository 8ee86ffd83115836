# The etc tree of a system: links, and the sidecar files that tell activation to copy or to link directly.
# entries.<target> = { text | source; mode ? "symlink" ("direct-symlink" or octal); user, group or uid, gid }
lib: entries:
let
  inherit (lib) quote;
  sourceOf = target: entry:
    if entry ? source then entry.source
    else lib.writeText ("etc-" + builtins.replaceStrings [ "/" "@" ] [ "-" "-" ] target) entry.text;
  owner = entry: name: number:
    if entry ? ${name} then entry.${name} else "+" + toString (entry.${number} or 0);
  install = target: entry: ''
    mkdir -p "$(dirname "$out"/etc/${quote target})"
    ln -s ${quote (sourceOf target entry)} "$out"/etc/${quote target}
  '' + (if (entry.mode or "symlink") == "symlink" then "" else ''
    echo ${quote entry.mode} > "$out"/etc/${quote target}.mode
    echo ${quote (owner entry "user" "uid")} > "$out"/etc/${quote target}.uid
    echo ${quote (owner entry "group" "gid")} > "$out"/etc/${quote target}.gid
  '');
in
lib.runShell "etc" { script = lib.mapLines install entries; passAsFile = [ "script" ]; } ''
  mkdir -p "$out/etc"
  . "$scriptPath"
''
