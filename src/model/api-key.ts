/** What opens an endpoint. It may be changed while calls are under way. */
export interface ApiKey {
  /** As it is now; null for an endpoint that wants none. */
  current(): string | null;
  /** It was refused; resolves with whether there is another one by now. */
  renew(refused: string | null): Promise<boolean>;
}

/** A key that stays as it is; null for an endpoint that wants none. */
export function fixedKey(key: string | null): ApiKey {
  return { current: () => key, renew: () => Promise.resolve(false) };
}

/** Sends, and once more when the key was refused and there is another one by now: that is no mistake of a job. */
export async function withNewestKey<T>(
  apiKey: ApiKey,
  isRefused: (result: T) => boolean,
  send: () => Promise<T>,
): Promise<T> {
  const key = apiKey.current();
  const result = await send();
  return isRefused(result) && (await apiKey.renew(key)) ? send() : result;
}
