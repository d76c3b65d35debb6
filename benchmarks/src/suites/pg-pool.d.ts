/** The part of pg-pool (which brings no types) that is measured. */
declare module 'pg-pool' {
  export default class PgPool {
    constructor(options: { max: number; idleTimeoutMillis: number; Client: new (options: object) => object });
    connect(): Promise<{ release(): void }>;
  }
}
