/** A binary heap whose members know their place in it: the first is at hand, and any may leave in logarithmic time. */

export interface Member {
  /** Its place, kept by the heap; -1 outside. */
  index: number;
}

export class Heap<M extends Member> {
  readonly #members: M[] = [];
  readonly #precedes: (a: M, b: M) => boolean;

  constructor(precedes: (a: M, b: M) => boolean) {
    this.#precedes = precedes;
  }

  get first(): M | undefined {
    return this.#members[0];
  }

  add(member: M): void {
    this.#rise(member, this.#members.length);
  }

  remove(member: M): void {
    const { index } = member;
    const last = this.#members.pop() as M;
    member.index = -1;
    if (last === member) return;
    if (this.#precedes(last, member)) this.#rise(last, index);
    else this.#sink(last, index);
  }

  #put(member: M, index: number): void {
    this.#members[index] = member;
    member.index = index;
  }

  #rise(member: M, from: number): void {
    let index = from;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const other = this.#members[above] as M;
      if (!this.#precedes(member, other)) break;
      this.#put(other, index);
      index = above;
    }
    this.#put(member, index);
  }

  #sink(member: M, from: number): void {
    const members = this.#members;
    let index = from;
    for (;;) {
      let below = 2 * index + 1;
      if (below >= members.length) break;
      if (below + 1 < members.length && this.#precedes(members[below + 1] as M, members[below] as M)) below++;
      const other = members[below] as M;
      if (!this.#precedes(other, member)) break;
      this.#put(other, index);
      index = below;
    }
    this.#put(member, index);
  }
}
