# The three programs as one package: one bundle each, made by esbuild, run by Node. No node_modules in the closure.
{
  lib,
  stdenvNoCC,
  nodejs_24,
  cacert,
  makeBinaryWrapper,
  version ? (builtins.fromJSON (builtins.readFile ../package.json)).version,
}:
let
  inherit (lib) fileset;
  root = ../.;
  workspaces = [
    "proto"
    "agent"
    "controller"
    "cli"
    "e2e"
  ];
  manifests = [
    ../package.json
    ../package-lock.json
  ]
  ++ map (name: root + "/${name}/package.json") workspaces;
  source =
    files:
    fileset.toSource {
      inherit root;
      fileset = fileset.unions files;
    };

  # Hashes of node_modules, made by `node nix/update-npm-deps.ts` for exactly one lock file.
  recorded = builtins.fromJSON (builtins.readFile ./npm-deps.json);
  inherit (stdenvNoCC.hostPlatform) system;
  fresh = recorded.lockSha256 == builtins.hashFile "sha256" ../package-lock.json;
  hash = recorded.hashes.${system} or (throw "chimera: nix/npm-deps.json has no hash for ${system}");
  cpu = if stdenvNoCC.hostPlatform.isAarch64 then "arm64" else "x64";

  # npm asks the registry it is configured for (npm_config_registry); the lock file's integrity fixes each tarball, and the
  # output hash all of them. No lifecycle script runs: esbuild works as unpacked.
  nodeModules = stdenvNoCC.mkDerivation {
    pname = "chimera-node-modules";
    inherit version;
    src = source manifests;
    nativeBuildInputs = [
      nodejs_24
      cacert
    ];
    impureEnvVars = lib.fetchers.proxyImpureEnvVars ++ [
      "npm_config_registry"
      "NPM_CONFIG_REGISTRY"
      # Where a proxy re-signs what it passes on.
      "NODE_EXTRA_CA_CERTS"
    ];
    buildPhase = ''
      runHook preBuild
      export HOME="$TMPDIR"
      npm ci --ignore-scripts --include=dev --no-audit --no-fund --no-progress --no-update-notifier --os=linux --cpu=${cpu} --libc=glibc
      runHook postBuild
    '';
    installPhase = ''
      runHook preInstall
      rm node_modules/.package-lock.json
      cp -R node_modules "$out"
      runHook postInstall
    '';
    # A fixed output holds what npm unpacked, byte for byte, and no store path.
    dontFixup = true;
    outputHashMode = "recursive";
    outputHash = hash;
  };
in
assert lib.assertMsg fresh
  "chimera: package-lock.json changed after nix/npm-deps.json was written: run `node nix/update-npm-deps.ts`";
assert lib.assertMsg (lib.versionAtLeast nodejs_24.version "24.12") "chimera: Node ${nodejs_24.version} is older than 24.12";
stdenvNoCC.mkDerivation {
  pname = "chimera";
  inherit version;
  src = source (
    manifests
    ++ [
      ../tsconfig.json
      ../tools/bundle.ts
      ../proto/src
      ../agent/src
      ../controller/src
      ../cli/src
    ]
  );
  nativeBuildInputs = [
    nodejs_24
    makeBinaryWrapper
  ];

  buildPhase = ''
    runHook preBuild
    cp -R ${nodeModules} node_modules
    chmod -R u+w node_modules
    node tools/bundle.ts --outdir "$out/lib/chimera" --version ${lib.escapeShellArg version}
    find "$out/lib/chimera" -name '*.map' -delete
    runHook postBuild
  '';

  # The agent stays small: one arena of malloc, a young generation of 1 MB, and code generated for size. That makes its start slower by a
  # quarter, so recovery, which a boot waits for and which is soon over, is a program of its own with room enough to collect nothing.
  # So has the CLI: a fifth of what a command took was collecting what its own start left.
  # Nix is not on their path here: they take the node's own.
  installPhase = ''
    runHook preInstall
    program() {
      makeWrapper ${lib.getExe nodejs_24} "$out/bin/$1" --set CHIMERA_VERSION ${lib.escapeShellArg version} \
        --add-flags "$2" "''${@:3}"
    }
    program chimera "--min-semi-space-size=16 --max-semi-space-size=16 $out/lib/chimera/chimera.mjs"
    program chimera-agent "--max-semi-space-size=1 --optimize-for-size $out/lib/chimera/agent.mjs" \
      --set MALLOC_ARENA_MAX 1
    program chimera-recover "--min-semi-space-size=16 --max-semi-space-size=16 $out/lib/chimera/agent.mjs recover"
    program chimera-controller "$out/lib/chimera/controller.mjs"
    runHook postInstall
  '';

  passthru = { inherit nodeModules; };

  meta = {
    description = "Keeps a fleet of NixOS machines in exactly the state that was signed for them";
    license = lib.licenses.mit;
    mainProgram = "chimera";
    platforms = builtins.attrNames recorded.hashes;
  };
}
