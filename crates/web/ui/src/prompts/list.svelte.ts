// An organisation's prompts, as the server tells them.

import { answered, api, type Schemas } from '../api/client';
import { notices } from '../lib/notices.svelte';
import { live } from '../live/live.svelte';
import { Reading } from '../live/reading';
import { place, upload } from './upload';
import type { Kind } from './wave';

export type Prompt = Schemas['PromptView'];
export type From = Prompt['from'];
type All = Schemas['PromptsView'];

export class Prompts {
    /** Null until it was read. */
    all: All | null = $state.raw(null);
    /** How much of a file has come, from 0 to 1; null, where none is under way. */
    share: number | null = $state(null);
    isBusy = $state(false);
    /** The prompt that has a new version. */
    kept: string | null = $state(null);

    private readonly reading = new Reading<All>({
        ask: () => answered(api.GET('/api/v1/prompts', { params: { query: {} } })),
        show: all => (this.all = all),
        old: live.old,
        refused: problem => notices.tell(problem),
    });

    constructor(readonly organisation: string) {}

    /** Begins to read; returns what ends that. */
    follow(): () => void {
        this.reading.restart();
        return () => this.reading.close();
    }

    /** Whether it was taken. */
    async bring(name: string, kind: Kind, file: Blob): Promise<boolean> {
        return this.doing(name, async () => {
            this.share = 0;
            await upload(place(this.organisation, name), kind, file, share => (this.share = share));
        });
    }

    async restore(name: string, version: number) {
        const params = { path: { organisation: this.organisation, prompt: name } };
        const body = { version };
        await this.doing(name, () =>
            answered(api.POST('/api/v1/prompts/{organisation}/{prompt}/restore', { params, body })),
        );
    }

    private async doing(name: string, asking: () => Promise<unknown>): Promise<boolean> {
        if (this.isBusy) return false;
        this.isBusy = true;
        this.kept = null;
        notices.clear();
        try {
            await asking();
            this.kept = name;
            return true;
        } catch (problem) {
            notices.tell(problem);
            return false;
        } finally {
            this.isBusy = false;
            this.share = null;
            this.reading.restart();
        }
    }
}
