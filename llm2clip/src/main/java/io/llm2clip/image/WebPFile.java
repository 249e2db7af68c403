package io.llm2clip.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A WebP file by its chunks. Decoders get the first picture alone, without transparency, profile and animation.
 *
 * @param picture a file of one chunk
 * @param placement where the first picture of an animation lies, if there is one
 * @param exif the EXIF block, if there is one
 */
record WebPFile(byte[] picture, @Nullable Placement placement, byte @Nullable [] exif) {
    private static final int RIFF_HEADER = 12;
    private static final int CHUNK_HEADER = 8;
    private static final int FRAME_HEADER = 16;

    static WebPFile of(byte[] file) throws IOException {
        return new Parser(file).parse();
    }

    private static final class Parser {
        private final ByteBuffer file;
        private int canvasWidth;
        private int canvasHeight;
        private byte @Nullable [] picture;
        private byte @Nullable [] exif;
        private @Nullable Placement placement;

        Parser(byte[] file) {
            this.file = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        }

        WebPFile parse() throws IOException {
            int end = end(4, CHUNK_HEADER, file.limit());
            chunks(RIFF_HEADER, end);
            if (picture == null) {
                throw new IOException("it holds no picture");
            }
            return new WebPFile(picture, placement, exif);
        }

        private void chunks(int start, int limit) throws IOException {
            int at = start;
            while (at + CHUNK_HEADER <= limit) {
                int end = end(at + 4, at + CHUNK_HEADER, limit);
                chunk(name(at), at, end);
                // Chunks begin at even offsets.
                at = end + (end & 1);
            }
        }

        private void chunk(String name, int at, int end) throws IOException {
            int content = at + CHUNK_HEADER;
            switch (name) {
                case "VP8X" -> {
                    if (end - content >= 10) {
                        canvasWidth = 1 + int24(content + 4);
                        canvasHeight = 1 + int24(content + 7);
                    }
                }
                case "ANMF" -> {
                    if (picture == null && end - content >= FRAME_HEADER) {
                        chunks(content + FRAME_HEADER, end);
                        placement =
                                new Placement(canvasWidth, canvasHeight, 2 * int24(content), 2 * int24(content + 3), 0);
                    }
                }
                case "VP8 ", "VP8L" -> {
                    if (picture == null) {
                        picture = alone(at, end);
                    }
                }
                case "EXIF" -> exif = Arrays.copyOfRange(file.array(), content, end);
                default -> {}
            }
        }

        /** A file of nothing but the chunk. */
        private byte[] alone(int at, int end) {
            int length = end - at + (end & 1);
            return ByteBuffer.allocate(RIFF_HEADER + length)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .put("RIFF".getBytes(StandardCharsets.ISO_8859_1))
                    .putInt(4 + length)
                    .put("WEBP".getBytes(StandardCharsets.ISO_8859_1))
                    .put(file.array(), at, end - at)
                    .array();
        }

        /** Where a block ends whose length is at {@code lengthAt}. */
        private int end(int lengthAt, int content, int limit) throws IOException {
            long end = content + Integer.toUnsignedLong(file.getInt(lengthAt));
            if (end > limit) {
                throw new IOException("the file is cut off");
            }
            return (int) end;
        }

        private String name(int at) {
            return new String(file.array(), at, 4, StandardCharsets.ISO_8859_1);
        }

        private int int24(int at) {
            return file.getShort(at) & 0xffff | (file.get(at + 2) & 0xff) << 16;
        }
    }
}
