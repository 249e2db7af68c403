package io.llm2clip.data;

import io.llm2clip.image.ImageFormat;
import io.llm2clip.image.UnreadFormat;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The images below a folder. */
final class ImageSearch {
    /** What Windows, macOS and storage boxes keep among pictures. */
    private static final Set<String> SYSTEM = Set.of(
            "Thumbs.db",
            "__MACOSX",
            "@eaDir",
            "$RECYCLE.BIN",
            "System Volume Information",
            "lost+found",
            "desktop.ini");

    private final Findings findings;
    private final Lister lister;
    private final boolean recursive;
    private final Set<Path> visited = new HashSet<>();
    private final Deque<Path> linked = new ArrayDeque<>();
    private final List<Path> files = new ArrayList<>();

    /** Lists a directory. */
    interface Lister {
        List<Path> list(Path directory) throws IOException;
    }

    /** @param recursive whether folders below count, too */
    ImageSearch(Findings findings, Lister lister, boolean recursive) {
        this.findings = findings;
        this.lister = lister;
        this.recursive = recursive;
    }

    static List<Path> list(Path directory) throws IOException {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.sorted().toList();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /** What was left out of all folders searched. */
    static final class Findings {
        private static final int NAMED = 10;

        private final Map<UnreadFormat, List<Path>> unread = new EnumMap<>(UnreadFormat.class);
        private final List<Path> dangling = new ArrayList<>();
        private final List<String> locked = new ArrayList<>();

        List<String> sentences() {
            List<String> sentences = new ArrayList<>();
            unread.forEach((format, paths) -> sentences.add(unread(format, paths)));
            locked.stream().limit(NAMED).forEach(sentences::add);
            if (locked.size() > NAMED) {
                sentences.add("%d more folders cannot be read and are left out.".formatted(locked.size() - NAMED));
            }
            if (!dangling.isEmpty()) {
                sentences.add(
                        dangling.size() == 1
                                ? "The link %s leads nowhere and is left out.".formatted(dangling.getFirst())
                                : "%d links lead nowhere and are left out, the first is %s."
                                        .formatted(dangling.size(), dangling.getFirst()));
            }
            return sentences;
        }

        private static String unread(UnreadFormat format, List<Path> paths) {
            return paths.size() == 1
                    ? "%s is left out: %s is not read; convert it to JPEG or PNG."
                            .formatted(paths.getFirst(), format.title())
                    : "%d files are left out, the first is %s: %s is not read; convert them to JPEG or PNG."
                            .formatted(paths.size(), paths.getFirst(), format.title());
        }
    }

    /** The images below a folder, sorted. */
    List<Path> below(Path folder) {
        try {
            visit(folder);
        } catch (IOException e) {
            throw new InputException("The folder %s cannot be read (%s).".formatted(folder, reason(e)), e);
        }
        // Real folders first, so that files have their own paths and links add only what is found nowhere else.
        while (!linked.isEmpty()) {
            tryToVisit(linked.remove());
        }
        if (files.isEmpty()) {
            String instead = findings.sentences().stream()
                    .map(sentence -> " " + sentence)
                    .collect(Collectors.joining());
            throw new InputException(
                    "The folder %s holds no images; expected files named *.jpg, *.png, *.webp, *.gif, *.bmp or *.tiff.%s"
                            .formatted(folder, instead));
        }
        return files.stream().sorted().toList();
    }

    private void tryToVisit(Path directory) {
        try {
            visit(directory);
        } catch (IOException e) {
            findings.locked.add("The folder %s cannot be read (%s) and is left out.".formatted(directory, reason(e)));
        }
    }

    private void visit(Path directory) throws IOException {
        if (!visited.add(directory.toRealPath())) {
            return;
        }
        for (Path entry : lister.list(directory)) {
            String name = entry.getFileName().toString();
            if (name.startsWith(".") || SYSTEM.contains(name)) {
                continue;
            }
            boolean link = Files.isSymbolicLink(entry);
            if (Files.isDirectory(entry)) {
                if (!recursive) {
                    continue;
                }
                if (link) {
                    linked.add(entry);
                } else {
                    tryToVisit(entry);
                }
            } else {
                file(entry, name, link);
            }
        }
    }

    private void file(Path file, String name, boolean link) {
        boolean image = ImageFormat.ofName(name).isPresent();
        if (link && !Files.exists(file)) {
            findings.dangling.add(file);
        } else if (image && Files.isRegularFile(file)) {
            files.add(file);
        } else if (Files.isRegularFile(file)) {
            Optional<UnreadFormat> format = UnreadFormat.ofName(name);
            format.ifPresent(found -> findings.unread
                    .computeIfAbsent(found, _ -> new ArrayList<>())
                    .add(file));
        }
    }

    private static String reason(IOException failure) {
        return failure instanceof AccessDeniedException ? "permission denied" : String.valueOf(failure.getMessage());
    }
}
