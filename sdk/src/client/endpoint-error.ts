/** No cluster is named, or the one that is named cannot be found. */
export class EndpointError extends Error {
  /** What whoever sees it can do. */
  readonly remedy: string;

  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.remedy = remedy;
  }
}
