// Runs the modules of a folder: njs -p FOLDER njs.js.

import fs from 'fs';
import run from 'main.js';

run(fs.readFileSync('cases', 'utf8').split('\n'))
    .then((answers) => fs.writeFileSync('answers', answers));
