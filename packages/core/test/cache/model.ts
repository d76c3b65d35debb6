// A model of a cache: which keys are open, on their way or waiting, who uses what, and what the budget counts. It knows nothing of
// handles, records or lines; it says only what must have come about once everything that is due has happened.

export interface User {
  readonly book: Book;
  state: 'open' | 'closed' | 'moved';
}

/** An acquire that has not been answered. */
export interface Asked {
  state: 'waiting' | 'granted' | 'refused';
  user: User | undefined;
}

/** One opening of a key, from the first acquire to the release. */
export interface Book {
  readonly key: string;
  phase: 'place' | 'budget' | 'opening' | 'open' | 'released' | 'dropped';
  readonly asked: Asked[];
  readonly users: Set<User>;
  /** In the cache: the next acquire shares it. */
  cached: boolean;
  /** The opener was told that nobody waits. */
  told: boolean;
}

export class Model {
  readonly cached = new Map<string, Book>();
  readonly idle: Book[] = [];
  readonly places: Book[] = [];
  /** Openings, and permits asked for from outside, in the order in which they wait for the budget. */
  readonly line: (Book | Asked)[] = [];
  /** Openers that run, in the order in which they were called. */
  readonly opening: Book[] = [];
  readonly users: User[] = [];
  readonly asked: Asked[] = [];
  leaks = 0;
  used = 0;
  held = 0;
  closed = false;
  readonly max: number;
  readonly capacity: number;

  constructor(max: number, capacity: number) {
    this.max = max;
    this.capacity = capacity;
  }

  acquire(key: string): Asked {
    const asked: Asked = { state: 'waiting', user: undefined };
    this.asked.push(asked);
    const book = this.cached.get(key);
    if (this.closed) asked.state = 'refused';
    else if (book?.phase === 'open') {
      remove(this.idle, book);
      this.#lend(book, asked);
    } else if (book !== undefined) book.asked.push(asked);
    else {
      const fresh: Book = { key, phase: 'place', asked: [asked], users: new Set(), cached: true, told: false };
      this.cached.set(key, fresh);
      this.places.push(fresh);
    }
    this.serve();
    return asked;
  }

  #lend(book: Book, asked: Asked): void {
    const user: User = { book, state: 'open' };
    this.addUser(user);
    asked.state = 'granted';
    asked.user = user;
  }

  addUser(user: User): void {
    user.book.users.add(user);
    this.users.push(user);
  }

  permit(): Asked {
    const asked: Asked = { state: 'waiting', user: undefined };
    this.line.push(asked);
    this.serve();
    return asked;
  }

  /** Places first in, first out, then the budget; what is idle goes for either, the least recently used first. */
  serve(): void {
    for (;;) {
      const [first] = this.places;
      const [next] = this.line;
      if (first !== undefined && this.held < this.max) {
        this.places.shift();
        this.held++;
        first.phase = 'budget';
        this.line.push(first);
      } else if (next !== undefined && this.used < this.capacity) {
        this.line.shift();
        this.used++;
        if ('phase' in next) {
          next.phase = 'opening';
          this.opening.push(next);
        } else next.state = 'granted';
      } else if ((first ?? next) !== undefined && this.idle.length > 0) this.evict(this.idle[0] as Book, false);
      else return;
    }
  }

  abort(asked: Asked): void {
    if (asked.state !== 'waiting') return;
    asked.state = 'refused';
    for (const book of [...this.places, ...this.line, ...this.opening]) {
      if (!('phase' in book) || !remove(book.asked, asked) || book.asked.length > 0) continue;
      if (book.phase === 'opening') book.told = true;
      else this.#drop(book);
    }
    remove(this.line, asked);
    this.serve();
  }

  /** Out of its line, with what it held. */
  #drop(book: Book): void {
    if (book.phase === 'budget') this.held--;
    remove(this.places, book);
    remove(this.line, book);
    book.phase = 'dropped';
    if (book.cached) this.cached.delete(book.key);
  }

  opened(book: Book): void {
    remove(this.opening, book);
    book.phase = 'open';
    for (const asked of book.asked.splice(0)) this.#lend(book, asked);
    this.#rest(book);
    this.serve();
  }

  failed(book: Book): void {
    remove(this.opening, book);
    this.used--;
    this.held--;
    if (book.told && book.asked.length > 0) {
      // Those who came after it was told have asked for no such thing. What it gave back goes to others first.
      book.phase = 'place';
      book.told = false;
      this.serve();
      this.places.push(book);
    } else {
      for (const asked of book.asked.splice(0)) asked.state = 'refused';
      book.phase = 'dropped';
      if (book.cached) this.cached.delete(book.key);
    }
    this.serve();
  }

  leave(user: User): void {
    if (user.state !== 'open') return;
    user.state = 'closed';
    user.book.users.delete(user);
    this.#rest(user.book);
    this.serve();
  }

  #rest(book: Book): void {
    if (book.users.size > 0) return;
    if (book.cached) this.idle.push(book);
    else this.#release(book);
  }

  #release(book: Book): void {
    book.phase = 'released';
    this.used--;
    this.held--;
  }

  evict(book: Book, andServe = true): void {
    this.cached.delete(book.key);
    book.cached = false;
    if (remove(this.idle, book)) this.#release(book);
    if (andServe) this.serve();
  }

  dispose(): void {
    this.closed = true;
    for (const book of [...this.places, ...this.line, ...this.opening]) {
      if (!('phase' in book)) continue;
      for (const asked of book.asked.splice(0)) asked.state = 'refused';
      if (book.phase === 'opening') book.told = true;
      else this.#drop(book);
    }
    for (const book of [...this.cached.values()]) this.evict(book, false);
    this.serve();
  }
}

function remove<T>(list: T[], item: T): boolean {
  const index = list.indexOf(item);
  if (index >= 0) list.splice(index, 1);
  return index >= 0;
}
