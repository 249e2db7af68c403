package io.llm2clip.image;

/** Finds files that end too early in the formats whose decoders fill up what is missing instead of failing. */
final class CutOff {
    private static final int RIFF_HEADER = 8;

    private CutOff() {}

    static boolean test(byte[] file) {
        if (file.length >= 2 && file[0] == (byte) 0xff && file[1] == (byte) 0xd8) {
            return jpeg(file);
        }
        return file.length >= RIFF_HEADER && startsWithRiff(file) && riffLength(file) > file.length;
    }

    /**
     * Whether a JPEG file has no end marker behind its last scan. In scan data 0xff is always followed by a zero or a
     * restart marker, so the two markers are unambiguous.
     */
    private static boolean jpeg(byte[] file) {
        for (int i = file.length - 2; i >= 0; i--) {
            if (file[i] == (byte) 0xff && (file[i + 1] == (byte) 0xd9 || file[i + 1] == (byte) 0xda)) {
                return file[i + 1] == (byte) 0xda;
            }
        }
        return true;
    }

    /** WebP is a RIFF container. */
    private static boolean startsWithRiff(byte[] file) {
        return file[0] == 'R' && file[1] == 'I' && file[2] == 'F' && file[3] == 'F';
    }

    private static long riffLength(byte[] file) {
        long length = 0;
        for (int i = 3; i >= 0; i--) {
            length = length << 8 | file[4 + i] & 0xff;
        }
        return RIFF_HEADER + length;
    }
}
