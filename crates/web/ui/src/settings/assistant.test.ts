import { describe, expect, it } from 'vitest';
import { answeredSettings, fileName, freeExtension, missing, queueName, unanswered } from './assistant';
import { differences } from './edits';
import { settings } from './testing';

const answers = () => ({
    ...unanswered(settings),
    title: 'Kundtjänst',
    number: '+46850002000',
    agents: ['anna'],
});

it('makes a name for the files of one that people read', () => {
    expect(fileName('Kundtjänst & växel', [], 'queue')).toBe('kundtjanst-vaxel');
    expect(fileName('Support', ['support', 'support-2'], 'queue')).toBe('support-3');
    expect(fileName('!!!', [], 'queue')).toBe('queue');
    expect(queueName(answers(), settings)).toBe('kundtjanst');
});

it('finds an extension that nothing has', () => {
    expect(freeExtension(settings)).toBe('1001');
    expect(freeExtension({})).toBe('1000');
});

describe('it asks', () => {
    it('for a name and for a way to reach the queue', () => {
        const empty = { ...unanswered(settings), extension: '' };
        expect(missing('number', empty)).toEqual(['title', 'reached']);
        expect(missing('number', { ...empty, title: 'A', number: '08-123' })).toEqual(['number']);
        expect(missing('number', answers())).toEqual([]);
    });
    it('for whole hours and for somebody who answers', () => {
        const hours = { is: 'new', days: 'mon-fri', from: '08:00', until: '' } as const;
        expect(missing('hours', { ...answers(), hours })).toEqual(['hours']);
        expect(missing('agents', { ...answers(), agents: [] })).toEqual(['agents']);
        const newcomer = { user: '', name: 'Åsa', extension: '104', password: '' };
        expect(missing('agents', { ...answers(), newcomers: [newcomer] })).toEqual(['newcomer']);
    });
});

it('makes one change of it all', () => {
    const now = answeredSettings(
        {
            ...answers(),
            hours: { is: 'new', days: 'mon-fri', from: '08:00', until: '16:30' },
            newcomers: [{ user: '', name: 'Åsa Öberg', extension: '104', password: 'hemligt' }],
            welcome: 'our-times',
        },
        settings,
    );
    expect(differences(settings, now)).toEqual([
        {
            path: ['queues', 'kundtjanst'],
            value: {
                name: 'Kundtjänst',
                extension: '1001',
                hours: 'kundtjanst',
                members: ['anna', 'asa-oberg'],
                wrap_up: '15s',
                logged_in_at_start: true,
                welcome: 'our-times',
            },
        },
        {
            path: ['users', 'asa-oberg'],
            value: { name: 'Åsa Öberg', extension: '104', password: 'hemligt' },
        },
        {
            path: ['hours', 'kundtjanst'],
            value: { rules: [{ weekdays: ['mon-fri'], hours: ['08:00-16:30'] }], holidays: 'sweden' },
        },
        { path: ['numbers', '+46850002000'], value: { queue: 'kundtjanst' } },
    ]);
});

it('begins from nothing at all', () => {
    const now = answeredSettings({ ...unanswered({}), title: 'Support', agents: ['anna'] }, {});
    expect(differences({}, now).map(({ path }) => path)).toEqual([['queues']]);
});
