import { expect, test } from "vitest";

import { EnvironmentError, parseEnvironment } from "../src/environment.ts";

const variables = {
  STINT_MODE: "run",
  STINT_GATEWAY_ADDRESS: "10.96.0.7:8443",
  STINT_GATEWAY_NAME: "stint-gateway.stint.svc",
  STINT_GATEWAY_CA: "-----BEGIN CERTIFICATE-----",
};

test("a pod's environment is read", () => {
  expect(parseEnvironment({ ...variables, STINT_ENTRYPOINT: "dist/tasks.js" })).toEqual({
    mode: "run",
    gateway: { host: "10.96.0.7", port: 8443, name: "stint-gateway.stint.svc", ca: "-----BEGIN CERTIFICATE-----" },
    entrypoint: "dist/tasks.js",
    tokenFile: "/var/run/stint/token",
    terminationLog: "/dev/termination-log",
    traceparent: undefined,
  });
});

test("a gateway may have an IPv6 address", () => {
  const { gateway } = parseEnvironment({ ...variables, STINT_GATEWAY_ADDRESS: "[fd00::7]:8443" });

  expect(gateway).toMatchObject({ host: "fd00::7", port: 8443 });
});

test("where a pod is a local process, token and termination message are files of its own", () => {
  const local = { STINT_TOKEN_FILE: "/tmp/token", STINT_TERMINATION_LOG: "/tmp/message" };

  expect(parseEnvironment({ ...variables, ...local })).toMatchObject({
    tokenFile: "/tmp/token",
    terminationLog: "/tmp/message",
  });
});

test.each([
  { given: "another mode", mode: "walk", message: 'Unknown STINT_MODE "walk"' },
  { given: "no mode", mode: undefined, message: 'Unknown STINT_MODE ""' },
])("$given ends the process with 2 (S11)", ({ mode, message }) => {
  expect(problemOf({ ...variables, STINT_MODE: mode })).toMatchObject({ exitCode: 2, message });
});

test("all that is missing is named at once, one line each", () => {
  const problem = problemOf({ STINT_MODE: "register", STINT_GATEWAY_ADDRESS: "gateway" });

  expect(problem).toMatchObject({
    exitCode: 1,
    message: [
      'STINT_GATEWAY_ADDRESS: must be <ip>:<port>, got "gateway"',
      "STINT_GATEWAY_NAME: is not set",
      "STINT_GATEWAY_CA: is not set",
    ].join("\n"),
  });
});

function problemOf(given: Readonly<Record<string, string | undefined>>): EnvironmentError | undefined {
  try {
    parseEnvironment(given);
  } catch (error) {
    if (error instanceof EnvironmentError) return error;
    throw error;
  }
  return undefined;
}
