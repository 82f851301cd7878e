const newline = 0x0a;

/**
 * One parsed value for each line of a stream. Lines are found in bytes, so that a character cut in two by a chunk stays
 * whole, and a line of many chunks is joined once. What follows the last newline was cut off and throws. `T` is the
 * caller's word for what the sender sends.
 */
export async function* jsonLines<T>(chunks: AsyncIterable<Buffer>): AsyncGenerator<T, void, undefined> {
  let begun: Buffer[] = [];
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      const rest = chunk.subarray(start, end);
      const line = begun.length === 0 ? rest : Buffer.concat([...begun, rest]);
      begun = [];
      start = end + 1;
      if (line.length > 0) yield JSON.parse(line.toString("utf8"));
    }
    if (start < chunk.length) begun.push(chunk.subarray(start));
  }
  if (begun.length > 0)
    throw new Error(`read stream: ${Buffer.concat(begun).length} bytes are left without their newline`);
}
