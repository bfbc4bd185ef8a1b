// Light or dark: as the device is, or as it was chosen.

import { kept, keep } from './kept';

export const THEMES = ['system', 'light', 'dark'] as const;
export type ThemeName = (typeof THEMES)[number];

class Theme {
    name: ThemeName = $state('system');

    begin() {
        const before = kept('theme');
        this.show(THEMES.find(name => name === before) ?? 'system');
    }

    choose(name: ThemeName) {
        keep('theme', name);
        this.show(name);
    }

    private show(name: ThemeName) {
        this.name = name;
        document.documentElement.dataset.theme = name;
    }
}

export const theme = new Theme();
