/** A suite: variants of one job, each measured in processes of its own, told as ratios to the first, the floor. */

/** Does the job once; what it does is counted as `operations` of one. A promise is awaited. */
export type Job = () => void | Promise<void>;

export interface Variant {
  readonly name: string;
  /** Makes the job; what it takes to make is not measured. */
  make(): Job | Promise<Job>;
}

export interface Suite {
  readonly name: string;
  /** What one operation is. */
  readonly unit: string;
  readonly operations: number;
  /** The first is the floor that the others are held against. */
  readonly variants: readonly Variant[];
  /** What must be reached: variant → the highest ratio to another (or to the floor). */
  readonly targets?: readonly { readonly variant: string; readonly against?: string; readonly most: number }[];
}
