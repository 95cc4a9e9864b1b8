/** Header values by name, in any case; or pairs of name and value, such as those of `Headers`. */
export type HeaderValues =
  | { readonly [name: string]: string | readonly string[] | undefined }
  | Iterable<readonly [string, string | readonly string[]]>;

/** A request, such as Node's `IncomingMessage` with the viewer's address beside it. */
export interface Visit {
  readonly headers?: HeaderValues;
  /** The viewer's address, for the key `client-ip`. */
  readonly clientIp?: string;
}

export interface Decision {
  readonly partition: 'one-box' | 'regular';
  /** The visitor's place on the line, 0 to 99999, where a pin or a key decided. */
  readonly bucket: number | null;
  /** `override`, `share-zero`, `crawler`, `pin`, the entry of the key chain, or `none`. */
  readonly source: string;
}

/** Decides as the edge does. `now` is a time in milliseconds since 1970; by default this machine's. It never throws. */
export function decide(visit: Visit, now?: number | Date): Decision;
