// Which pages there are, and for whom. What one may not see is not offered; what it would show is the server's to refuse.

import type { Component } from 'svelte';
import type { Session } from '../api/client';
import AuditPage from '../audit/AuditPage.svelte';
import CallbacksPage from '../callbacks/CallbacksPage.svelte';
import CallsPage from '../calls/CallsPage.svelte';
import HoursPage from '../hours/HoursPage.svelte';
import DirectoryPage from '../directory/DirectoryPage.svelte';
import type { Key } from '../lib/messages.svelte';
import LicencesPage from '../licences/LicencesPage.svelte';
import MePage from '../me/MePage.svelte';
import QueuesPage from '../me/QueuesPage.svelte';
import { FILES } from '../settings/places';
import SettingsPage from '../settings/SettingsPage.svelte';
import PromptsPage from '../prompts/PromptsPage.svelte';
import QuickPage from '../quick/QuickPage.svelte';
import ConnectionsPage from '../operation/ConnectionsPage.svelte';
import ServerPage from '../operation/ServerPage.svelte';
import PasswordPage from '../password/PasswordPage.svelte';
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
const directory: Page = { path: '/directory', title: 'directory.title', component: DirectoryPage };
const statistics: Page = { path: '/statistics', title: 'statistics.title', component: StatisticsPage };

const hours: Page = { path: '/hours', title: 'hours.nav', component: HoursPage };
const quick: Page = { path: '/quick-closes', title: 'quick.nav', component: QuickPage };
const prompts: Page = { path: '/prompts', title: 'prompts.title', component: PromptsPage };
const licences: Page = { path: '/licences', title: 'licences.title', component: LicencesPage };
const connections: Page = { path: '/connections', title: 'app.connections', component: ConnectionsPage };
const server: Page = { path: '/server', title: 'app.server', component: ServerPage };

/** Where each role goes, the first being where it begins: agents with themselves, others with what they look after, which has
 *  all that agents are shown of queues. */
const PAGES: Record<Role, [Page, ...Page[]]> = {
    agent: [me, callbacks, directory, queues, wallboard, calls, statistics, hours],
    supervisor: [wallboard, callbacks, calls, statistics, quick, hours, prompts, directory, me],
    administrator: [
        wallboard,
        callbacks,
        calls,
        statistics,
        quick,
        hours,
        prompts,
        settings,
        licences,
        audit,
        connections,
        directory,
        me,
    ],
    // He is no agent, and of no organisation whose queues he closes.
    operator: [wallboard, callbacks, calls, statistics, server, connections, hours, licences, audit],
};

/** Pages that are reached from another, and have no place of their own beside it. */
const WITHIN: Partial<Record<Role, readonly Page[]>> = { administrator: [files] };

/** What is reached from one's account. An operator's password stands in the configuration. */
export const PASSWORD: Page = { path: '/password', title: 'password.title', component: PasswordPage };

/** The pages of a role. */
export function of(role: Role): [Page, ...Page[]] {
    return PAGES[role];
}

/** The page at a path, or that it is a part of; the first, where there is none of that role's. */
export function at(path: string, role: Role): Page {
    const pages = [...of(role), ...(WITHIN[role] ?? [])];
    if (path === PASSWORD.path && role !== 'operator') return PASSWORD;
    const exact = pages.find(page => page.path === path);
    return exact ?? pages.find(page => path.startsWith(`${page.path}/`)) ?? of(role)[0];
}
