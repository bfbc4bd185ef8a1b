import { mount } from 'svelte';
import App from './App.svelte';
import './app.css';
import { clock } from './lib/clock.svelte';
import { language } from './lib/messages.svelte';
import { route } from './lib/route.svelte';
import { theme } from './lib/theme.svelte';
import { register } from './worker/register';

theme.begin();
language.begin();
clock.begin();
route.begin();
mount(App, { target: document.body });
register();
