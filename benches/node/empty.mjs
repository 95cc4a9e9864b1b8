// A function that does nothing: what Node.js needs for any function at all.

export const handler = async (event) => event.Records[0].cf.request;
