"use strict";
// The compiler as WebAssembly (npm `solc`), behind the few options of the native command line that py-solc-x, ape-solidity and
// forge use. Stands in where the native compiler cannot be downloaded; `terrarium/chain/compile.py` decides that.

const fs = require("fs");
const path = require("path");

// What `--version` answers without loading eight megabytes of WebAssembly: solcx asks before every compilation. A test holds
// these against the packages, which package.json pins.
const COMPILERS = {
  "0.8.30": { pack: "solc", long: "0.8.30+commit.73712a01.Emscripten.clang" },
  "0.8.19": { pack: "solc-0.8.19", long: "0.8.19+commit.7dd6d404.Emscripten.clang" },
};
const VALUED = new Set(["--base-path", "--include-path", "--allow-paths"]);

function fail(text) {
  process.stderr.write(`Error: ${text}\n`);
  process.exit(1);
}

function parse(argv) {
  const options = { "--base-path": [], "--include-path": [], "--allow-paths": [], flags: new Set() };
  for (let i = 0; i < argv.length; i++) {
    const [name, value] = argv[i].split(/=(.*)/s);
    if (VALUED.has(name)) options[name].push(value ?? argv[++i]);
    else if (["--standard-json", "--version", "-"].includes(name)) options.flags.add(name);
    else fail(`this stand-in for solc knows --version and --standard-json only, not ${name}`);
  }
  return options;
}

/** Finds imported files as the native compiler does: below the base path, then the include paths; nothing outside the allowed. */
function importer(options, remappings) {
  const base = path.resolve(options["--base-path"][0] ?? ".");
  const lookup = [base, ...options["--include-path"].map((p) => path.resolve(p))];
  const allowed = options["--allow-paths"].flatMap((p) => p.split(",")).filter(Boolean);
  const targets = remappings.map((r) => r.slice(r.indexOf("=") + 1)).filter(Boolean);
  const roots = [...lookup, ...[...allowed, ...targets].map((p) => path.resolve(base, p))].map((root) =>
    fs.existsSync(root) ? fs.realpathSync(root) : root,
  );
  return (unit) => {
    for (const folder of lookup) {
      const file = path.resolve(folder, unit.replace(/^file:\/\//, ""));
      if (!fs.existsSync(file) || !fs.statSync(file).isFile()) continue;
      const real = fs.realpathSync(file);
      const inside = roots.some((root) => real === root || real.startsWith(root.endsWith(path.sep) ? root : root + path.sep));
      return inside ? { contents: fs.readFileSync(file, "utf8") } : { error: `File outside of allowed directories: ${file}` };
    }
    return { error: `File not found: ${unit}` };
  };
}

async function main(version) {
  const { pack, long } = COMPILERS[version];
  const options = parse(process.argv.slice(2));
  if (options.flags.has("--version")) {
    console.log(`solc, the solidity compiler commandline interface\nVersion: ${long}`);
    return;
  }
  if (!options.flags.has("--standard-json")) fail("give --standard-json and the JSON input on stdin");
  let solc;
  try {
    solc = require(pack);
  } catch {
    fail(`npm package ${pack} is missing: run \`npm ci\` in ${path.resolve(__dirname, "../..")}`);
  }
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const input = Buffer.concat(chunks).toString("utf8");
  let remappings = [];
  try {
    remappings = JSON.parse(input).settings?.remappings ?? [];
  } catch {
    // The compiler says what is wrong with its input, and in which words the callers expect it.
  }
  process.stdout.write(solc.compile(input, { import: importer(options, remappings) }));
}

module.exports = { COMPILERS, main };
