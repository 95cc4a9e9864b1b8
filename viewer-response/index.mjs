import { load } from './onebox.mjs';

export const handler = load(import.meta.url);
