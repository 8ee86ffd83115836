# The programs under test as one store path; node is a path of its own, which a new version leaves as it is.
# `dist` is a folder with the bundles agent.mjs, controller.mjs and chimera.mjs.
lib: { node, dist, version, breaksAgent ? false }:
let
  # Path values, so that each bundle becomes an input: a path pasted as a string would not be one.
  bundle = name: builtins.path { path = dist + "/${name}.mjs"; name = "${name}.mjs"; };
  # The agent stays small: one arena of malloc, a young generation of 1 MB, and code generated for size.
  programs = {
    chimera-agent = { main = "agent"; flags = "--max-semi-space-size=1 --optimize-for-size"; env = "MALLOC_ARENA_MAX=1"; };
    chimera-controller = { main = "controller"; flags = ""; env = ""; };
    chimera = { main = "chimera"; flags = ""; env = ""; };
  };
  # It would start, says its check: an agent that does not even say so is not activated.
  brokenAgent = ''
    cat > "$out/bin/chimera-agent" <<END
    #!/bin/sh
    case "\$1" in check) exit 0 ;; esac
    echo "lab fault: this agent does not work" >&2
    exit 1
    END
  '';
  install = name: { main, flags, env }: ''
    cp ${bundle main} "$out/lib/${main}.mjs"
    cat > "$out/bin/${name}" <<END
    #!/bin/sh
    export CHIMERA_VERSION=${lib.quote version} ${env}
    exec ${node}/bin/node ${flags} $out/lib/${main}.mjs "\$@"
    END
    chmod 555 "$out/bin/${name}"
  '';
in
lib.runShell "chimera-${version}" { inherit version; } ''
  mkdir -p "$out/bin" "$out/lib"
  ${lib.mapLines install programs}
  ${if breaksAgent then ''chmod 755 "$out/bin/chimera-agent"
  ${brokenAgent}
  chmod 555 "$out/bin/chimera-agent"'' else ""}
''
