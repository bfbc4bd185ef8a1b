// Whether somebody points at something, with a mouse, a finger or the keyboard: what he is about to press must not move.

import type { Attachment } from 'svelte/attachments';

/** How long after a touch, or after it has scrolled, a finger counts as pointing. */
const TOUCHED_MS = 3_000;

/** Tells whenever it begins or ends. */
export function pointing(tell: (points: boolean) => void): Attachment<HTMLElement> {
    return node => {
        let isOver = false;
        let isTouched = false;
        let isFocused = false;
        let told = false;
        let timer: ReturnType<typeof setTimeout> | undefined;

        const look = () => {
            const points = isOver || isTouched || isFocused;
            if (points !== told) tell((told = points));
        };
        const touched = () => {
            isTouched = true;
            clearTimeout(timer);
            timer = setTimeout(() => {
                isTouched = false;
                look();
            }, TOUCHED_MS);
            look();
        };
        const handlers = {
            pointerenter: (event: PointerEvent) => {
                if (event.pointerType === 'touch') return touched();
                isOver = true;
                look();
            },
            pointerleave: () => {
                isOver = false;
                look();
            },
            pointerdown: (event: PointerEvent) => {
                if (event.pointerType === 'touch') touched();
            },
            // A button that was clicked keeps the focus: only one that the keyboard is on is pointed at.
            focusin: (event: FocusEvent) => {
                isFocused = event.target instanceof Element && event.target.matches(':focus-visible');
                look();
            },
            focusout: () => {
                isFocused = false;
                look();
            },
        };
        const scrolled = () => {
            if (isTouched) touched();
        };
        for (const [name, handler] of Object.entries(handlers)) {
            node.addEventListener(name, handler as EventListener);
        }
        addEventListener('scroll', scrolled, { passive: true });
        return () => {
            for (const [name, handler] of Object.entries(handlers)) {
                node.removeEventListener(name, handler as EventListener);
            }
            removeEventListener('scroll', scrolled);
            clearTimeout(timer);
            if (told) tell(false);
        };
    };
}

/** With the arrows from a button to the same one of the row above or below. */
export const arrows: Attachment<HTMLElement> = rows => {
    const pressed = (event: KeyboardEvent) => {
        const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
        const from = event.target;
        if (!step || !(from instanceof HTMLElement)) return;
        const at = [...rows.children].findIndex(row => row.contains(from));
        const next = rows.children[at + step];
        const same = next?.querySelector<HTMLElement>(`[data-does="${from.dataset.does ?? ''}"]`);
        const to = same ?? next?.querySelector<HTMLElement>('button');
        if (!to) return;
        event.preventDefault();
        to.focus();
    };
    rows.addEventListener('keydown', pressed);
    return () => rows.removeEventListener('keydown', pressed);
};
