// Children of an attempt: started once however often the start is asked for, and canceled.
//
//   D1. A child's name follows from the call that started it: parent, attempt and number of the call; or parent, key and
//       ordinal. So a repeated request, at whichever replica, meets the child of the first (S118).
//   D2. A name that is taken is success only if the run under it is this parent's, of this task, with this input.
//   D3. The ordinals of a key are walked from the first one on. A child that is live or Succeeded answers every later call
//       of the key; one that ended otherwise answers only the very call that made it, and gives way to the next ordinal.
//   D4. One bad start does not spoil the others: each has an answer of its own. What is not the caller's fault fails the
//       whole request, which may be repeated (D1).
import { ProtocolCode, type ChildStart, type ChildStarted } from "@stint/crds/attempt";
import { annotation, childName, type NamedObject } from "@stint/crds/labels";
import type { TaskRun } from "@stint/crds/taskrun";

import { isFinished } from "../core/look.ts";
import { isTrue } from "../core/status.ts";
import type { ObservedRun } from "../core/world.ts";
import { controllerUid, toObservedRun } from "../effects/reading.ts";
import { taskRuns } from "../effects/resources.ts";
import { isApiError } from "../errors.ts";
import { createRun } from "./create-run.ts";
import type { GatewayDeps } from "./deps.ts";
import { currentAttempt, type AttemptCaller } from "./identity.ts";
import { ProtocolRefusal, unavailable } from "./refusal.ts";
import { childBody, toChildCall, type Origin, type RunCall } from "./run-body.ts";
import { isCanceling } from "./stop-notice.ts";
import type { PodIdentity } from "./token.ts";
import { TreeBudget } from "./tree.ts";
