// Many fetches at once, and what to do when some of them fail.
//   stint deploy examples/prefect/tasks.ts --bundle prefect
//   stint run prefect/all-stars --input '[["microsoft/typescript", "nodejs/node"]]' --wait
import { currentContext, exponentialBackoff, task, unmapped, withTags } from "@stint/sdk";

const github = "https://api.github.com";

class HttpError extends Error {
  override readonly name = "HttpError";
  readonly status: number;

  constructor(status: number, path: string) {
    super(`GET ${path}: ${status}`);
    this.status = status;
  }
}

async function get<T>(api: string, path: string): Promise<T> {
  const answer = await fetch(`${api}${path}`, { signal: currentContext().signal });
  if (answer.ok) return (await answer.json()) as T;
  throw new HttpError(answer.status, path);
}

/** Waits 0.1 s before its first retry and 0.2 s before each further one; what is not there will not come by asking again. */
export const stars = task(
  "stars",
  {
    runName: "stars of {repo}",
    tags: ["github"],
    retry: { maxRetries: 3, delaysSeconds: [0.1, 0.2] },
    retryIf: (error) => !(error instanceof HttpError && error.status === 404),
  },
  async (repo: string, api = github) => {
    const { stargazers_count } = await get<{ readonly stargazers_count: number }>(api, `/repos/${repo}`);
    return stargazers_count;
  },
);

/** A run for each repository: what is started before the first await runs at once. */
export const allStars = task("all-stars", async (repos: readonly string[], api: string = github) => {
  const counts = await withTags(["survey"], () => Promise.all(repos.map((repo) => stars(repo, api))));
  return Object.fromEntries(repos.map((repo, at) => [repo, counts[at]]));
});

export const rank = task(
  "rank",
  (count: number, all: readonly number[]) => 1 + all.filter((other) => other > count).length,
);

/** `map` starts a run for each element; a list that each of them gets whole says so. */
export const ranking = task("ranking", async (counts: readonly number[]) => rank.map(counts, unmapped(counts)));

/** Yields the titles of a repository's issues, page after page. */
export const titles = task("titles", async function* (repo: string, api: string = github) {
  for (let page = 1; ; page++) {
    const issues = await get<readonly { readonly title: string }[]>(api, `/repos/${repo}/issues?page=${page}`);
    if (issues.length === 0) return;
    for (const { title } of issues) yield title;
  }
});

/** Reads what the other task yields while that goes on, and stops it once it has seen enough. */
export const firstBug = task("first-bug", async (repo: string, api: string = github) => {
  const reading = titles(repo, api);
  for await (const title of reading) {
    if (!title.startsWith("bug:")) continue;
    await reading.cancel();
    return title;
  }
  return null;
});

/** Waits about 10, 20 and 40 s: each somewhere around it, so that many that fail together do not come back together. */
export const crowded = task(
  "crowded",
  { retry: { maxRetries: 3, delaysSeconds: exponentialBackoff(10), jitterFactor: 0.5 } },
  () => {
    throw new Error("too many at once");
  },
);
