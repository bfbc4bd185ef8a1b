// Whether the screen is too narrow for a table.

import { MediaQuery } from 'svelte/reactivity';

/** Below this, rows are cards. */
export const narrow = new MediaQuery('(max-width: 60rem)');
