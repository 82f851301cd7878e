/** What `/log` of a pod may ask for. */
export interface LogOptions {
  /** Goes on until the container has ended. */
  readonly follow?: boolean;
  /** Only the last so many lines; absent means all. */
  readonly tailLines?: number;
  /** Of the container's last life before this one. */
  readonly previous?: boolean;
  /** Each line begins with its instant, RFC 3339. */
  readonly timestamps?: boolean;
  /** Aborted when whoever reads has left. */
  readonly signal?: AbortSignal;
}

/** Where the output of containers is kept: the kubelet's part in `kubectl logs`. */
export interface PodLogs {
  /** The output in pieces; undefined if that container has written none, because it has not started or is unknown. */
  read(namespace: string, pod: string, container: string, options?: LogOptions): AsyncIterable<Uint8Array> | undefined;
}
