import { expect, it } from 'vitest';
import { isPlace, journey, numbersOf, type Said } from './flow';
import { put, type Table } from './json';
import en from '../messages/en.json';
import { model, settings } from './testing';

const section = model.section('queues');
const kind = section?.kind.is === 'map' ? model.kind(section.kind.values, 'queues') : undefined;
const fields = kind?.is === 'table' ? kind.fields : [];
const fallback = (key: string) => fields.find(field => field.key === key)?.fallback;
const through = (queue: string, of: Table = settings) => journey(of, queue, fallback);
const step = (queue: string, id: string, of?: Table) => {
    const found = through(queue, of).find(step => step.id === id);
    if (!found) throw new Error(`no ${id}`);
    return found;
};

it('goes from the number to the agent', () => {
    expect(through('support').map(({ id }) => id)).toEqual([
        'called',
        'opening',
        'joining',
        'welcome',
        'waiting',
        'callback',
        'offered',
        'answered',
    ]);
    expect(through('kontor').some(({ id }) => id === 'callback')).toBe(false);
});

it('knows the numbers that lead to a queue, straight and by a route', () => {
    expect(numbersOf(settings, 'support')).toEqual(['+46850001000', '+46850001001']);
    expect(step('sales', 'called').says).toEqual([{ key: 'called.nowhere' }]);
});

it('leads to where it is written, and holidays to where closed leads', () => {
    const [closed, holiday] = step('kontor', 'opening').branches;
    expect(closed).toMatchObject({ leads: { kind: 'queue', name: 'support' }, isWritten: true });
    expect(holiday).toMatchObject({ leads: { kind: 'queue', name: 'support' }, isWritten: false });
    expect(step('support', 'opening').branches.map(({ id }) => id)).toEqual(['quick_closed']);
});

it('has a way off for each key, and for whoever waits too long', () => {
    const [key, late] = step('support', 'waiting').branches;
    expect(key).toMatchObject({ id: 'key 1', setting: ['keys', '1'], leads: { kind: 'user', name: 'anna' } });
    const when = { key: 'after', values: { after: '1h' } };
    expect(late).toMatchObject({ id: 'timed_out', when, message: 'try-later', leads: { key: 'leads.ends' } });
    const never = step('kontor', 'waiting').branches.at(-1);
    expect(never).toMatchObject({ leads: { key: 'leads.waits-on' }, when: null, isWritten: false });
});

it('says what holds by default where nothing is written', () => {
    const says = step('kontor', 'offered').says;
    expect(says).toContainEqual({ key: 'offered.policy', values: { policy: 'longest-idle' } });
    expect(says).toContainEqual({ key: 'offered.ring', values: { ring: '20s' } });
    expect(says).toContainEqual({ key: 'offered.requires', values: { skills: 'invoices 5' } });
});

it('shows closing by load only where there is a load to close at', () => {
    expect(step('support', 'joining').branches.map(({ id }) => id)).toEqual(['full']);
    const loaded = put(settings, ['queues', 'support', 'close_when'], { waiting: 20 }) as Table;
    expect(step('support', 'joining', loaded).branches.map(({ id }) => id)).toEqual(['full', 'loaded']);
});

it('says nothing that pages have no text for', () => {
    const keys = ['support', 'kontor', 'sales'].flatMap(queue =>
        through(queue).flatMap(({ id, says, branches }) => [
            id,
            ...says.map(({ key }) => key),
            ...branches.filter(({ id }) => !id.startsWith('key ')).map(({ id }) => id),
            ...branches.flatMap(({ when }) => (when ? [when.key] : [])),
            ...branches.flatMap(({ leads }) => (isPlace(leads) ? [] : [(leads as Said).key])),
        ]),
    );
    expect([...new Set(keys)].filter(key => !(`settings.flow.${key}` in en))).toEqual([]);
});
