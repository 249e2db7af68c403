package io.llm2clip.image;

import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** What people have among their pictures and is not read: recognized, so that a message can name it and the remedy. */
public enum UnreadFormat {
    HEIC(
            "HEIC",
            head -> brand(head, "heic", "heix", "hevc", "hevx", "heim", "heis", "mif1", "msf1"),
            "heic",
            "heif",
            "hif"),
    AVIF("AVIF", head -> brand(head, "avif", "avis"), "avif", "avifs"),
    JPEG_XL("JPEG XL", head -> starts(head, "\u00ff\n") || starts(head, "\0\0\0\u000cJXL "), "jxl"),
    JPEG_2000(
            "JPEG 2000",
            head -> starts(head, "\0\0\0\u000cjP  ") || starts(head, "\u00ffO\u00ffQ"),
            "jp2",
            "j2k",
            "jpx",
            "j2c"),
    JPEG_XR("JPEG XR", head -> starts(head, "II\u00bc"), "jxr", "wdp", "hdp"),
    RAW(
            "camera raw",
            UnreadFormat::raw,
            "cr2",
            "cr3",
            "crw",
            "nef",
            "nrw",
            "arw",
            "sr2",
            "srf",
            "dng",
            "orf",
            "rw2",
            "raf",
            "pef",
            "srw",
            "x3f",
            "raw"),
    BIG_TIFF("BigTIFF", head -> starts(head, "II+\0") || starts(head, "MM\0+"), "btf", "tf8"),
    PHOTOSHOP("Photoshop", head -> starts(head, "8BPS"), "psd", "psb"),
    SVG("SVG", head -> starts(head, "<svg") || starts(head, "<?xml"), "svg", "svgz"),
    PDF("PDF", head -> starts(head, "%PDF") || starts(head, "%!PS")),
    PNM(
            "PNM",
            head -> head.length > 2 && head[0] == 'P' && head[1] >= '1' && head[1] <= '7' && head[2] <= ' ',
            "pnm",
            "pbm",
            "pgm",
            "ppm",
            "pam",
            "pfm"),
    OPEN_EXR("OpenEXR", head -> starts(head, "v/1\u0001"), "exr"),
    RADIANCE("Radiance", head -> starts(head, "#?RADIANCE"), "hdr"),
    ICON("icon", head -> starts(head, "\0\0\u0001\0") || starts(head, "icns"), "ico", "cur", "icns"),
    DIRECT_DRAW("DDS", head -> starts(head, "DDS "), "dds"),
    QOI("QOI", head -> starts(head, "qoif"), "qoi"),
    TARGA("TGA", head -> false, "tga"),
    PCX("PCX", head -> false, "pcx"),
    GIMP("GIMP", head -> starts(head, "gimp xcf"), "xcf");

    private final String title;
    private final Predicate<byte[]> signature;
    private final List<String> extensions;

    UnreadFormat(String title, Predicate<byte[]> signature, String... extensions) {
        this.title = title;
        this.signature = signature;
        this.extensions = List.of(extensions);
    }

    /** Its name within a sentence, as in "3 HEIC files". */
    public String title() {
        return title;
    }

    /** The format that a file name's ending promises. */
    public static Optional<UnreadFormat> ofName(String fileName) {
        String extension = ImageFormat.extension(fileName);
        for (UnreadFormat format : values()) {
            if (format.extensions.contains(extension)) {
                return Optional.of(format);
            }
        }
        return Optional.empty();
    }

    /** Why a file that begins with these bytes is not read: names what it seems to be. */
    static String reason(byte[] head) {
        if (head.length == 0) {
            return "the file is empty";
        }
        for (UnreadFormat format : values()) {
            if (format.signature.test(head)) {
                return "%s is not read; convert it to JPEG or PNG".formatted(format.title);
            }
        }
        if (starts(head, "version https://git-lfs")) {
            return "it is a Git LFS pointer; fetch the picture with git lfs pull";
        }
        if (starts(head, "<")) {
            return "it is a web page, not a picture; download it again";
        }
        if (ImageFormat.startsWith(head, 4, "ftyp")) {
            return "it is a video, not a picture";
        }
        return "unknown format; " + ImageFormat.NAMES + " are supported";
    }

    /** Whether it is an ISO media file with one of these major brands. */
    private static boolean brand(byte[] head, String... brands) {
        for (String brand : brands) {
            if (ImageFormat.startsWith(head, 4, "ftyp" + brand)) {
                return true;
            }
        }
        return false;
    }

    /** Raw files that do not pass for TIFF. */
    private static boolean raw(byte[] head) {
        return starts(head, "FUJIFILMCCD-RAW")
                || starts(head, "IIRO")
                || starts(head, "IIRS")
                || starts(head, "MMOR")
                || starts(head, "IIU\0")
                || starts(head, "FOVb")
                || brand(head, "crx ");
    }

    private static boolean starts(byte[] head, String signature) {
        return ImageFormat.startsWith(head, 0, signature);
    }
}
