// Runs cases with the functions of a folder, the same way in every engine.

async function run(handlers, lines) {
    const answers = [];
    for (let at = 0; at < lines.length; at++) {
        const line = JSON.parse(lines[at]);
        globalThis.stub = { store: line.store, moves: [] };
        Date.now = () => line.now;
        ((line.event && line.event.frozen) || []).forEach((name) => {
            const message = line.event[name];
            [message.headers, message.cookies, message].forEach((part) => part && Object.freeze(part));
        });
        let answer;
        try {
            let message = handlers[line.function](line.event);
            if (message && message.then) message = await message;
            answer = { message: message };
        } catch (error) {
            answer = { thrown: String(error) };
        }
        answer.moves = globalThis.stub.moves;
        answers.push(JSON.stringify(answer));
    }
    return answers.join('\n');
}

export default run;
