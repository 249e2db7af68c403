package io.llm2clip.dataset;

import java.util.Locale;
import java.util.Set;

/** What files of images are called behind the dot, and columns that hold such files. */
final class ImageKinds {
    private static final Set<String> KINDS = Set.of("jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff");

    private ImageKinds() {}

    /** Whether it is one. */
    static boolean has(String kind) {
        return KINDS.contains(kind.toLowerCase(Locale.ROOT));
    }
}
