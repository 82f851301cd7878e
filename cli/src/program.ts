// The command line: which commands and options there are. What a command needs is imported when it runs, so that
// `stint --help` costs no more than commander does.
import { Phase } from "@stint/crds/conditions";
import type { RerunOptions } from "@stint/crds/rerun";
import { Command, Option } from "commander";

import manifest from "../package.json" with { type: "json" };
import { collect, parseWhole } from "./arguments.ts";
import type { DeployOptions } from "./commands/deploy.ts";
import type { DevOptions } from "./commands/dev.ts";
import type { InitOptions } from "./commands/init.ts";
import type { LogsOptions } from "./commands/logs.ts";
import type { RunCommandOptions } from "./commands/run.ts";
import type { RunsOptions } from "./commands/runs.ts";
import type { Place } from "./endpoint.ts";
import type { ExitCode } from "./exit-codes.ts";
import { outputFormats, type OutputFormat } from "./output.ts";
import type { Session } from "./session.ts";
import type { Terminal } from "./terminal.ts";

/** What the commands are hung into: how to begin, and whom to tell how it ended. */
export interface Stage {
  readonly terminal: Terminal;
  /** How people call us: `stint`, or `kubectl stint`. */
  readonly name: string;
  /** What was typed after it. */
  readonly args: readonly string[];
  readonly session: (place: Place) => Session;
  readonly end: (code: ExitCode) => void;
}

interface Shown {
  readonly output?: OutputFormat;
}

/** All commands, ready to parse. A wrong command line throws commander's CommanderError. */
export function createProgram(stage: Stage): Command {
  const { name, terminal } = stage;
  const program = new Command(name)
    .description("deploy bundles, run tasks, look at runs")
    .version(manifest.version)
    .option("-n, --namespace <name>", "namespace; the context's own if absent")
    .option("--context <name>", "context of the kubeconfig; its current one if absent")
    .option("--kubeconfig <file>", "file that names the cluster; $KUBECONFIG or ~/.kube/config if absent")
    .option("--local", "the development server of this machine")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: (text) => terminal.note(text.trimEnd()),
    })
    .showHelpAfterError(`\`${name} --help\` lists the commands, \`${name} <command> --help\` their options.`)
    .exitOverride();
  const shell: Shell = { ...stage, program, start: () => stage.session(program.opts<Place>()) };
  for (const add of adders) add(shell);
  return program;
}

type Adder = (shell: Shell) => void;

/** In the order in which `--help` lists them. */
const adders: readonly Adder[] = [
  addInit,
  addDev,
  addDeploy,
  addTasks,
  addRun,
  addRuns,
  addGet,
  addTree,
  addLogs,
  addCancel,
  addRetry,
  addPause,
  addResume,
  addDoctor,
];

interface Shell extends Stage {
  readonly program: Command;
  readonly start: () => Session;
}

function addInit({ program, start, end }: Shell): void {
  program
    .command("init")
    .description("write a small project that type-checks")
    .argument("[directory]", "new or empty", ".")
    .option("--sdk <path>", "the SDK in a clone of Stint, as long as it is not published")
    .action(async (directory: string, options: InitOptions) => {
      const { init } = await import("./commands/init.ts");
      end(await init(start(), directory, options));
    });
}

function addDev({ args, program, start, end }: Shell): void {
  program
    .command("dev")
    .description("serve the tasks of this directory on this machine, and every change of them")
    .argument("[entry]", "module that imports all tasks", "src/tasks.ts")
    .argument("[command...]", "after --; not built yet")
    .option("--port <number>", "where to listen, on this machine alone; 0 for any that is free", parseWhole, 8120)
    .option("--bundle <name>", "name of the TaskBundle; the directory's own if absent")
    .option("--env-file <file>", "environment of attempts: lines NAME=value")
    .option("--state <file>", "keeps runs and bundles from one start to the next")
    .option("--quiet", "leave out what attempts write")
    .action(async (entry: string, command: readonly string[], options: DevOptions) => {
      const { dev, expectNoCommand } = await import("./commands/dev.ts");
      expectNoCommand(args.includes("--") || command.length > 0);
      end(await dev(start(), entry, options));
    });
}

function addDeploy({ program, start, end }: Shell): void {
  program
    .command("deploy")
    .description("bundle an entry point, make it a revision of a bundle, wait until it is Ready")
    .argument("[entry]", "module that imports all tasks", "src/tasks.ts")
    .requiredOption("--bundle <name>", "the TaskBundle to create or to change")
    .addOption(outputOption())
    .action(async (entry: string, options: DeployOptions) => {
      const { deploy } = await import("./commands/deploy.ts");
      end(await deploy(start(), entry, options));
    });
}

function addTasks({ program, start, end }: Shell): void {
  program
    .command("tasks")
    .description("list tasks")
    .argument("[bundle]", "all bundles of the namespace if absent")
    .addOption(outputOption())
    .action(async (bundle: string | undefined, options: Shown) => {
      const { tasks } = await import("./commands/tasks.ts");
      end(await tasks(start(), bundle, options));
    });
}

