// Loaded before a file of scenarios that runs on devcluster: from here on the worker's KUBECONFIG and kubectl are those.
import { inject } from "vitest";

Object.assign(process.env, inject("environment"));
