package io.llm2clip.nn.checkpoint;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Folders at which a file system begins, such as the volumes of a container; they cannot be renamed or replaced. */
final class MountPoints {
    /** Linux's list, which also has folders that are mounted from the same file system. */
    private static final Path LIST = Path.of("/proc/self/mountinfo");

    private static final int PATH_COLUMN = 4;
    private static final Pattern OCTAL = Pattern.compile("\\\\([0-7]{3})");

    private MountPoints() {}

    /** Whether an existing folder, given without links, is one. */
    static boolean contain(Path folder) throws IOException {
        if (Files.isReadable(LIST)) {
            // Paths are bytes there; what is no UTF-8 is no path that Java can name either.
            return new String(Files.readAllBytes(LIST), StandardCharsets.UTF_8)
                    .lines()
                    .map(line -> unescape(line.split(" ")[PATH_COLUMN]))
                    .anyMatch(folder.toString()::equals);
        }
        Path parent = folder.getParent();
        return parent == null || !Files.getFileStore(parent).equals(Files.getFileStore(folder));
    }

    /** Blanks and the like are written as three octal digits. */
    static String unescape(String path) {
        return OCTAL.matcher(path)
                .replaceAll(
                        match -> Matcher.quoteReplacement(String.valueOf((char) Integer.parseInt(match.group(1), 8))));
    }
}
