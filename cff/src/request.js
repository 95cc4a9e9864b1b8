// Reading a request. CloudFront hands over headers by their lower-case names and cookies by their names, each as
// { value } and, where a name is sent more than once, { value, multiValue: [{ value }, …] }:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html

/** The first value of a header or cookie; an empty text where there is none. */
function first(values, name) {
    const entry = values && values[name];
    const line = (entry && entry.multiValue && entry.multiValue[0]) || entry;
    return line && typeof line.value === 'string' ? line.value : '';
}

/** A text without the spaces and tabs at both ends. No regular expression: one would be slow on blanks inside. */
function trim(text) {
    let start = 0;
    let end = text.length;
    while (start < end && isBlank(text.charCodeAt(start))) start++;
    while (start < end && isBlank(text.charCodeAt(end - 1))) end--;
    return text.slice(start, end);
}

function isBlank(code) {
    return code === 32 || code === 9;
}

/** The number that a text is, in at most so many digits without a leading zero; else -1. */
function whole(text, digits) {
    if (!text || text.length > digits || (text.length > 1 && text.charCodeAt(0) === 48)) return -1;
    let number = 0;
    for (let at = 0; at < text.length; at++) {
        const digit = text.charCodeAt(at) - 48;
        if (digit < 0 || digit > 9) return -1;
        number = number * 10 + digit;
    }
    return number;
}
