// One story with one death: the first operator dies at a pass of a delicate point, and another carries on.
import { Chronicle } from "../chronicle.ts";
import type { History, OperatorEnd } from "../history.ts";
import { createRun, untilSettled } from "../play.ts";
import type { Life, Stage } from "./stage.ts";
import type { Story } from "./stories.ts";

interface Script {
  /** Name of the root run. */
  readonly name: string;
  readonly story: Story;
  /** Where the first operator dies, as `after-status#2`. */
  readonly crashAt: string;
  /** Who carries on: one that is started then, or one that has stood by and waits for the lease. */
  readonly heir?: "next" | "follower";
}

interface Played {
  /** Where the first operator died; absent where the story ended before it came there. */
  readonly crashedAt?: string;
  readonly history: History;
  /** What the operators logged. */
  readonly log: readonly string[];
}

/** Plays it on an empty stage, to its end, and clears the stage. */
export async function play(stage: Stage, { name, story, crashAt, heir = "next" }: Script): Promise<Played> {
  const { cluster, ledger, time } = stage;
  const before = ledger.entries().length;
  const chronicle = new Chronicle(cluster);
  const log: string[] = [];
  const first = await stage.begin({ name: `${name}-first`, crashAt, log });
  const lives = [first];
  if (heir === "follower") lives.push(await stage.begin({ name: `${name}-follower`, log }));
  await stage.untilDeployed();

  story.arrange?.(cluster);
  createRun(cluster, name, story);
  const meanwhile = story.meanwhile?.({ cluster, chronicle, ledger, name });
  await Promise.race([first.operator.ended, untilSettled(chronicle, time)]);
  await first.operator.stop(); // before it ends it may still come to the point
  const crashedAt = lastWordsIn(log);
  if (crashedAt !== undefined && heir === "next") {
    stage.forgetLeader();
    lives.push(await stage.begin({ name: `${name}-next`, log }));
  }
  await untilSettled(chronicle, time);
  await meanwhile;

  const endedAtMs = Date.now();
  await Promise.all(lives.map(({ operator }) => operator.stop()));
  chronicle.stop();
  const history: History = {
    changes: chronicle.changes,
    ledger: ledger.entries().slice(before),
    operators: await Promise.all(
      lives.map((life) => endOf(life, life === first && crashedAt !== undefined ? "SIGKILL" : 0)),
    ),
    healedAtMs: endedAtMs,
    endedAtMs,
    speed: time.speed,
  };
  await stage.clear();
  return { ...(crashedAt !== undefined && { crashedAt }), history, log };
}

/** Of deadly-points.ts. */
function lastWordsIn(log: readonly string[]): string | undefined {
  return log.map((line) => /"msg":"dies here","at":"(.+)"/.exec(line)?.[1]).find((at) => at !== undefined);
}

async function endOf({ name, operator, errors }: Life, meant: "SIGKILL" | 0): Promise<OperatorEnd> {
  const end = await operator.ended;
  return { name, atMs: Date.now(), end, byItself: end !== meant, errors };
}
