// A program that starts a run and awaits its result, from wherever a kubeconfig reaches the cluster:
//   kubectl apply -f examples/01-hello/hello.yaml
//   node examples/06-trigger/trigger.ts Ada
import { taskRef } from "@stint/sdk";

const greet = taskRef<[name: string, greeting?: string], string>("hello/greet");

const [name = "world"] = process.argv.slice(2);
const handle = await greet.trigger([name, "Welcome"], { name: `greet-${name.toLowerCase()}` });
console.log(`${handle.id}: ${await handle.result()}`);
