/** The binary of a Node major version: this process's own where it is the same, else one fetched from npm; undefined where none can be had. */
export function nodeBinary(major: number): string | undefined;
