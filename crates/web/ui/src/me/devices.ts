// Where calls from queues can come to.

import type { Schemas } from '../api/client';

export type Device = Schemas['DeviceView'];

/** In the order in which they are chosen from. */
export const DEVICES: Device[] = ['phone', 'desk-phone', 'softphone', 'browser', 'mobile', 'both'];
