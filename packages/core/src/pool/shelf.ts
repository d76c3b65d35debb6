/** Where the idle wait: lists that let go of any member in constant time, and a shelf a key. */
import type { Entry } from './entry.ts';
import type { Opener } from './openings.ts';

/** A member's place in a list. */
export class Link<M> {
  readonly member: M;
  before: Link<M> | undefined = undefined;
  after: Link<M> | undefined = undefined;

  constructor(member: M) {
    this.member = member;
  }
}

/** A doubly linked list. Who adds and removes sees to it that a link is in one list at most. */
export class List<M> {
  first: Link<M> | undefined = undefined;
  last: Link<M> | undefined = undefined;
  size = 0;

  add(link: Link<M>): void {
    const { last } = this;
    link.before = last;
    if (last === undefined) this.first = link;
    else last.after = link;
    this.last = link;
    this.size++;
  }

  remove(link: Link<M>): void {
    const { before, after } = link;
    if (before === undefined) this.first = after;
    else before.after = after;
    if (after === undefined) this.last = before;
    else after.before = before;
    link.before = link.after = undefined;
    this.size--;
  }
}

/** What belongs to one key: the idle, those who wait for one to be opened, and what is being opened for them. */
export class Shelf<T, Request> {
  readonly key: string;
  readonly idle: List<Entry<T>> = new List();
  /** In order of arrival. Each holds a slot of the pool. */
  readonly openers: List<Opener<T, Request>> = new List();
  opening = 0;

  constructor(key: string) {
    this.key = key;
  }

  get isEmpty(): boolean {
    return this.idle.size === 0 && this.opening === 0 && this.openers.size === 0;
  }
}
