# The programs under test as one store path; node is a path of its own, which a new version leaves as it is.
# `dist` is a folder with agent.mjs, controller.mjs and chimera.mjs, each with the folder of its parts.
lib: { node, dist, version, breaksAgent ? false }:
let
  # Path values, so that each bundle becomes an input: a path pasted as a string would not be one.
  bundle = name: builtins.path { path = dist + "/${name}"; inherit name; };
  # As in nix/package.nix: the agent stays small; recovery and the CLI are soon over and collect nothing until then.
  programs = {
    chimera-agent = { main = "agent"; flags = "--max-semi-space-size=1 --optimize-for-size"; env = "MALLOC_ARENA_MAX=1"; };
    chimera-recover = { main = "agent"; flags = "--min-semi-space-size=16 --max-semi-space-size=16"; first = " recover"; };
    chimera-controller = { main = "controller"; };
    chimera = { main = "chimera"; flags = "--min-semi-space-size=16 --max-semi-space-size=16"; };
  };
  # It would start, says its check: an agent that does not even say so is not activated.
  brokenAgent = name: ''
    cat > "$out/bin/${name}" <<END
    #!/bin/sh
    case "\$1" in check) exit 0 ;; esac
    echo "lab fault: this agent does not work" >&2
    exit 1
    END
  '';
  install = name: { main, flags ? "", env ? "", first ? "" }: ''
    cat > "$out/bin/${name}" <<END
    #!/bin/sh
    export CHIMERA_VERSION=${lib.quote version} ${env}
    exec ${node}/bin/node ${flags} $out/lib/${main}.mjs${first} "\$@"
    END
  '';
  copy = main: ''
    cp ${bundle "${main}.mjs"} "$out/lib/${main}.mjs"
    cp -r ${bundle main} "$out/lib/${main}"
  '';
in
lib.runShell "chimera-${version}" { inherit version; } ''
  mkdir -p "$out/bin" "$out/lib"
  ${builtins.concatStringsSep "\n" (map copy [ "agent" "controller" "chimera" ])}
  ${lib.mapLines install programs}
  ${if breaksAgent then brokenAgent "chimera-agent" + brokenAgent "chimera-recover" else ""}
  chmod 555 "$out"/bin/*
''
