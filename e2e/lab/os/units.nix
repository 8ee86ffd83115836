# The directory /etc/systemd/system as one store path.
# units.<name> = { text; wantedBy ? [ ]; requiredBy ? [ ]; aliases ? [ ]; dropIns ? { }; } or { mask = true; } or { debian = true; wantedBy } for a
# unit of /usr; without text there are only the links and the drop-ins, as for an instance. A drop-in of null is masked.
lib: units:
let
  inherit (lib) quote eachLine;
  # A directory for each unit: systemd takes a link whose name differs from its target's for an alias.
  unitFile = name: unit:
    if unit.debian or false then "/usr/lib/systemd/system/${name}"
    else
      let
        dir = lib.runShell "unit-${builtins.replaceStrings [ "@" "\\" ] [ "-" "-" ] name}"
          { inherit (unit) text; passAsFile = [ "text" ]; }
          ''mkdir "$out"; cp "$textPath" "$out"/${quote name}'';
      in
      "${dir}/${name}";
  pulledIn = name: unit: folder: ''
    mkdir -p ${quote folder}
    ln -s ${if unit.debian or false then quote (unitFile name unit) else quote "../${name}"} ${quote "${folder}/${name}"}
  '';
  dropIn = name: file: text: ''
    mkdir -p ${quote "${name}.d"}
    ln -s ${if text == null then "/dev/null" else quote (lib.writeText file text)} ${quote "${name}.d/${file}"}
  '';
  install = name: unit:
    if unit.mask or false then "ln -s /dev/null ${quote name}" else ''
      ${if unit.debian or false || !(unit ? text) then "" else "ln -s ${quote (unitFile name unit)} ${quote name}"}
      ${lib.mapLines (dropIn name) (unit.dropIns or { })}
      ${eachLine (target: pulledIn name unit "${target}.wants") (unit.wantedBy or [ ])}
      ${eachLine (target: pulledIn name unit "${target}.requires") (unit.requiredBy or [ ])}
      ${eachLine (alias: "ln -s ${if unit.debian or false then quote (unitFile name unit) else quote name} ${quote alias}") (unit.aliases or [ ])}
    '';
in
lib.runShell "system-units" { script = lib.mapLines install units; passAsFile = [ "script" ]; } ''
  mkdir "$out"
  cd "$out"
  . "$scriptPath"
''
