package io.llm2clip.image;

import java.io.IOException;
import java.util.Arrays;

/**
 * A GIF file: its first picture may cover a part of the canvas only.
 *
 * @param picture the file, ended if it was not
 * @param placement of the first picture
 */
record GifFile(byte[] picture, Placement placement) {
    private static final int HEADER = 13;
    private static final int EXTENSION = 0x21;
    private static final int GRAPHIC_CONTROL = 0xf9;
    private static final int IMAGE = 0x2c;
    private static final int TRAILER = 0x3b;

    static GifFile of(byte[] file) throws IOException {
        // An empty block and the trailer: without them decoders refuse a file whose picture is complete.
        byte[] ended = Arrays.copyOf(file, file.length + 2);
        ended[file.length + 1] = TRAILER;
        try {
            return new GifFile(ended, placement(file));
        } catch (IndexOutOfBoundsException e) {
            throw new IOException("the file is cut off", e);
        }
    }

    private static Placement placement(byte[] file) throws IOException {
        int palette = HEADER;
        int at = HEADER + paletteBytes(file[10]);
        int transparent = 0;
        while ((file[at] & 0xff) != IMAGE) {
            if ((file[at] & 0xff) != EXTENSION) {
                throw new IOException("it holds no picture");
            }
            if ((file[at + 1] & 0xff) == GRAPHIC_CONTROL && (file[at + 3] & 1) == 1) {
                transparent = file[at + 6] & 0xff;
            }
            at += 2;
            while (file[at] != 0) {
                at += 1 + (file[at] & 0xff);
            }
            at++;
        }
        if (paletteBytes(file[at + 9]) > 0) {
            palette = at + 10;
        }
        return new Placement(
                int16(file, 6),
                int16(file, 8),
                int16(file, at + 1),
                int16(file, at + 3),
                color(file, palette + 3 * transparent));
    }

    private static int paletteBytes(byte flags) {
        return (flags & 0x80) == 0 ? 0 : 3 * (2 << (flags & 7));
    }

    private static int int16(byte[] file, int at) {
        return file[at] & 0xff | (file[at + 1] & 0xff) << 8;
    }

    private static int color(byte[] file, int at) {
        return (file[at] & 0xff) << 16 | (file[at + 1] & 0xff) << 8 | file[at + 2] & 0xff;
    }
}
