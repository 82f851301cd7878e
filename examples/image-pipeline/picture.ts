// Pictures in the two plainest formats there are: a line of text with the size, then the bytes of the pixels.

/** Three bytes a pixel: red, green, blue. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** Reads a binary PPM. Throws an `Error` for anything else. */
export function parsePpm(bytes: Uint8Array): Picture {
  const header = /^P6\s(\d+)\s(\d+)\s255\s/.exec(Buffer.from(bytes).toString("latin1", 0, 64));
  const [text = "", width, height] = header ?? [];
  const pixels = bytes.subarray(text.length);
  const size = { width: Number(width), height: Number(height) };
  if (!header || pixels.length !== 3 * size.width * size.height) throw new Error("this is no picture");
  return { ...size, pixels };
}

/** One byte a pixel: how bright the eye finds it, 0 to 255. */
export function toGray({ width, height, pixels }: Picture): Uint8Array {
  return Uint8Array.from({ length: width * height }, (_, at) => {
    const [red = 0, green = 0, blue = 0] = pixels.subarray(3 * at, 3 * at + 3);
    return Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
  });
}

/** A binary PGM. */
export function toPgm(width: number, gray: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`P5 ${width} ${gray.length / width} 255\n`), gray]);
}
