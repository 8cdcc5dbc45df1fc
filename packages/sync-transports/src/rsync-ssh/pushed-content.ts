import type { ListingPushRequest, PushRequest } from '../transport.ts';

/** What is to be sent: all of it, or only `repeat`. No hash is needed for that. */
export type PushedContent = ListingPushRequest & Pick<PushRequest, 'repeat'>;
