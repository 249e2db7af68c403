package io.llm2clip.image;

import java.io.EOFException;
import java.io.IOException;
import java.util.Arrays;
import javax.imageio.stream.ImageInputStream;
import org.jspecify.annotations.Nullable;

/**
 * A JPEG file by its segments. Decoders get only what makes up the picture: thumbnails, color profiles and what cameras
 * append behind the end marker stay away from them.
 *
 * @param picture the file without metadata, ending with an end marker
 * @param complete whether the file had an end marker of its own
 * @param progressive whether it is drawn in several scans
 * @param exif the EXIF block, if there is one
 */
record JpegFile(byte[] picture, boolean complete, boolean progressive, byte @Nullable [] exif) {
    private static final int START_OF_IMAGE = 0xd8;
    private static final int END_OF_IMAGE = 0xd9;
    private static final int START_OF_SCAN = 0xda;
    private static final int JFIF = 0xe0;
    private static final int EXIF = 0xe1;
    private static final int ADOBE = 0xee;
    private static final int COMMENT = 0xfe;
    private static final int HUFFMAN_TABLES = 0xc4;
    private static final String CUT_OFF = "the file is cut off";
    private static final String EXIF_SIGNATURE = "Exif\0";

    /** What a frame header says. */
    record Frame(int width, int height, int components, boolean progressive) {
        /** Bytes to decode a pixel: the samples, and the coefficients that progressive decoding keeps. */
        int bytesPerPixel() {
            // Four inks are converted after they were decoded.
            int samples = components > 3 ? 8 : components;
            return samples + (progressive ? 2 * components : 0);
        }
    }

    /** Reads as far as the frame header. */
    static Frame frame(ImageInputStream input) throws IOException {
        try {
            input.seek(2);
            while (true) {
                int marker = nextMarker(input);
                if (marker == END_OF_IMAGE || marker == START_OF_SCAN) {
                    throw new IOException("its frame header is missing");
                }
                if (standsAlone(marker)) {
                    continue;
                }
                int length = input.readUnsignedShort();
                if (isFrame(marker)) {
                    input.skipBytes(1);
                    int height = input.readUnsignedShort();
                    int width = input.readUnsignedShort();
                    return new Frame(width, height, input.readUnsignedByte(), (marker & 3) == 2);
                }
                input.seek(input.getStreamPosition() + Math.max(0, length - 2));
            }
        } catch (EOFException e) {
            throw new IOException(CUT_OFF, e);
        }
    }

    private static int nextMarker(ImageInputStream input) throws IOException {
        while (true) {
            while (input.readUnsignedByte() != 0xff) {
                // Decoders skip what lies between segments.
            }
            int marker = 0xff;
            while (marker == 0xff) {
                marker = input.readUnsignedByte();
            }
            if (marker != 0) {
                return marker;
            }
        }
    }

    /**
     * A part of what libjpeg warns of if the picture is not all there; null where warnings do not matter. Without an end
     * marker the last scan must end where the file does; only what was drawn in one scan may be followed by other bytes,
     * since it has every pixel by then.
     */
    @Nullable
    String cutOffWarning() {
        if (complete) {
            return null;
        }
        return progressive ? "Corrupt JPEG data" : "premature end of data segment";
    }

    /** Takes a file apart. */
    static JpegFile of(byte[] file) throws IOException {
        return new Parser(file).parse();
    }

    private static boolean isFrame(int marker) {
        // Of c0 to cf all but Huffman tables, the reserved one and arithmetic conditioning.
        return marker >= 0xc0 && marker <= 0xcf && marker != HUFFMAN_TABLES && marker != 0xc8 && marker != 0xcc;
    }

    private static boolean standsAlone(int marker) {
        return marker == 1 || marker >= 0xd0 && marker <= START_OF_IMAGE;
    }

    private static final class Parser {
        private final byte[] file;
        private final byte[] picture;
        private int at = 2;
        private int size = 2;
        private int scans = -1;
        private boolean progressive;
        private byte @Nullable [] exif;

        Parser(byte[] file) {
            this.file = file;
            this.picture = Arrays.copyOf(file, 2 + file.length);
        }

        JpegFile parse() throws IOException {
            boolean complete = segments();
            if (scans < 0) {
                throw new IOException(complete ? "it holds no picture" : CUT_OFF);
            }
            // From the first scan on nothing is left out: of damaged data decoders make the most.
            System.arraycopy(file, scans, picture, size, at - scans);
            size += at - scans;
            picture[size++] = (byte) 0xff;
            picture[size++] = (byte) END_OF_IMAGE;
            return new JpegFile(Arrays.copyOf(picture, size), complete, progressive, exif);
        }

        /** Whether the end marker was found; {@code at} is where the picture ends. */
        private boolean segments() throws IOException {
            for (int marker = marker(); marker >= 0; marker = marker()) {
                if (marker == END_OF_IMAGE) {
                    return true;
                }
                if (standsAlone(marker)) {
                    at += 2;
                    continue;
                }
                int length = at + 3 < file.length ? unsigned(at + 2) << 8 | unsigned(at + 3) : Integer.MAX_VALUE;
                if (length < 2) {
                    throw new IOException("a segment of it has an impossible length");
                }
                if (length > file.length - at - 2) {
                    if (scans < 0 || progressive) {
                        throw new IOException(CUT_OFF);
                    }
                    // A picture in one scan may be complete although something unreadable follows.
                    return false;
                }
                segment(marker, length);
            }
            return false;
        }

        private void segment(int marker, int length) {
            int end = at + 2 + length;
            progressive |= isFrame(marker) && (marker & 3) == 2;
            if (marker == EXIF && exif == null && signed(EXIF_SIGNATURE)) {
                exif = Arrays.copyOfRange(file, Math.min(at + 10, end), end);
            }
            if (marker == START_OF_SCAN) {
                scans = scans < 0 ? at : scans;
                at = endOfScan(end);
                return;
            }
            boolean kept = marker < JFIF
                    || marker > 0xef && marker != COMMENT
                    || marker == JFIF && signed("JFIF\0")
                    || marker == ADOBE && signed("Adobe");
            if (kept && scans < 0) {
                System.arraycopy(file, at, picture, size, end - at);
                size += end - at;
            }
            at = end;
        }

        private boolean signed(String signature) {
            return ImageFormat.startsWith(
                    Arrays.copyOfRange(file, at + 4, Math.min(file.length, at + 12)), 0, signature);
        }

        /** Of the next marker the code, with {@code at} on its 0xff; -1 if there is none. */
        private int marker() {
            for (; at + 1 < file.length; at++) {
                if (unsigned(at) == 0xff && unsigned(at + 1) != 0xff && file[at + 1] != 0) {
                    return unsigned(at + 1);
                }
            }
            at = end();
            return -1;
        }

        /**
         * The next marker that can follow scan data: the end, another scan or its tables. Any other is damage, which
         * decoders pass over.
         */
        private int endOfScan(int start) {
            for (int i = start; i + 1 < file.length; i++) {
                if (unsigned(i) == 0xff) {
                    int next = unsigned(i + 1);
                    if (next >= END_OF_IMAGE && next <= 0xdd || next == HUFFMAN_TABLES) {
                        return i;
                    }
                }
            }
            return end();
        }

        /** The end of the file, but for the first half of a marker. */
        private int end() {
            return unsigned(file.length - 1) == 0xff ? file.length - 1 : file.length;
        }

        private int unsigned(int index) {
            return file[index] & 0xff;
        }
    }
}
