package io.llm2clip.image;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The picture formats that are read, known by their first bytes and by the endings of file names. */
public enum ImageFormat {
    JPEG("jpg", "jpeg", "jpe", "jfif"),
    PNG("png", "apng"),
    WEBP("webp"),
    GIF("gif"),
    BMP("bmp", "dib"),
    TIFF("tif", "tiff");

    /** Their names as a sentence lists them. */
    public static final String NAMES = "JPEG, PNG, WebP, GIF, BMP and TIFF";

    /** Bytes from the start of a file that tell its format. */
    static final int HEAD = 64;

    private final List<String> extensions;

    ImageFormat(String... extensions) {
        this.extensions = List.of(extensions);
    }

    /** The format of files with such a name; empty if it is none of these. */
    public static Optional<ImageFormat> ofName(String fileName) {
        String extension = extension(fileName);
        for (ImageFormat format : values()) {
            if (format.extensions.contains(extension)) {
                return Optional.of(format);
            }
        }
        return Optional.empty();
    }

    /** The format of a file that begins with these bytes; empty if it is none of these. */
    static Optional<ImageFormat> ofHead(byte[] head) {
        if (startsWith(head, 0, "\u00ff\u00d8\u00ff")) {
            return Optional.of(JPEG);
        }
        if (startsWith(head, 0, "\u0089PNG\r\n\u001a\n")) {
            return Optional.of(PNG);
        }
        if (startsWith(head, 0, "RIFF") && startsWith(head, 8, "WEBP")) {
            return Optional.of(WEBP);
        }
        if (startsWith(head, 0, "GIF87a") || startsWith(head, 0, "GIF89a")) {
            return Optional.of(GIF);
        }
        if (startsWith(head, 0, "BM")) {
            return Optional.of(BMP);
        }
        return startsWith(head, 0, "II*\0") || startsWith(head, 0, "MM\0*") ? Optional.of(TIFF) : Optional.empty();
    }

    /** What follows the last dot of a file name, in lower case; empty without a dot. */
    static String extension(String fileName) {
        int dot = fileName.lastIndexOf('.');
        return dot < 0 ? "" : fileName.substring(dot + 1).toLowerCase(Locale.ROOT);
    }

    /** Whether {@code signature}, a byte per character, is found at {@code offset}. */
    static boolean startsWith(byte[] head, int offset, String signature) {
        byte[] expected = signature.getBytes(StandardCharsets.ISO_8859_1);
        return head.length >= offset + expected.length
                && Arrays.equals(head, offset, offset + expected.length, expected, 0, expected.length);
    }
}
