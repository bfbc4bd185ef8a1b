// How somebody has the wallboard: limits, whether it sounds, which agents and in which order. It is kept in his browser.

import { keep, kept } from '../lib/kept';
import { readLimits, type Limits } from './limits';
import { ORDERS, type Order } from './order';

export class Choices {
    limits: Limits = $state.raw(readLimits(undefined));
    /** It sounds when something has become bad. */
    sounds = $state(false);
    order: Order = $state('state');
    /** Whoever takes no calls is shown too. */
    showsAll = $state(false);

    constructor() {
        const before = parsed(kept('wallboard'));
        this.limits = readLimits(before.limits);
        this.sounds = before.sounds === true;
        this.order = ORDERS.find(order => order === before.order) ?? 'state';
        this.showsAll = before.showsAll === true;
    }

    /** Has it so from now on. */
    change(changed: Partial<Pick<Choices, 'limits' | 'sounds' | 'order' | 'showsAll'>>) {
        Object.assign(this, changed);
        const { limits, sounds, order, showsAll } = this;
        keep('wallboard', JSON.stringify({ limits, sounds, order, showsAll }));
    }
}

function parsed(text: string | null): Record<string, unknown> {
    try {
        const value: unknown = JSON.parse(text ?? '');
        return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
    } catch {
        return {};
    }
}
