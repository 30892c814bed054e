// Calls `onMessage` with each JSON value of a stream that has one a line. A line ends with the byte
// 0x0A and with nothing else: U+2028 within a string is none.
export function readJsonLines(stream, onMessage) {
  let rest = Buffer.alloc(0);
  stream.on('data', (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
      const line = rest.subarray(0, end).toString();
      rest = rest.subarray(end + 1);
      onMessage(JSON.parse(line));
    }
  });
}

export const writeJsonLine = (stream, message) => stream.write(`${JSON.stringify(message)}\n`);
