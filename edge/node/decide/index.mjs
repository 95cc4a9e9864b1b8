import { decider } from './onebox.mjs';

export const decide = decider(import.meta.url);