function addRun({ program, start, end }: Shell): void {
  program
    .command("run")
    .description("start a run of a task")
    .argument("<task>", "<bundle>/<task>, or <bundle>/<task>:<revision>")
    .option("--input <json>", "arguments: a list by position, an object by name; @file, or @- for stdin")
    .option("--wait", "tell what happens until it ends; exit 0 Succeeded, 1 Failed, 3 Canceled")
    .option("--name <name>", "its name, by which a repetition finds it; generated if absent")
    .option("--start-at <instant>", "not before this instant, in RFC 3339")
    .option("--tag <tag>", "may be repeated", collect)
    .option("--instance-type <name>", "instead of the task's own")
    .option("--timeout <seconds>", "limit on one attempt, instead of the task's own", parseWhole)
    .option("--start-timeout <seconds>", "limit on the start of an attempt, instead of the task's own", parseWhole)
    .option("--deadline <seconds>", "limit on the whole run, instead of the task's own", parseWhole)
    .option("--retry <json>", "retry policy, instead of the task's own as a whole")
    .option("--ttl <seconds>", "how long the finished run is kept; 86400 if absent", parseWhole)
    .addOption(outputOption())
    .action(async (task: string, options: RunCommandOptions) => {
      const { run } = await import("./commands/run.ts");
      end(await run(start(), task, options));
    });
}

function addRuns({ program, start, end }: Shell): void {
  program
    .command("runs")
    .description("list runs, the newest first")
    .option("-l, --selector <labels>", "as for kubectl: tag.stint.dev/nightly, '!stint.dev/parent'")
    .option("--task <task>", "of this task, as it was written when they were started")
    .addOption(new Option("--phase <phase>", "in this phase").choices(Object.values(Phase)))
    .option("-A, --all-namespaces", "of all namespaces")
    .addOption(outputOption())
    .action(async (options: RunsOptions) => {
      const { runs } = await import("./commands/runs.ts");
      end(await runs(start(), options));
    });
}

function addGet({ program, start, end }: Shell): void {
  program
    .command("get")
    .description("show a run, its attempts, its value or its error")
    .argument("<run>")
    .addOption(outputOption())
    .action(async (name: string, options: Shown) => {
      const { get } = await import("./commands/get.ts");
      end(await get(start(), name, options));
    });
}

function addTree({ program, start, end }: Shell): void {
  program
    .command("tree")
    .description("show a run and all that it started")
    .argument("<run>")
    .addOption(outputOption())
    .action(async (name: string, options: Shown) => {
      const { tree } = await import("./commands/tree.ts");
      end(await tree(start(), name, options));
    });
}

function addLogs({ program, start, end }: Shell): void {
  program
    .command("logs")
    .description("print what an attempt has written")
    .argument("<run>")
    .option("--attempt <number>", "the last one if absent", parseWhole)
    .option("-f, --follow", "go on until the run, or the named attempt, ends")
    .action(async (name: string, options: LogsOptions) => {
      const { logs } = await import("./commands/logs.ts");
      end(await logs(start(), name, options));
    });
}

function addCancel({ program, start, end }: Shell): void {
  program
    .command("cancel")
    .description("end a run for good, and all that it started")
    .argument("<run>")
    .action(async (name: string) => {
      const { cancel } = await import("./commands/cancel.ts");
      end(await cancel(start(), name));
    });
}

function addRetry({ program, start, end }: Shell): void {
  program
    .command("retry")
    .description("do a run again that has Failed or was Canceled or Skipped")
    .argument("<run>")
    .option("--latest", "on the newest Ready revision, instead of the one that it has had")
    .action(async (name: string, options: RerunOptions) => {
      const { retry } = await import("./commands/retry.ts");
      end(await retry(start(), name, options));
    });
}

function addPause({ program, start, end }: Shell): void {
  program
    .command("pause")
    .description("start nothing more of a run and of what it started; what runs finishes")
    .argument("<run>")
    .action(async (name: string) => {
      const { pause } = await import("./commands/pause.ts");
      end(await pause(start(), name));
    });
}

function addResume({ program, start, end }: Shell): void {
  program
    .command("resume")
    .description("let a paused run go on where it stood")
    .argument("<run>")
    .action(async (name: string) => {
      const { resume } = await import("./commands/pause.ts");
      end(await resume(start(), name));
    });
}

function addDoctor({ program, start, end }: Shell): void {
  program
    .command("doctor")
    .description("check that Stint can work here, and say what to do where it cannot")
    .action(async () => {
      const { doctor } = await import("./commands/doctor.ts");
      end(await doctor(start()));
    });
}

function outputOption(): Option {
  return new Option("-o, --output <format>", "the objects themselves").choices(outputFormats);
}
