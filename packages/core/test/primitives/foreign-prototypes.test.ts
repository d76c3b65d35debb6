// Which prototype an instance gets when another constructor stands in for `new.target`: its own if that is an object, else the intrinsic of
// that constructor's realm where it can be had.
import { createContext, runInContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { own } from './own.ts';

type Name = keyof typeof own;

describe.each(Object.keys(own) as Name[])('%s', (name) => {
  const construct = (newTarget: unknown): unknown => Object.getPrototypeOf(Reflect.construct(own[name] as new () => object, [], newTarget as () => void));
  const without = (prototype: unknown): unknown => Object.assign(function () {}, { prototype });

  it('takes the prototype of the constructor that stands in', () => {
    const Foreign = function () {};
    const bare = Object.create(null) as object;
    for (const [newTarget, prototype] of [
      [Foreign, Foreign.prototype],
      [Array, Array.prototype],
      [Object, Object.prototype],
      [Error, Error.prototype],
      [without(bare), bare],
    ]) {
      expect(construct(newTarget)).toBe(prototype);
    }
  });

  it('falls back on its own where that has none', () => {
    const bound = (without(undefined) as () => void).bind(null);
    const proxy = new Proxy(without(undefined) as () => void, {});
    for (const newTarget of [without(undefined), without(null), without(1), without('text'), without(Symbol()), bound, proxy]) {
      expect(construct(newTarget)).toBe(own[name].prototype);
    }
  });

  it('falls back on the intrinsic of the realm that the constructor is from', () => {
    const realm = createContext({});
    const theirs = runInContext(`globalThis.${name} = class {}; ${name}.prototype`, realm) as object;
    const foreign = runInContext('const foreign = function () {}; foreign.prototype = undefined; foreign', realm) as () => void;
    expect(construct(foreign)).toBe(theirs);
    expect(construct(new Proxy(foreign, {}))).toBe(theirs);
    expect(construct(foreign.bind(null))).toBe(theirs);
  });

  it('falls back on its own where that realm has no intrinsic or does not let it be found', () => {
    for (const options of [{}, { codeGeneration: { strings: false } }]) {
      const realm = createContext({}, options);
      runInContext(`globalThis.${name} = undefined`, realm);
      const foreign = runInContext('const foreign = function () {}; foreign.prototype = undefined; foreign', realm) as unknown;
      expect(construct(foreign)).toBe(own[name].prototype);
    }
  });

  it('reads the prototype once where that is an object', () => {
    let reads = 0;
    const newTarget = new Proxy(without({}) as () => void, {
      get(target, key, receiver) {
        if (key === 'prototype') reads += 1;
        return key === 'prototype' ? Object.create(own[name].prototype) : Reflect.get(target, key, receiver);
      },
    });
    construct(newTarget);
    expect(reads).toBe(1);
  });

  it('gives an instance its brand whatever its prototype is', () => {
    const foreign = Reflect.construct(own[name] as new () => object, [], Object) as object;
    const branded = name === 'SuppressedError' ? Object.hasOwn(foreign, 'suppressed') : !Reflect.get(own[name].prototype, 'disposed', foreign);
    expect(branded).toBe(true);
  });
});
