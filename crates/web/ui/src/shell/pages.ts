// Which pages there are, and for whom. What one may not see is not offered; what it would show is the server's to refuse.

import type { Component } from 'svelte';
import type { Session } from '../api/client';
import AuditPage from '../audit/AuditPage.svelte';
import CallbacksPage from '../callbacks/CallbacksPage.svelte';
import CallsPage from '../calls/CallsPage.svelte';
import type { Key } from '../lib/messages.svelte';
import MePage from '../me/MePage.svelte';
import QueuesPage from '../me/QueuesPage.svelte';
import { FILES } from '../settings/places';
import SettingsPage from '../settings/SettingsPage.svelte';
import StatisticsPage from '../statistics/StatisticsPage.svelte';
import FilesPage from '../toml/FilesPage.svelte';
import WallboardPage from '../wallboard/WallboardPage.svelte';

type Role = Session['role'];

export interface Page {
    path: string;
    title: Key;
    component: Component;
}

const me: Page = { path: '/me', title: 'app.me', component: MePage };
const callbacks: Page = { path: '/callbacks', title: 'app.callbacks', component: CallbacksPage };
const queues: Page = { path: '/queues', title: 'app.queues', component: QueuesPage };
const wallboard: Page = { path: '/wallboard', title: 'app.wallboard', component: WallboardPage };
const calls: Page = { path: '/calls', title: 'app.calls', component: CallsPage };
const audit: Page = { path: '/audit', title: 'app.audit', component: AuditPage };
const settings: Page = { path: '/settings', title: 'settings.title', component: SettingsPage };
const files: Page = { path: FILES, title: 'toml.title', component: FilesPage };
const statistics: Page = { path: '/statistics', title: 'statistics.title', component: StatisticsPage };

/** Where each role goes, the first being where it begins: agents with themselves, others with what they look after, which has
 *  all that agents are shown of queues. */
const PAGES: Record<Role, [Page, ...Page[]]> = {
    agent: [me, callbacks, queues, wallboard, calls, statistics],
    supervisor: [wallboard, callbacks, calls, statistics, me],
    administrator: [wallboard, callbacks, calls, statistics, settings, audit, me],
    // He is no agent.
    operator: [wallboard, callbacks, calls, statistics, audit],
};

/** Pages that are reached from another, and have no place of their own beside it. */
const WITHIN: Partial<Record<Role, readonly Page[]>> = { administrator: [files] };

/** The pages of a role. */
export function of(role: Role): [Page, ...Page[]] {
    return PAGES[role];
}

/** The page at a path, or that it is a part of; the first, where there is none of that role's. */
export function at(path: string, role: Role): Page {
    const pages = [...of(role), ...(WITHIN[role] ?? [])];
    const exact = pages.find(page => page.path === path);
    return exact ?? pages.find(page => path.startsWith(`${page.path}/`)) ?? of(role)[0];
}
